"""Where runs are kept: which store is chosen, and what dumps and backups hold."""

import sqlite3
from contextlib import closing
from copy import deepcopy
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from localcloud import temporary
from seedbed import tracking, tracking_postgres
from seedbed.account import Account
from seedbed.checkout import Checkout
from seedbed.failures import MissingError, RefusedError, WrongInputError
from seedbed.steps import Steps
from seedbed.tracking import Tracking
from seedbed.tracking_backups import PREFIX, Backups
from seedbed.tracking_postgres import PostgresStore, Programs, found_programs
from seedbed.tracking_store import SqliteStore
from stacks.settings import Settings, read
from tests.integration.house import REGION
from tests.unit.clone import shipped

BUCKET = "seedbed-local-artifacts-000000000000"


def settings(**changes: Any) -> Settings:
    config = deepcopy(shipped("local"))
    config["seedbed:environment"] |= changes
    return read("local", config)


@pytest.fixture
def place(tmp_path) -> Tracking:
    made = Tracking(Checkout(tmp_path), settings())
    made._make_folder()
    return made


@pytest.fixture
def step():
    said = StringIO()
    with Steps(Console(file=said, width=300)).step("tracking") as one:
        yield SimpleNamespace(note=one.note, say=one.say, said=said)


@pytest.fixture
def programs(monkeypatch) -> Programs:
    """A PostgreSQL that is there and whose folder anybody may enter."""
    made = Programs(Path("/nowhere/bin"), "16.4")
    monkeypatch.setattr(tracking, "found_programs", lambda _: made)
    monkeypatch.setattr(PostgresStore, "require_reachable", lambda _: None)
    return made


def test_an_environment_with_a_database_has_postgresql_where_this_machine_has(place, step, programs):
    assert place._store("auto", step).kind == "postgresql"
    assert "PostgreSQL" not in step.said.getvalue()


def test_another_version_than_the_environments_is_said(place, step, programs, monkeypatch):
    monkeypatch.setattr(tracking, "found_programs", lambda _: Programs(Path("/nowhere/bin"), "15.2"))
    assert place._store("auto", step).kind == "postgresql"
    assert "PostgreSQL 15.2 here, 16 in local" in step.said.getvalue()


def test_without_postgresql_the_store_is_a_file_and_that_is_said(place, step, monkeypatch):
    monkeypatch.setattr(tracking, "found_programs", lambda _: None)
    assert place._store("auto", step).kind == "sqlite"
    assert "no PostgreSQL on this machine: the store is a file" in step.said.getvalue()


def test_postgresql_asked_for_by_name_is_not_replaced_by_a_file(place, step, monkeypatch):
    monkeypatch.setattr(tracking, "found_programs", lambda _: None)
    with pytest.raises(MissingError, match="--store postgresql: no initdb"):
        place._store("postgresql", step)


def test_an_environment_without_a_database_has_a_file(tmp_path, step, programs):
    config = deepcopy(shipped("local"))
    for key in ("database", "tracking", "endpoints", "monitoring"):
        config["seedbed:environment"].pop(key, None)
    made = Tracking(Checkout(tmp_path), read("local", config))
    made._make_folder()
    assert made._store("auto", step).kind == "sqlite"


def test_a_store_that_there_is_stays_and_another_kind_is_refused(place, step, programs):
    place._store("sqlite", step)
    assert place._store("auto", step).kind == "sqlite"
    with pytest.raises(WrongInputError, match=r"--store postgresql: .* has a sqlite store"):
        place._store("postgresql", step)


def test_root_without_a_folder_for_its_postgresql_gets_a_file_and_the_reason(place, step, monkeypatch):
    made = Programs(Path("/nowhere/bin"), "16.4")
    monkeypatch.setattr(tracking, "found_programs", lambda _: made)
    monkeypatch.setattr(PostgresStore, "_user", SimpleNamespace(pw_name="postgres", pw_uid=12345, pw_gid=12345))
    place.folder.parent.chmod(0o700)
    assert place._store("auto", step).kind == "sqlite"
    assert "user postgres may not enter here. The store is a file" in step.said.getvalue()
    with pytest.raises(MissingError, match=r"may not enter here") as caught:
        PostgresStore(place.folder, made).require_reachable()
    assert f"chmod o+x {place.folder.parent}" in caught.value.do


@pytest.mark.parametrize(("wanted", "found"), [("15", "15.9"), ("16", "16.2"), ("14", "17.1"), ("", "17.1")])
def test_the_environments_version_of_postgresql_is_preferred_and_else_the_newest(tmp_path, monkeypatch, wanted, found):
    for version in ("15.9", "16.2", "17.1"):
        folder = tmp_path / "lib" / version / "bin"
        folder.mkdir(parents=True)
        for name in ("initdb", "pg_ctl", "pg_dump", "pg_restore", "postgres"):
            (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Debian)'\n")
            (folder / name).chmod(0o755)
    (tmp_path / "lib" / "18.0" / "bin").mkdir(parents=True)
    monkeypatch.setattr(tracking_postgres, "PLACES", (tmp_path / "lib",))
    monkeypatch.setenv("PATH", "/nowhere")
    programs = found_programs(wanted)
    assert programs is not None
    assert programs.version == found


def test_a_cluster_of_another_major_version_is_not_started(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(MissingError, match=r"made by PostgreSQL 14; this machine has 16\.4"):
        PostgresStore(tmp_path, Programs(tmp_path, "16.4")).start()


def fill(store: SqliteStore, value: str) -> sqlite3.Connection:
    connection = sqlite3.connect(store.start().removeprefix("sqlite:///"))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE runs (name TEXT)")
    connection.execute("INSERT INTO runs VALUES (?)", (value,))
    connection.commit()
    return connection


def test_a_dump_of_a_file_in_use_holds_what_was_committed_and_no_more(tmp_path):
    store = SqliteStore(tmp_path)
    with closing(fill(store, "first")) as connection:
        connection.execute("INSERT INTO runs VALUES ('open')")
        store.dump(tmp_path / "dump")
    other = tmp_path / "other"
    other.mkdir()
    SqliteStore(other).load(tmp_path / "dump")
    with closing(sqlite3.connect(other / "mlflow.db")) as loaded:
        assert loaded.execute("SELECT name FROM runs").fetchall() == [("first",)]


def test_a_damaged_dump_is_not_loaded(tmp_path):
    store = SqliteStore(tmp_path)
    fill(store, "x" * 100_000).close()
    store.dump(tmp_path / "dump")
    content = bytearray((tmp_path / "dump").read_bytes())
    content[4096:8192] = b"\xff" * 4096
    (tmp_path / "dump").write_bytes(content)
    (tmp_path / "text").write_text("no database at all, but long enough to be read as one" * 100)
    with pytest.raises(RefusedError, match="the backup is damaged: file is not a database"):
        SqliteStore(tmp_path / "nowhere").load(tmp_path / "text")
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(RefusedError, match="the backup is damaged"):
        SqliteStore(other).load(tmp_path / "dump")
    assert not (other / "mlflow.db").exists()


@pytest.fixture(scope="module")
def account():
    with temporary() as running:
        made = Account(settings(), running)
        made.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield made


def test_backups_are_told_apart_and_a_damaged_or_half_one_is_none(account, place, step, tmp_path, monkeypatch):
    s3, backups = account.client("s3"), Backups(account, BUCKET)
    with pytest.raises(RefusedError, match="no backup") as caught:
        place.restore(account, None, step)
    assert caught.value.do == "Make one: seedbed tracking backup local"
    monkeypatch.setattr(Tracking, "_mlflow", lambda _: "3.17.2")

    store = place._store("sqlite", step)
    fill(store, "first").close()
    first = place.backup(account, step)
    with closing(sqlite3.connect(place.folder / "mlflow.db")) as connection:
        connection.execute("INSERT INTO runs VALUES ('second')")
        connection.commit()
    second = place.backup(account, step)
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}99991231T000000Z/store", Body=b"half")
    assert backups.names() == [first.name, second.name]
    assert (second.kind, second.mlflow) == ("sqlite", "3.17.2")
    with pytest.raises(WrongInputError, match=f"There are: {first.name}, {second.name}"):
        place.restore(account, "yesterday", step)

    assert place.restore(account, first.name, step) == first
    assert runs(place.folder) == ["first"]
    assert place.restore(account, None, step) == second
    assert runs(place.folder) == ["first", "second"]
    aside = sorted(place.folder.glob("set-aside-*"))
    assert [runs(one) for one in aside] == [["first", "second"], ["first"]]

    s3.put_object(Bucket=BUCKET, Key=second.key, Body=b"something else")
    with pytest.raises(RefusedError, match="damaged: SHA-256"):
        place.restore(account, second.name, step)
    assert runs(place.folder) == ["first", "second"]


def runs(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM runs ORDER BY name")]


def test_a_server_without_mlflow_or_bucket_says_what_to_do(account, place, step):
    with pytest.raises(MissingError, match="MLflow is not set up") as caught:
        place.start(account, None, "auto", step)
    assert caught.value.do == "Set it up (900 MB): make tracking"
    program = place._checkout.root / ".venv-tracking" / "bin" / "mlflow"
    program.parent.mkdir(parents=True)
    program.touch()
    missing = Account(settings(system="another"), account._running)
    with pytest.raises(RefusedError, match="has no bucket another-local-artifacts") as caught:
        Tracking(place._checkout, settings(system="another")).start(missing, None, "auto", step)
    assert caught.value.do == "Bring the environment up: seedbed up local"


def test_nothing_to_back_up_is_said(account, tmp_path, step):
    with pytest.raises(RefusedError, match="there is nothing to back up"):
        Tracking(Checkout(tmp_path), settings()).backup(account, step)
