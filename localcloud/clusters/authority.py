"""A cluster's own certificate authority, and the certificates that it gives."""

import ipaddress
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = timedelta(days=3650)


class Pair(NamedTuple):
    """Files of a certificate and its key, in PEM."""

    certificate: Path
    key: Path


class Authority:
    """The authority whose files lie in a folder; made at the first use, kept for the cluster's life."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self.own = Pair(folder / "ca.crt", folder / "ca.key")
        if not self.own.certificate.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            subject = _name("kubernetes")
            made = _begun(subject, subject, key.public_key())
            made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            made = made.add_extension(_usage(signs=True), critical=True)
            made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            _save(self.own, key, made.sign(key, hashes.SHA256()))

    @property
    def pem(self) -> bytes:
        """Its certificate."""
        return self.own.certificate.read_bytes()

    def issue(self, file: str, name: str, groups: Iterable[str] = (), hosts: Iterable[str] = ()) -> Pair:
        """A certificate for a server at `hosts` (names, addresses) and a client `name` in `groups`; kept by `file`."""
        pair = Pair(self._folder / f"{file}.crt", self._folder / f"{file}.key")
        if not pair.certificate.exists():
            issuer = x509.load_pem_x509_certificate(self.pem)
            signing = serialization.load_pem_private_key(self.own.key.read_bytes(), password=None)
            assert isinstance(signing, ec.EllipticCurvePrivateKey)
            key = ec.generate_private_key(ec.SECP256R1())
            made = _begun(_name(name, groups), issuer.subject, key.public_key())
            made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            made = made.add_extension(_usage(signs=False), critical=True)
            uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            made = made.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
            made = made.add_extension(by, critical=False)
            if names := [_alternative(host) for host in hosts]:
                made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
            _save(pair, key, made.sign(signing, hashes.SHA256()))
        return pair

    def key(self, file: str) -> Path:
        """A private key without a certificate, such as the one that signs tokens of service accounts.

        It is in SEC 1, the only form that the API server takes for the public key as well.
        """
        path = self._folder / f"{file}.key"
        if not path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            form, clear = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
            _write(path, key.private_bytes(serialization.Encoding.PEM, form, clear))
        return path


def _name(common: str, groups: Iterable[str] = ()) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    made = made.serial_number(x509.random_serial_number())
    return made.not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + VALID)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _save(pair: Pair, key: ec.EllipticCurvePrivateKey, made: x509.Certificate) -> None:
    _write(pair.key, _private(key))
    _write(pair.certificate, made.public_bytes(serialization.Encoding.PEM))


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
    draft.replace(path)
