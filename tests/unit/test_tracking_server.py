"""The process of a tracking server, shown on a small server that stands in for MLflow's."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seedbed.failures import RefusedError
from seedbed.tracking_server import Gone, Server, ServerProcess

ABOUT = {"store": "sqlite 3", "artifacts": "s3://bucket/tracking", "endpoint": ""}
ANSWERS = """
import http.server, os, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ.get("MLFLOW_BACKEND_STORE_URI", "").encode())
subprocess.Popen(["sleep", "600"])
print("up", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""


@pytest.fixture
def program(tmp_path) -> Callable[[str], Path]:
    def written(code: str) -> Path:
        file = tmp_path / "mlflow"
        file.write_text(f"#!{sys.executable}\n{code}\n")
        file.chmod(0o755)
        return file

    return written


@pytest.fixture
def server(tmp_path) -> Iterator[ServerProcess]:
    folder = tmp_path / "state"
    folder.mkdir()
    made = ServerProcess(folder)
    yield made
    made.stop()


def start(server: ServerProcess, program: Path, **variables: str) -> Server:
    return server.start(program, variables, ABOUT, lambda _: None)


def test_it_is_found_where_it_says_and_stopped_with_all_that_it_began(server, program):
    made = start(server, program(ANSWERS))
    assert server.status() == made
    begun = server._processes()
    assert len(begun) == 2
    server.stop()
    assert server.status() is None
    assert not any(Path(f"/proc/{pid}/exe").exists() for pid in begun)


def test_the_address_stays_over_a_restart(server, program):
    first = start(server, program(ANSWERS))
    server.stop()
    assert start(server, program(ANSWERS)).url == first.url


def test_one_that_died_is_told_with_the_end_of_its_log_and_leaves_nothing_behind(server, program):
    made = start(server, program(ANSWERS))
    os.kill(made.pid, signal.SIGKILL)
    found = server.status()
    while not isinstance(found, Gone):
        time.sleep(0.01)
        found = server.status()
    assert (found.pid, found.tail.splitlines()[0]) == (made.pid, "up")
    assert len(server._processes()) == 1
    again = start(server, program(ANSWERS))
    assert server.status() == again
    assert len(server._processes()) == 2


def test_a_start_that_fails_shows_the_end_of_the_log(server, program):
    with pytest.raises(RefusedError, match=r"(?s)ended while it was starting.*no such table: runs"):
        start(server, program("import sys; sys.exit('no such table: runs')"))
    assert server.status() is None


def test_one_that_ignores_the_wish_to_end_is_killed(server, program, monkeypatch):
    monkeypatch.setattr("seedbed.tracking_server.STOP_SECONDS", 0.2)
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    start(server, program(deaf + ANSWERS))
    server.stop()
    assert server._processes() == []


def test_it_gets_the_stores_address_and_nothing_of_the_users_cloud(server, program, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("MLFLOW_BACKEND_STORE_URI", "mine")
    made = start(server, program(ANSWERS), MLFLOW_BACKEND_STORE_URI="sqlite:////x", AWS_REGION="eu-central-1")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(made.url, timeout=5) as answer:
        assert answer.read() == b"sqlite:////x"
    given = dict(one.split("=", 1) for one in Path(f"/proc/{made.pid}/environ").read_text().split("\0") if "=" in one)
    assert "AWS_PROFILE" not in given
    assert given["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert given["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    command = subprocess.run(["ps", "-o", "args=", "-p", str(made.pid)], capture_output=True, text=True, check=True)
    assert "sqlite:////x" not in command.stdout
