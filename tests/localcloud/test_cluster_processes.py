"""Child processes that are watched, and ports that are kept."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.clusters.ports import Ports
from localcloud.clusters.process import Crash, Process


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Waits for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not fetched does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def process(tmp_path):
    made: list[Process] = []

    def make(script: str, **more) -> Process:
        made.append(Process("thing", ["/bin/sh", "-c", script], tmp_path / "logs/thing.log", **more))
        return made[-1].start()

    yield make
    for one in made:
        one.stop(0)


def test_a_crash_is_told_with_the_end_of_the_log_and_the_process_starts_again(process):
    told: list[Crash] = []
    one = process("echo begun; sleep 0.1; echo 'no more memory'; exit 3", crashed=told.append)
    until(lambda: len(told) >= 2)
    assert (told[0].process, told[0].code) == ("thing", 3)
    assert "thing ended with code 3 and is started again" in str(told[0])
    assert told[0].tail == told[1].tail == "begun\nno more memory"
    assert one.restarts >= 2


def test_a_killed_process_is_told_by_its_signal(process):
    told: list[Crash] = []
    one = process("exec sleep 100", crashed=told.append)
    until(lambda: one.pid and b"sleep" in Path(f"/proc/{one.pid}/cmdline").read_bytes()[:5])
    first = one.pid
    one.kill()
    until(lambda: one.pid not in (None, first))
    assert "was ended by SIGKILL" in str(told[0])


def test_a_stopped_process_is_gone_and_stays_so(process):
    told: list[Crash] = []
    one = process("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done", crashed=told.append)
    until(lambda: one.tail() == "up")
    pid = one.pid
    one.stop()
    assert not is_alive(pid)
    assert (one.pid, one.tail(), told) == (None, "up\nbye", [])


def test_a_process_that_does_not_want_to_end_is_killed_after_its_grace(process):
    one = process("trap '' TERM; echo up; while :; do sleep 0.05; done")
    until(lambda: one.tail() == "up")
    pid = one.pid
    began = time.monotonic()
    one.stop(0.5)
    assert 0.4 < time.monotonic() - began < 5
    assert not is_alive(pid)


def test_it_sees_a_bare_environment(process, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    one = process("env; sleep 100", environment={"GIVEN": "yes"})
    until(lambda: "GIVEN=yes" in one.tail())
    assert "AWS_PROFILE" not in one.tail(50)


def test_a_process_dies_with_the_one_that_started_it_however_that_ends(tmp_path):
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom localcloud.clusters.process import Process\n"
        "one = Process('thing', ['/bin/sleep', '100'], Path(sys.argv[1])).start()\n"
        "while not one.pid or b'sleep' not in Path(f'/proc/{one.pid}/cmdline').read_bytes()[:12]: time.sleep(0.01)\n"
        "print(one.pid, flush=True)\ntime.sleep(100)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "thing.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
    until(lambda: not is_alive(pid))


def test_a_long_log_is_set_aside_at_a_start(process, tmp_path):
    log = tmp_path / "logs/thing.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * (9 * 1024 * 1024))
    one = process("echo new; sleep 100")
    until(lambda: one.tail() == "new")
    assert log.with_name("thing.log.1").stat().st_size == 9 * 1024 * 1024


def test_its_memory_is_told(process):
    one = process("exec sleep 100")
    until(lambda: one.pid and Path(f"/proc/{one.pid}/cmdline").read_bytes().startswith(b"sleep"))
    assert 0 <= one.memory_mib < 50
    assert os.getpid() != one.pid


def test_a_port_is_kept_and_another_is_picked_where_it_is_taken(tmp_path):
    file = tmp_path / "ports.json"
    first = Ports(file).of("apiserver")
    assert Ports(file).of("etcd") != first
    assert Ports(file).of("apiserver") == first
    with socket.create_server(("127.0.0.1", first)):
        moved = Ports(file).of("apiserver")
    assert moved != first
    assert Ports(file).of("apiserver") == moved
