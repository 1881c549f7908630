"""A PostgreSQL of an environment's tracking on this machine: loopback, TLS for all, as the environment's database."""

import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from seedbed import tracking_certificate
from seedbed.failures import MissingError, RefusedError
from seedbed.tracking_store import Kind

DATABASE = "tracking"
"""Database and owner, as `stacks/environment/stores.py` names them."""

PLACES = (Path("/usr/lib/postgresql"), Path("/usr/local/pgsql"), Path("/opt/homebrew/opt"))
WAIT_SECONDS = 60
HOST_RULES = "hostssl all all 127.0.0.1/32 scram-sha-256\n"
"""TLS for all, as the environment's parameter group has it (rds.force_ssl)."""

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
ssl = on
ssl_min_protocol_version = 'TLSv1.2'
password_encryption = 'scram-sha-256'
max_connections = 40
"""


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs on this machine."""

    folder: Path
    version: str
    """Such as 16.4."""

    @property
    def major(self) -> str:
        return self.version.split(".")[0]


def found_programs(wanted_major: str) -> Programs | None:
    """The programs of the wanted major version, else of the newest there are; None where there are none."""
    folders = [Path(path).resolve().parent for name in ("initdb", "postgres") if (path := shutil.which(name))]
    folders += [folder for place in PLACES for folder in place.glob("*/bin")]
    known = []
    for folder in dict.fromkeys(folders):
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "pg_dump", "pg_restore", "postgres")):
            said = subprocess.run(
                [folder / "postgres", "--version"], capture_output=True, text=True, check=False
            ).stdout
            if version := re.search(r"(\d+(?:\.\d+)+)", said):
                known.append(Programs(folder, version[1]))
    by_age = sorted(known, key=lambda one: [int(part) for part in one.version.split(".")])
    fitting = [one for one in by_age if one.major == wanted_major]
    return (fitting or by_age or [None])[-1]


class PostgresStore:
    """A database cluster of its own in a folder; its password and its certificate lie beside it."""

    kind: Kind = "postgresql"

    def __init__(self, folder: Path, programs: Programs) -> None:
        self._programs = programs
        self.version = programs.version
        self._folder, self._data = folder, folder / "postgres"
        self._password, self._certificate = folder / "postgres-password", folder / "postgres.crt"

    @property
    def exists(self) -> bool:
        return (self._data / "PG_VERSION").exists()

    def start(self) -> str:
        if not self.exists:
            self._make()
        self._require_version()
        if not self._runs():
            port = self._free_port()
            options = f"-p {port}"
            started = self._run(
                "pg_ctl",
                "-D",
                self._data,
                "-l",
                self._data / "server.log",
                "-w",
                "-t",
                WAIT_SECONDS,
                "-o",
                options,
                "start",
            )
            if started.returncode:
                raise RefusedError(
                    f"{self._data}: PostgreSQL {self.version} does not start; the end of its log:\n{self._tail()}",
                    do="Mend the cause, or restore a backup: seedbed tracking restore.",
                )
            self._ensure_database()
        return f"postgresql+psycopg://{self._secret_address}"

    def stop(self) -> None:
        if self.exists and self._runs():
            self._run("pg_ctl", "-D", self._data, "-m", "fast", "-w", "-t", WAIT_SECONDS, "stop", check=True)

    def dump(self, file: Path) -> None:
        """pg_dump sees one moment, whatever is written meanwhile (PostgreSQL docs, "pg_dump")."""
        ran = self._runs()
        if not ran:
            self.start()
        try:
            self._client("pg_dump", "--format=custom", f"--file={file}", self._address)
        finally:
            if not ran:
                self.stop()

    def load(self, file: Path) -> None:
        self.start()
        try:
            self._client(
                "pg_restore",
                "--exit-on-error",
                "--single-transaction",
                "--no-owner",
                f"--dbname={self._address}",
                str(file),
            )
        finally:
            self.stop()

    def _make(self) -> None:
        self.require_reachable()
        self._data.mkdir(mode=0o700)
        self._give(self._data)
        self._password.touch(mode=0o600)
        self._password.write_text(secrets.token_urlsafe(32))
        word = self._data.with_name("postgres-initial")
        word.touch(mode=0o600)
        word.write_text(self._password.read_text())
        self._give(word)
        try:
            made = self._run(
                "initdb", "-D", self._data, "-U", DATABASE, "--auth=scram-sha-256", f"--pwfile={word}",
                "--encoding=UTF8", "--locale=C", "--no-instructions",
            )  # fmt: skip
        finally:
            word.unlink()
        if made.returncode:
            shutil.rmtree(self._data)
            raise RefusedError(f"{self._data}: initdb failed: {made.stdout}{made.stderr}", do="Mend the cause.")
        key = self._data / "server.key"
        tracking_certificate.write(self._certificate, key)
        shutil.copyfile(self._certificate, self._data / "server.crt")
        (self._data / "pg_hba.conf").write_text(HOST_RULES)
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
        for file in (key, self._data / "server.crt"):
            self._give(file)

    def _require_version(self) -> None:
        made_by = (self._data / "PG_VERSION").read_text().strip()
        if made_by != self._programs.major:
            raise MissingError(
                f"{self._data}: made by PostgreSQL {made_by}; this machine has {self.version}.",
                do=f"Install PostgreSQL {made_by}; or move the folder away and restore a backup.",
            )

    def require_reachable(self) -> None:
        """MissingError where root has to run it as somebody else who cannot come to its folder."""
        if self._user is None:
            return
        for folder in (self._folder, *self._folder.parents):
            about = folder.stat()
            if not about.st_mode & 0o001 and about.st_uid != self._user.pw_uid:
                raise MissingError(
                    f"{folder}: PostgreSQL does not run as root, and user {self._user.pw_name} may not enter here.",
                    do=f"Run as a user of your own, or let it in: chmod o+x {folder}. Or: --store sqlite",
                )

    def _ensure_database(self) -> None:
        listed = self._client(
            "psql", "-XAtc", f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'", self._maintenance
        )
        if not listed.strip():
            self._client("psql", "-XAtc", f"CREATE DATABASE {DATABASE}", self._maintenance)

    def _runs(self) -> bool:
        return self._run("pg_ctl", "-D", self._data, "status").returncode == 0

    def _free_port(self) -> int:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            return probe.getsockname()[1]

    @property
    def _port(self) -> int:
        return int((self._data / "postmaster.pid").read_text().splitlines()[3])

    @property
    def _address(self) -> str:
        """Without the password, for a command line."""
        return self._in(DATABASE)

    @property
    def _maintenance(self) -> str:
        return self._in("postgres")

    @property
    def _secret_address(self) -> str:
        return self._in(DATABASE, f"{DATABASE}:{self._password.read_text()}").removeprefix("postgresql://")

    def _in(self, database: str, user: str = DATABASE) -> str:
        trust = f"sslmode=verify-full&sslrootcert={self._certificate}"
        return f"postgresql://{user}@127.0.0.1:{self._port}/{database}?{trust}"

    def _client(self, program: str, *words: str) -> str:
        variables = {**os.environ, "PGPASSWORD": self._password.read_text()}
        path = self._programs.folder / program
        done = subprocess.run([path, *words], env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RefusedError(f"{path} failed: {done.stderr.strip()}", do="Mend the cause and run the command again.")
        return done.stdout

    @cached_property
    def _user(self) -> pwd.struct_passwd | None:
        """Who runs it in place of root, whom PostgreSQL refuses."""
        if os.geteuid() != 0:
            return None
        names = {one.pw_name: one for one in pwd.getpwall()}
        return names.get("postgres") or names["nobody"]

    def _give(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _run(self, program: str, *words: object, check: bool = False) -> subprocess.CompletedProcess[str]:
        """A program of the server's, in a session of its own, with nothing of the caller's environment."""
        user = self._user
        account: Any = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        output = self._folder / "postgres-command.log"
        # pg_ctl's server would keep a pipe of ours open for as long as it lives.
        with output.open("w+") as stream:
            done = subprocess.run(
                [str(self._programs.folder / program), *map(str, words)],
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C", "HOME": "/"},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=False,
                **account,
            )
            stream.seek(0)
            said = stream.read()
        if check and done.returncode:
            raise RefusedError(f"{program} failed: {said.strip()}", do="Mend the cause and run the command again.")
        return subprocess.CompletedProcess(done.args, done.returncode, said, "")

    def _tail(self) -> str:
        try:
            return "\n".join((self._data / "server.log").read_text(errors="replace").splitlines()[-20:])
        except OSError:
            return "(nothing)"
