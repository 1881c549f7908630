"""The database's password in a tracking server's pod: a program that runs beside the server, in an image with boto3.

RDS makes and rotates the password; this reads it with the pod's identity and keeps it in a volume in memory, so that it
is in no state, manifest or environment. A server that reads the file for each connection outlives a rotation.
"""

import json
import secrets
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

READY = "ready"
"""File that is there once all others are."""

BASIC_AUTH = """[mlflow]
default_permission = NO_PERMISSIONS
database_uri = {database_uri}
admin_username = admin
admin_password = {nobodys}
authorization_function = tracking_login:authenticate
"""
"""MLflow's own file: nobody sees what another team did unless that team says so. The password is nobody's."""


def pgpass(host: str, port: int, user: str, password: str) -> str:
    """A line of libpq's password file (PostgreSQL docs, "The Password File"): colons and backslashes are escaped."""

    def escaped(text: str) -> str:
        return text.replace("\\", "\\\\").replace(":", "\\:")

    return f"{escaped(host)}:{port}:*:{escaped(user)}:{escaped(password)}\n"


def write(folder: Path, name: str, text: str) -> bool:
    """Whether it was written: all of it at once, for its owner alone, and only where it is something else."""
    file = folder / name
    if file.exists() and file.read_bytes() == text.encode():
        return False
    draft = folder / f".{name}"
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_bytes(text.encode())
    draft.replace(file)
    return True


def files(about: Mapping[str, Any], secret: Mapping[str, str], session: Any) -> dict[str, str]:
    """What the server needs now, by file name. `session` is a boto3 session."""
    user, opener = secret["username"], secret["password"]
    if about["server"] == "mlflow":
        return {"pgpass": pgpass(about["host"], about["port"], user, opener)}
    settings = about["settings"]
    database = settings["database"]["RdbConfiguration"]
    settings = {
        **settings,
        "database": {
            **settings["database"],
            "RdbConfiguration": {**database, "RdbUsername": user, "RdbPassword": opener},
        },
    }
    # ModelDB's SDK is older than pod identities: it reads these, and reads them again every five minutes.
    own = session.get_credentials().get_frozen_credentials()
    profile = {
        "aws_access_key_id": own.access_key,
        "aws_secret_access_key": own.secret_key,
        "aws_session_token": own.token or "",
    }
    lines = "".join(f"{key} = {value}\n" for key, value in profile.items() if value)
    return {"config.yaml": json.dumps(settings), "aws": f"[default]\n{lines}"}  # JSON is YAML


def once(about: Mapping[str, Any]) -> list[str]:
    """Writes what is new; the names of the files that were."""
    folder = Path(about["folder"])
    session = import_module("boto3").session.Session(region_name=about["region"])
    answer = session.client("secretsmanager").get_secret_value(SecretId=about["secret"])
    wanted = files(about, json.loads(answer["SecretString"]), session)
    if about["server"] == "mlflow" and not (folder / READY).exists():
        wanted["basic_auth.ini"] = BASIC_AUTH.format(
            database_uri=about["database_uri"], nobodys=secrets.token_urlsafe(32)
        )
        wanted["server-key"] = secrets.token_urlsafe(32)
    written = [name for name, text in wanted.items() if write(folder, name, text)]
    write(folder, READY, "")
    return written


def main(about: Mapping[str, Any]) -> None:
    """For ever; a failure once the server runs is told and tried again, before that it ends the container."""
    while True:
        try:
            if written := once(about):
                print(f"written: {', '.join(written)}", flush=True)
        except Exception as error:
            if not (Path(about["folder"]) / READY).exists():
                raise
            print(f"{about['secret']}: not read: {error}", flush=True)
        time.sleep(about["every_seconds"])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
