"""The account's state on disk: what moto holds in memory, written so that a kill at any moment leaves it whole."""

import hashlib
import importlib.metadata
import io
import json
import os
import pickle
import platform
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import FakeKey, s3_backends

from localcloud.backends import regions_of

FORMAT = 1
"""Raised when what extensions keep on moto's objects changes its shape."""

LARGE = 64 * 1024
"""Objects in buckets from this size (bytes) lie in files of their own, written once instead of with every snapshot."""

_KEYS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)
_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())


class UnreadableSnapshotError(Exception):
    """A snapshot that this version cannot load; str() says why."""


PASSING = ("resourcegroupstaggingapi",)
"""Services that hold nothing but the pages of answers half given."""


class _Body(NamedTuple):
    name: str


@dataclass
class Captured:
    """The state at one moment: bytes a service and region, large objects by name, and what could not be captured."""

    parts: dict[str, bytes] = field(default_factory=dict)
    bodies: set[str] = field(default_factory=set)
    failures: dict[str, Exception] = field(default_factory=dict)


class Snapshot:
    """The folder with one account's snapshot: `manifest.json` names the files that make it up."""

    def __init__(self, folder: Path, account: str) -> None:
        self.folder, self._account = folder, account
        self._files: dict[str, str] = {}
        self._written: dict[str, bytes] = {}
        self._count = 0

    @property
    def _version(self) -> dict[str, Any]:
        moto = importlib.metadata.version("moto")
        python = ".".join(platform.python_version_tuple()[:2])
        return {"format": FORMAT, "moto": moto, "python": python, "account": self._account}

    def capture(self) -> Captured:
        """The state as it is now; call while no request runs. One service's failure does not keep the others."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        captured = Captured()
        for package, region, backend in _backends(self._account):
            buffer = io.BytesIO()
            try:
                _Pickler(buffer, self.folder, captured.bodies).dump(backend.__dict__)
            except Exception as error:
                captured.failures[f"{package}.{region}"] = error
            else:
                captured.parts[f"{package}.{region}"] = buffer.getvalue()
        return captured

    def write(self, captured: Captured) -> None:
        """Puts a captured state on disk: new files first, then the manifest in one rename, then the old files go.

        What could not be captured stays as it was written last.
        """
        files = {name: self._files[name] for name in captured.failures if name in self._files}
        for name, content in captured.parts.items():
            digest = hashlib.sha256(content).digest()
            if self._written.get(name) != digest or name not in self._files:
                self._count += 1
                self._files[name] = f"{name}.{os.getpid()}-{self._count}.pickle"
                _write(self.folder / self._files[name], content)
                self._written[name] = digest
            files[name] = self._files[name]
        manifest = {**self._version, "written": datetime.now(UTC).isoformat(), "files": files}
        _write(self.folder / "manifest.json", json.dumps(manifest, indent=1).encode())
        self._files = files
        kept = {"manifest.json", *files.values(), *captured.bodies}
        for path in self.folder.iterdir():
            is_object_of_before = bool(captured.failures) and path.suffix == ".object"
            if path.name not in kept and not is_object_of_before:
                path.unlink()

    def load(self) -> bool:
        """Gives moto the state back; False where there is none. Raises UnreadableSnapshotError."""
        manifest = self.folder / "manifest.json"
        if not manifest.exists():
            return False
        _require_ours(self.folder)
        try:
            said = json.loads(manifest.read_text())
            found = {key: said[key] for key in self._version}
            files = dict(said["files"])
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableSnapshotError(f"{manifest} does not read as a manifest ({error})") from error
        if found != self._version:
            raise UnreadableSnapshotError(f"{manifest} was written by {found}, this is {self._version}")
        try:
            self._restore(files)
            self._files = files
        except Exception as error:
            raise UnreadableSnapshotError(f"{self.folder} does not load ({type(error).__name__}: {error})") from error
        return True

    def _restore(self, files: dict[str, str]) -> None:
        for name in files:
            package, region = name.split(".", 1)
            _shell(package, self._account, region)
        states = []
        for name, file in files.items():
            _require_ours(self.folder / file)
            with (self.folder / file).open("rb") as stream:
                states.append((name, _Unpickler(stream, self.folder, self._account).load()))
        for name, state in states:
            package, region = name.split(".", 1)
            _shell(package, self._account, region).__dict__.update(state)
        for partition, backend in s3_backends[self._account].items():
            for bucket in backend.buckets:
                s3_backends.bucket_accounts[bucket] = (partition, self._account)

    def set_aside(self) -> Path:
        """Moves the snapshot out of the way, whole; the new place is beside it."""
        place = self.folder.with_name(f"{self.folder.name}-set-aside-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}")
        self.folder.rename(place)
        return place


class _Pickler(pickle.Pickler):
    """Pickles a backend; other backends become references, so that each is written once and restored as itself."""

    def __init__(self, stream: io.BytesIO, folder: Path, bodies: set[str]) -> None:
        super().__init__(stream, protocol=5)
        self._folder, self._bodies = folder, bodies

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, BaseBackend):
            return ("backend", _package(type(obj)), obj.region_name)
        return ("body", obj.name) if isinstance(obj, _Body) else None

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, _LOCK):
            return threading.Lock, ()
        if isinstance(obj, _RLOCK):
            return threading.RLock, ()
        if isinstance(obj, _KEYS):
            pem = obj.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            return _private_key, (pem,)
        if isinstance(obj, FakeKey) and not obj.disposed and obj.contentsize >= LARGE:
            state = {name: value for name, value in vars(obj).items() if name not in ("_value_buffer", "lock")}
            body = _Body(f"{obj.contentsize}-{obj.etag.strip(chr(34))}.object")
            self._bodies.add(body.name)
            if not (self._folder / body.name).exists():
                _write(self._folder / body.name, obj.value)
            return _stored_object, (state, body)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: Any, folder: Path, account: str) -> None:
        super().__init__(stream)
        self._folder, self._account = folder, account

    def persistent_load(self, pid: Any) -> Any:
        if pid[0] == "body":
            _require_ours(self._folder / pid[1])
            return (self._folder / pid[1]).read_bytes()
        return _shell(pid[1], self._account, pid[2])


def _private_key(der: bytes) -> Any:
    return serialization.load_der_private_key(der, password=None)


def _stored_object(state: dict[str, Any], body: bytes) -> FakeKey:
    made: Any = FakeKey.__new__(FakeKey)
    made.__setstate__({**state, "value": body})
    return made


def _package(backend: type) -> str:
    return backend.__module__.split(".")[1]


def _backends(account: str) -> Iterator[tuple[str, str, BaseBackend]]:
    dictionaries: Any = BackendDict
    for known in list(dictionaries._instances):
        if account in known.keys():  # noqa: SIM118 - `in` on the dictionary itself would be the same, but its lookup creates
            for region, backend in sorted(known[account].items()) if _package(known.backend) not in PASSING else ():
                yield _package(known.backend), region, backend


def _shell(package: str, account: str, region: str) -> BaseBackend:
    """The backend of a service and region, made without its initial contents where it does not exist yet."""
    regions = regions_of(package, account)
    if region not in dict.keys(regions):
        dict.__setitem__(regions, region, object.__new__(regions.backend))
    return dict.__getitem__(regions, region)


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
    draft.replace(path)


def _require_ours(path: Path) -> None:
    """Loading a pickle runs what it says, so it must be ours alone."""
    found = path.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise UnreadableSnapshotError(f"{path} belongs to another user or others may write it; it is not loaded")
