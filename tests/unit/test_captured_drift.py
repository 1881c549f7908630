"""What an endpoint is asked, from the connection to the watch for drift: as the pods have it, with a store on paper."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from components.serving import PROGRAMS
from lifecycle import watch_drift

LIFECYCLE = Path(__file__).parents[2] / "lifecycle"


class Aws(ThreadingHTTPServer):
    objects: dict[str, str]
    told: list[str]


class Answers(BaseHTTPRequestHandler):
    @property
    def aws(self) -> Aws:
        assert isinstance(self.server, Aws)
        return self.server

    def do_PUT(self) -> None:
        assert not [name for name in self.headers if "encryption" in name.lower()], "the bucket's default says it"
        assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.aws.objects[unquote(self.path).strip("/")] = body.decode()
        self._answer("")

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path).strip("/")
        if "list-type" not in parts.query:
            self._answer(self.aws.objects[path])
            return
        found = "".join(
            f"<Contents><Key>{key.partition('/')[2]}</Key><LastModified>2026-11-23T11:30:00Z</LastModified></Contents>"
            for key in self.aws.objects
            if key.startswith(f"{path}/credit/")
        )
        self._answer(f"<ListBucketResult>{found}</ListBucketResult>")

    def do_POST(self) -> None:
        self.aws.told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._answer("")

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def aws(monkeypatch) -> Iterator[Aws]:
    with Aws(("127.0.0.1", 0), Answers) as server:
        chance = random.Random(1)
        training = "".join(f"{chance.gauss(0, 1)},own\n" for _ in range(500))
        server.objects, server.told = {"reference/credit/train.csv": f"income,home\n{training}"}, []
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
            "AWS_DNS_SUFFIX": "amazonaws.com",
            "CAPTURED": "s3://capture/credit",
            "REFERENCE": "s3://reference/credit",
            "THRESHOLD": "0.3",
            "METRIC_NAMESPACE": "Seedbed/Drift",
            "METRIC": "Distance",
            "ENDPOINT": "seedbed-test/credit",
        }.items():
            monkeypatch.setenv(name, value)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def behind() -> Iterator[int]:
    """Port of a model's server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, connection.makefile("rb") as asked:
                    while head := asked.readline():
                        length = 0
                        while (head := asked.readline()).strip():
                            name, _, value = head.partition(b":")
                            length = int(value) if name.lower() == b"content-length" else length
                        asked.read(length)
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@pytest.fixture
def program(tmp_path, aws) -> Iterator[list[subprocess.Popen[str]]]:
    """Starts what the container `capture` runs, with nothing but the programs that its pod has."""
    (tmp_path / "lifecycle").mkdir()
    for name in PROGRAMS:
        (tmp_path / "lifecycle" / name).write_text((LIFECYCLE / name).read_text())
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def start(started: list[subprocess.Popen[str]], folder: Path, server_port: int) -> tuple[subprocess.Popen[str], int]:
    port = free_port()
    command = [sys.executable, "-m", "lifecycle.capture_requests", str(port), str(server_port), "100"]
    process = subprocess.Popen(
        [*command, "s3://capture/credit"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    started.append(process)
    assert process.stdout
    assert "are kept at s3://capture/credit" in process.stdout.readline()
    return process, port


def ask(port: int, body: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as heard:
        head = b"POST /v2/models/credit/infer HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)
        return heard.readline()


@pytest.mark.parametrize(("shift", "verdict"), [(0, "no drift: "), (2, "drift: income")])
def test_the_watch_for_drift_measures_what_an_endpoint_was_asked(
    aws, behind, program, tmp_path, capsys, shift, verdict
):
    chance = random.Random(2)
    process, port = start(program, tmp_path, behind)
    for _ in range(60):
        income = {"name": "income", "shape": [2], "datatype": "FP64", "data": [chance.gauss(shift, 1) for _ in "12"]}
        home = {"name": "home", "shape": [2], "datatype": "BYTES", "data": ["own", "own"]}
        assert b"200 OK" in ask(port, json.dumps({"inputs": [income, home]}).encode())
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    watch_drift.main()

    assert (process.returncode, said) == (0, "kept 60 requests\n")
    assert verdict in capsys.readouterr().out
    assert any("Distance" in told for told in aws.told)


def test_a_model_that_is_not_up_is_told_until_it_is(program, tmp_path):
    later = free_port()
    _, port = start(program, tmp_path, later)
    assert b"503 Service Unavailable" in ask(port, b"{}")

    with socket.create_server(("127.0.0.1", later)) as up, socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /v2/health/ready HTTP/1.1\r\n\r\n")
        connection, _ = up.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
