"""Certificates as cert-manager makes them for a Certificate of a self-signed issuer."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from localcloud.controllers.watching import Object

DAYS = 90
"""Life where a Certificate says nothing, renewed after two thirds; cert-manager documentation, "Certificate"."""


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, in PEM."""

    certificate: bytes
    key: bytes
    not_before: datetime
    not_after: datetime

    @property
    def renewal(self) -> datetime:
        """When the next one is made."""
        return self.not_before + (self.not_after - self.not_before) * 2 / 3


def issue(spec: Object) -> Issued:
    """A certificate that signs itself, for the names of a Certificate's spec."""
    wanted = spec.get("privateKey", {})
    key: Any
    if wanted.get("algorithm") == "ECDSA":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(65537, int(wanted.get("size", 2048)))
    start = datetime.now(UTC).replace(microsecond=0)
    end = start + (_duration(spec["duration"]) if "duration" in spec else timedelta(days=DAYS))
    subject = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, spec["commonName"])] if "commonName" in spec else []
    )
    names: list[x509.GeneralName] = [x509.DNSName(one) for one in spec.get("dnsNames", [])]
    names += [x509.IPAddress(ip_address(one)) for one in spec.get("ipAddresses", [])]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=bool(spec.get("isCA")), path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not subject)
    made = builder.sign(key, hashes.SHA256())
    return Issued(
        made.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        start,
        end,
    )


def secret(certificate: Object, issued: Issued) -> dict[str, Any]:
    """The Secret of a Certificate."""
    meta, spec = certificate["metadata"], certificate["spec"]
    parts = {"tls.crt": issued.certificate, "tls.key": issued.key, "ca.crt": issued.certificate}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {
            "name": spec["secretName"],
            "namespace": meta["namespace"],
            "labels": {"controller.cert-manager.io/fao": "true"},
            "annotations": {
                "cert-manager.io/certificate-name": meta["name"],
                "cert-manager.io/issuer-name": spec["issuerRef"]["name"],
                "cert-manager.io/issuer-kind": spec["issuerRef"].get("kind", "Issuer"),
                "cert-manager.io/alt-names": ",".join(spec.get("dnsNames", [])),
            },
        },
        "data": {name: base64.b64encode(part).decode() for name, part in parts.items()},
    }


def read(found: Object | None) -> x509.Certificate | None:
    """The certificate in a Secret, or None where there is none that reads."""
    try:
        return x509.load_pem_x509_certificate(base64.b64decode(found["data"]["tls.crt"])) if found else None
    except (KeyError, TypeError, ValueError):
        return None


def serves(found: x509.Certificate, spec: Object, moment: datetime) -> bool:
    """Whether a certificate still does for a Certificate's spec: its names, and two thirds of its life not over."""
    try:
        known = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = set(known.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = set()
    life = found.not_valid_after_utc - found.not_valid_before_utc
    return names == set(spec.get("dnsNames", [])) and moment < found.not_valid_before_utc + life * 2 / 3


def _duration(said: str) -> timedelta:
    """A duration of Go, such as 2160h or 24h30m."""
    import re

    units = {"h": 3600, "m": 60, "s": 1}
    return timedelta(seconds=sum(float(n) * units[unit] for n, unit in re.findall(r"([\d.]+)([hms])", said)))
