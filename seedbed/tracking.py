"""Experiment tracking of an environment on this machine: an MLflow server, its store, and backups of it."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import localcloud
from localcloud import Running
from seedbed.account import Account
from seedbed.checkout import Checkout
from seedbed.failures import MissingError, RefusedError, WrongInputError
from seedbed.steps import Step
from seedbed.tracking_backups import Backup, Backups
from seedbed.tracking_postgres import PostgresStore, Programs, found_programs
from seedbed.tracking_server import Gone, Server, ServerProcess
from seedbed.tracking_store import Kind, SqliteStore, Store
from stacks.settings import Settings

ARTIFACTS = "tracking"
"""Folder of the artifact bucket in which the server keeps what is logged."""

Choice = Literal["auto", "sqlite", "postgresql"]


class Tracking:
    """The tracking of one environment; everything but artifacts and backups lies in one folder."""

    def __init__(self, checkout: Checkout, settings: Settings) -> None:
        self._checkout, self._settings = checkout, settings
        self.folder = (checkout.state / "tracking" / settings.name).resolve()
        self._process = ServerProcess(self.folder)

    @property
    def bucket(self) -> str:
        """The environment's artifact bucket."""
        return self._settings.bucket("artifacts")

    def status(self) -> Server | Gone | None:
        """What is there now; asks nobody, starts nothing."""
        return self._process.status()

    def start(self, account: Account, running: Running | None, choice: Choice, step: Step) -> Server:
        """The running server, started if need be, with all that an earlier one kept."""
        program = self._program("mlflow")
        self._require_bucket(account)
        self._make_folder()
        with self._process.alone(step.say):
            found = self._process.status()
            endpoint = running.endpoint if running else ""
            if isinstance(found, Server):
                if found.endpoint == endpoint:
                    return found
                step.note(f"the account has moved to {endpoint}, so the server is started anew")
                self._process.stop()
            if isinstance(found, Gone):
                step.note(f"{found}\nIt is started again on what it kept.")
            store = self._store(choice, step)
            address = store.start()
            artifacts = f"s3://{self.bucket}/{ARTIFACTS}"
            variables = {
                **self._reach(running),
                "MLFLOW_BACKEND_STORE_URI": address,
                "MLFLOW_ARTIFACTS_DESTINATION": artifacts,
            }
            about = {"store": f"{store.kind} {store.version}", "artifacts": artifacts, "endpoint": endpoint}
            return self._process.start(program, variables, about, step.say)

    def stop(self, step: Step) -> None:
        """Ends server and database; what they hold stays."""
        if not self.folder.is_dir():
            return
        with self._process.alone(step.say):
            self._process.stop()
            if store := self._existing():
                store.stop()

    def backup(self, account: Account, step: Step) -> Backup:
        """Keeps the store as of now in the artifact bucket; a running server goes on."""
        self._require_bucket(account)
        store = self._existing()
        if store is None:
            raise RefusedError(
                f"{self.folder}: there is nothing to back up.", do=f"seedbed tracking start {self._settings.name}"
            )
        with self._process.alone(step.say), tempfile.TemporaryDirectory(prefix="seedbed-tracking-") as place:
            file = Path(place) / "store"
            step.say(f"dumping {store.kind}")
            store.dump(file)
            step.say(f"to s3://{self.bucket}")
            return Backups(account, self.bucket).add(file, store.kind, store.version, self._mlflow())

    def restore(self, account: Account, name: str | None, step: Step) -> Backup:
        """Makes the store what a backup says; one that is there is set aside, not lost."""
        self._require_bucket(account)
        if isinstance(self.status(), Server):
            raise RefusedError(
                f"{self._settings.name}: the tracking server runs, and its store would be taken from under it.",
                do=f"seedbed tracking stop {self._settings.name}",
            )
        backups = Backups(account, self.bucket)
        backup = backups.named(name)
        self._make_folder()
        with self._process.alone(step.say), tempfile.TemporaryDirectory(prefix="seedbed-tracking-") as place:
            file = Path(place) / "store"
            step.say("fetching the backup")
            backups.fetch(backup, file)
            self._set_aside(step)
            step.say(f"into {backup.kind}")
            store = self._made(backup.kind)
            try:
                store.load(file)
            except BaseException:
                store.stop()
                self._set_aside(step)
                raise
            self._remember(store.kind)
        return backup

    def _set_aside(self, step: Step) -> None:
        store = self._existing(half_made=True)
        if store is None:
            return
        self._process.stop()
        store.stop()
        aside = self.folder / f"set-aside-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        aside.mkdir(mode=0o700)
        for part in (
            "mlflow.db",
            "mlflow.db-wal",
            "mlflow.db-shm",
            "postgres",
            "postgres-password",
            "postgres.crt",
            "store",
        ):
            if (self.folder / part).exists():
                (self.folder / part).rename(aside / part)
        step.note(f"what was there is in {aside}")

    def _store(self, choice: Choice, step: Step) -> Store:
        """The store that there is, or a new one of the kind that was chosen."""
        there = self._existing()
        if there is not None:
            if choice not in ("auto", there.kind):
                raise WrongInputError(
                    f"--store {choice}: {self.folder} has a {there.kind} store.",
                    do=f"Leave --store out; or back it up, and move {self.folder} away for a new one.",
                )
            return there
        kind: Kind = "sqlite"
        if choice == "postgresql" or (choice == "auto" and self._settings.environment.database is not None):
            kind = self._postgres_or(choice, step)
        store = self._made(kind)
        self._remember(kind)
        return store

    def _postgres_or(self, choice: Choice, step: Step) -> Kind:
        """PostgreSQL where the environment has one and this machine can run one, else a file, said so."""
        programs = self._programs()
        if programs is None:
            if choice == "postgresql":
                raise MissingError(
                    "--store postgresql: no initdb on PATH or in /usr/lib/postgresql.",
                    do="Install the PostgreSQL server; or: --store sqlite",
                )
            step.note("no PostgreSQL on this machine: the store is a file (SQLite)")
            return "sqlite"
        database = self._settings.environment.database
        if database is not None and database.engine_version != programs.major:
            step.note(f"PostgreSQL {programs.version} here, {database.engine_version} in {self._settings.name}")
        if choice == "auto":
            try:
                PostgresStore(self.folder, programs).require_reachable()
            except MissingError as error:
                step.note(f"{error.message} The store is a file (SQLite).")
                return "sqlite"
        return "postgresql"

    def _programs(self) -> Programs | None:
        database = self._settings.environment.database
        return found_programs(database.engine_version if database else "")

    def _existing(self, half_made: bool = False) -> Store | None:
        """The store that there is, whatever the file says today."""
        kind: Kind | None = None
        with suppress(OSError, ValueError, KeyError):
            kind = json.loads((self.folder / "store").read_text())["kind"]
        if kind is None and half_made:
            parts: dict[Kind, str] = {"sqlite": "mlflow.db", "postgresql": "postgres"}
            kind = next((one for one, part in parts.items() if (self.folder / part).exists()), None)
        if kind is None:
            return None
        return self._made(kind)

    def _made(self, kind: Kind) -> Store:
        if kind == "sqlite":
            return SqliteStore(self.folder)
        programs = self._programs()
        if programs is None:
            raise MissingError(
                f"{self.folder}: its store is PostgreSQL, which this machine does not have.",
                do="Install the PostgreSQL server (initdb, postgres, pg_dump, pg_restore), then run the command again.",
            )
        return PostgresStore(self.folder, programs)

    def _remember(self, kind: Kind) -> None:
        (self.folder / "store").write_text(json.dumps({"kind": kind}))

    def _reach(self, running: Running | None) -> Mapping[str, str]:
        """The variables by which the server finds the account."""
        if running is not None:
            return {**localcloud.environment(running, self._settings.region), "NO_PROXY": "127.0.0.1,localhost"}
        own = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        return {**own, "AWS_REGION": self._settings.region, "AWS_DEFAULT_REGION": self._settings.region}

    def _require_bucket(self, account: Account) -> None:
        own = {bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]}
        if self.bucket not in own:
            raise RefusedError(
                f"{self._settings.name}: account {account.settings.account} has no bucket {self.bucket}.",
                do=f"Bring the environment up: seedbed up {self._settings.name}",
            )

    def _program(self, name: str) -> Path:
        program = self._checkout.root / ".venv-tracking" / "bin" / name
        if not program.exists():
            raise MissingError(f"{program}: MLflow is not set up.", do="Set it up (900 MB): make tracking")
        return program

    def _mlflow(self) -> str:
        code = "from importlib.metadata import version; print(version('mlflow'))"
        done = subprocess.run([self._program("python"), "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def _make_folder(self) -> None:
        # Others may pass through it, as the user under whom root's PostgreSQL runs, and see nothing.
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
