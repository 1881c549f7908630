"""The process of one account: `python -m localcloud.server --state FOLDER --account ID`, started by the supervisor."""

import argparse
import fcntl
import importlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LOST = "not-kept"
"""File beside the snapshot that tells, after a stop, what could not be kept; empty where all was."""


def main(argv: list[str] | None = None) -> int:
    """Serves the account until SIGTERM; prints one JSON line on `--ready-fd` when it answers."""
    parser = argparse.ArgumentParser(prog="localcloud.server", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the account's state")
    parser.add_argument("--account", required=True, help="twelve digits")
    parser.add_argument("--port", type=int, default=0, help="wanted port; another one where it is taken")
    parser.add_argument(
        "--ephemeral", action="store_true", help="keep nothing, end with the parent (end of standard input)"
    )
    parser.add_argument("--programs", type=Path, help="folder of kube, kwok, …: with them clusters run")
    parser.add_argument("--charts", type=Path, help="folder of charts and CRDs of what runs in clusters")
    parser.add_argument("--instances", type=Path, help="table of instance types: what nodes have")
    parser.add_argument("--job-seconds", type=float, default=1, help="how long pods of jobs run in clusters")
    parser.add_argument("--ready-fd", type=int, help="file descriptor for the line that says where it answers")
    options = parser.parse_args(argv)

    os.umask(0o077)
    lock = os.open(options.state / "alive.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    (options.state / "server.json").unlink(missing_ok=True)
    _configure_moto(options.account)
    return _serve(options)


def _configure_moto(account: str) -> None:
    """Settings of moto, which it reads at import."""
    os.environ.update(
        MOTO_ACCOUNT_ID=account,
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
        MOTO_DISABLE_GLOBAL_CORS="true",
        MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS="false",
    )


def _serve(options: argparse.Namespace) -> int:
    from werkzeug.serving import make_server

    from localcloud import extensions
    from localcloud.clusters.cluster import Site
    from localcloud.clusters.fleet import Fleet, become_current
    from localcloud.clusters.instances import read
    from localcloud.control import Control
    from localcloud.faults import Faults
    from localcloud.gate import Gate
    from localcloud.journal import Journal
    from localcloud.keeper import Keeper
    from localcloud.listener import Handler
    from localcloud.snapshot import Snapshot, UnreadableSnapshotError
    from localcloud.turnstile import Turnstile

    extensions.load()
    journal, faults, turnstile = Journal(options.state / "server.log"), Faults(), Turnstile()
    snapshot = Snapshot(options.state / "snapshot", options.account)
    notes: list[str] = []
    if not options.ephemeral:
        try:
            snapshot.load()
        except UnreadableSnapshotError as error:
            place = snapshot.set_aside()
            notes.append(f"the account starts empty: {error}; it was set aside as {place}")
            if (options.state / "clusters").exists():
                (options.state / "clusters").rename(place.with_name(place.name.replace("snapshot", "clusters")))
    keeper = None if options.ephemeral else Keeper(snapshot, turnstile, journal)

    identity: dict[str, Any] = {
        "instance": secrets.token_hex(16),
        "account": options.account,
        "pid": os.getpid(),
        "started": datetime.now(UTC).isoformat(),
        "notes": notes,
        "programs": options.programs is not None,
    }
    changed = keeper.changed if keeper else lambda: None
    fleet = None
    if options.programs:
        importlib.import_module("localcloud.controllers")  # registers what runs in each cluster
        site = Site(
            account=options.account,
            state=options.state,
            programs=options.programs,
            charts=options.charts,
            instances=read(options.instances),
            endpoint=lambda: identity["endpoint"],
            note=journal.note,
            job_seconds=options.job_seconds,
        )
        fleet = become_current(Fleet(site, changed))
    keep = (lambda: keeper.keep()) if keeper else list
    more = fleet.answer if fleet else lambda *_: None
    control = Control(identity, journal, faults, keep, turnstile.exclusive, more)
    gate = Gate(options.account, journal, faults, control, turnstile, changed)
    listening = _listening_socket(options.port)
    server = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=Handler, fd=listening.fileno())
    identity["endpoint"] = f"http://127.0.0.1:{server.port}"
    for note in notes:
        journal.note(note)
    journal.note(f"account {options.account} answers at {identity['endpoint']}, process {os.getpid()}")

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="server", daemon=True).start()
    if options.ephemeral:
        threading.Thread(target=_watch_parent, args=(stopping,), name="parent", daemon=True).start()
    if fleet:
        threading.Thread(target=_start, args=(fleet, options, identity, stopping), name="clusters", daemon=True).start()
    else:
        _announce(options, identity)
    stopping.wait()
    server.shutdown()
    lost = keeper.close() if keeper else []
    if fleet:
        fleet.stop_all(forget=options.ephemeral)
    (options.state / LOST).write_text("\n".join(lost))
    (options.state / "server.json").unlink(missing_ok=True)
    journal.note("stopped")
    if options.ephemeral:
        shutil.rmtree(options.state, ignore_errors=True)
    return 1 if lost else 0


def _listening_socket(wanted: int) -> socket.socket:
    """A socket on the wanted loopback port, or on a free one where another program has it."""
    for port in (wanted, 0):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            listening.close()
            if not port:
                raise
        else:
            listening.listen(128)
            return listening
    raise AssertionError("a free port was asked for and neither given nor refused")


def _announce(options: argparse.Namespace, identity: dict[str, Any]) -> None:
    line = json.dumps(identity)
    draft = options.state / "server.json.draft"
    draft.write_text(line)
    draft.replace(options.state / "server.json")
    (options.state / "port").write_text(identity["endpoint"].rsplit(":", 1)[1])
    if options.ready_fd is not None:
        with os.fdopen(options.ready_fd, "w") as ready:
            ready.write(line + "\n")


def _start(fleet: Any, options: argparse.Namespace, identity: dict[str, Any], stopping: threading.Event) -> None:
    """The account is announced when its clusters answer, or cannot."""
    fleet.start_all()
    identity["notes"] += [one["failure"] for one in fleet.status() if one["failure"]]
    if not stopping.is_set():
        _announce(options, identity)


def _watch_parent(stopping: threading.Event) -> None:
    """An ephemeral account ends with its parent, however that ended, and then nobody else takes its folder away."""
    sys.stdin.buffer.read()
    stopping.set()


if __name__ == "__main__":
    sys.exit(main())
