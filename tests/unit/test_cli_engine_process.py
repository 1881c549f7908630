"""The engine as a process, with scripts in its place."""

import json
import os
import signal
import subprocess
import threading
import time

import pytest
from pulumi.automation.errors import CommandError, ConcurrentUpdateError

from seedbed.engine_process import RUN_VARIABLE, EngineCommand, alive, end, survivors
from tests.unit.clone import engine_of


@pytest.fixture
def command(tmp_path):
    def of(script):
        engine = engine_of(script, tmp_path / "bin")
        return EngineCommand(engine.pulumi, engine.version, tmp_path / "run" / "local.json")

    return of


@pytest.fixture
def record(tmp_path):
    return tmp_path / "run" / "local.json"


def test_the_engine_gets_the_given_environment_and_nothing_of_the_users(command, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    result = command("/usr/bin/env").run(["up"], str(tmp_path), {"AWS_REGION": "eu-central-1"})
    given = dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)
    assert given["AWS_REGION"] == "eu-central-1"
    assert "AWS_PROFILE" not in given
    assert "HOME" not in given
    assert len(given[RUN_VARIABLE]) == 32


def test_the_engine_is_never_asked_to_prompt(command, tmp_path):
    assert command('echo "$@"').run(["stack", "ls"], str(tmp_path), {}).stdout == "--non-interactive stack ls"


def test_a_failing_engine_raises_the_error_that_the_automation_api_knows(command, tmp_path):
    failing = command("echo 'error: the stack is currently locked by 1 lock(s)' >&2; exit 255")
    with pytest.raises(ConcurrentUpdateError):
        failing.run(["up"], str(tmp_path), {})
    assert failing.words == "error: the stack is currently locked by 1 lock(s)"
    assert failing.killed_by == 0


def test_a_run_that_ends_leaves_no_record_and_one_that_is_killed_does(command, tmp_path, record):
    with pytest.raises(CommandError):
        command("exit 1").run(["up"], str(tmp_path), {})
    assert not record.exists()
    killed = command("kill -9 $$")
    with pytest.raises(CommandError):
        killed.run(["up"], str(tmp_path), {})
    assert killed.killed_by == signal.SIGKILL
    assert json.loads(record.read_text())["command"] == "up"


def test_a_command_that_changes_nothing_leaves_the_record_of_another_alone(command, tmp_path, record):
    record.parent.mkdir()
    record.write_text("another's")
    command("true").run(["stack", "output"], str(tmp_path), {})
    assert record.read_text() == "another's"


def test_what_a_killed_engine_left_running_is_found_and_ended(command, tmp_path, record):
    # The child has a process group of its own and the pipe closed, as a provider has.
    script = "setsid sleep 60 >/dev/null 2>&1 </dev/null & sleep 0.1; kill -9 $$"
    with pytest.raises(CommandError):
        command(script).run(["up"], str(tmp_path), {"PATH": os.environ["PATH"]})
    left = survivors(record)
    assert list(left.values()) == ["sleep"]
    end(left)
    assert not any(map(alive, left))
    assert survivors(record) == {}


def test_a_process_of_somebody_else_is_never_taken_for_one_of_the_run(record):
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        record.parent.mkdir()
        record.write_text(json.dumps({"pid": other.pid, "run": "0" * 32}))
        assert survivors(record) == {}
        other.terminate()


@pytest.mark.parametrize("words", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "run": "y"}'])
def test_a_record_cut_short_names_nobody(record, words):
    record.parent.mkdir()
    record.write_text(words)
    assert survivors(record) == {}


def test_an_interruption_is_passed_to_the_engine_once_and_it_ends_what_it_began(command, tmp_path):
    marker = tmp_path / "ready"
    interrupted = command(f"trap 'echo ended well; exit 3' INT; touch {marker}; while :; do sleep 0.05; done")
    before = signal.getsignal(signal.SIGINT)

    def press() -> None:
        while not marker.exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(CommandError, match="ended well"):
        interrupted.run(["up"], str(tmp_path), {"PATH": os.environ["PATH"]})
    presser.join()
    assert interrupted.interrupted
    assert signal.getsignal(signal.SIGINT) is before
