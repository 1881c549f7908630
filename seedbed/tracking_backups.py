"""Backups of a tracking store in the environment's artifact bucket."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seedbed.account import Account
from seedbed.failures import RefusedError, WrongInputError
from seedbed.tracking_store import Kind

PREFIX = "backups/tracking/"


@dataclass(frozen=True)
class Backup:
    """A finished backup; its manifest is written last, so that half a one is none."""

    name: str
    """When it was begun, such as 20261123T095000Z."""
    kind: Kind
    version: str
    """Of the database program that wrote it."""
    mlflow: str
    """Of the server that the store belongs to."""
    bytes: int
    sha256: str

    @property
    def key(self) -> str:
        """Where its contents are."""
        return f"{PREFIX}{self.name}/store"


class Backups:
    """The backups of one environment."""

    def __init__(self, account: Account, bucket: str) -> None:
        self._account, self._bucket = account, bucket
        self._s3: Any = account.client("s3")

    def add(self, file: Path, kind: Kind, version: str, mlflow: str) -> Backup:
        """Keeps a file as the newest backup."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        backup = Backup(name, kind, version, mlflow, file.stat().st_size, _digest(file))
        self._s3.upload_file(str(file), self._bucket, backup.key)
        manifest = json.dumps(asdict(backup), indent=2).encode()
        self._s3.put_object(Bucket=self._bucket, Key=_manifest(name), Body=manifest, ContentType="application/json")
        return backup

    def names(self) -> list[str]:
        """Names of the finished backups, the oldest first."""
        listed = self._account.pages("s3", "list_objects_v2", "Contents", Bucket=self._bucket, Prefix=PREFIX)
        keys = [one["Key"] for one in listed]
        return sorted(key.removeprefix(PREFIX).split("/")[0] for key in keys if key.endswith("/manifest.json"))

    def named(self, name: str | None) -> Backup:
        """The backup of a name, or the newest. RefusedError where there is none, WrongInputError for a wrong name."""
        names = self.names()
        if not names:
            raise RefusedError(
                f"s3://{self._bucket}/{PREFIX}: no backup.",
                do=f"Make one: seedbed tracking backup {self._account.settings.name}",
            )
        if name is not None and name not in names:
            raise WrongInputError(
                f"--backup {name}: no such backup in s3://{self._bucket}/{PREFIX}. There are: {', '.join(names)}.",
                do="Name one of them, or leave --backup out for the newest.",
            )
        body = self._s3.get_object(Bucket=self._bucket, Key=_manifest(name or names[-1]))["Body"].read()
        return Backup(**json.loads(body))

    def fetch(self, backup: Backup, file: Path) -> None:
        """Writes a backup's contents into a file; RefusedError where they are not what was kept."""
        self._s3.download_file(self._bucket, backup.key, str(file))
        found = _digest(file)
        if found != backup.sha256:
            raise RefusedError(
                f"s3://{self._bucket}/{backup.key}: damaged: SHA-256 {found}, its manifest says {backup.sha256}.",
                do="Name another one with --backup, or bring back an older version of the object.",
            )


def _manifest(name: str) -> str:
    return f"{PREFIX}{name}/manifest.json"


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
