"""Building the engine: with a Go that only pretends, so that what is tested is everything around it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import engine
from engine import build, programs, toolchain
from engine.errors import EngineError
from tests.unit.pretended_go import builds, pretend_go


@pytest.fixture
def go(tmp_path, monkeypatch):
    return pretend_go(tmp_path, monkeypatch)


def left_over() -> list[Path]:
    return list(programs.cache().glob(".building-*"))


PROCESS = """
from engine import build, programs
two = (programs.LANGUAGE_PYTHON, programs.PULUMI)
build.build_missing(lambda text: print(text, flush=True), lambda text: None, two)
"""


def another_process() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS], cwd=programs.HERE.parent, stdout=subprocess.PIPE, text=True
    )


def test_what_is_missing_is_built_named_and_timed(go):
    told: list[str] = []
    made = engine.ensure(report=told.append, tick=told.append)
    assert made.built
    assert {path.name for path in made.path[0].iterdir()} == {
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
    }
    assert told[0].startswith("building language-python, pulumi into")
    assert "language-python: building pulumi-language-python" in told
    assert any(line.startswith("pulumi: built in ") for line in told)
    assert left_over() == []


def test_how_long_it_may_take_is_said_for_what_is_missing_and_for_this_machine(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    assert build.expected(programs.PROGRAMS) == "with empty caches about 23 min on 2 idle cores"
    assert build.expected((programs.CHARTS,)) == "with empty caches about 1 min on 2 idle cores"


def test_a_second_call_builds_nothing_and_says_nothing(go):
    first = engine.ensure(report=lambda text: None)
    assert engine.ensure(report=pytest.fail) == first
    assert builds(go) == 2


def test_the_build_takes_versions_from_the_pins_and_modules_only_as_go_sum_says(go, monkeypatch):
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOOS", "plan9")
    engine.ensure(report=lambda text: None)
    log = (go / "log").read_text()
    assert f"version.Version=v{programs.ENGINE_VERSION}" in log
    assert "-trimpath" in log
    used = toolchain.environment()
    assert used["GOFLAGS"] == "-mod=readonly -buildvcs=false"
    assert used["GOTOOLCHAIN"] == "local"
    assert "GOOS" not in used


def test_what_go_is_at_is_told_while_it_works(go, monkeypatch):
    monkeypatch.setattr("engine.progress.TICK_SECONDS", 0.0)
    told: list[str] = []
    engine.ensure(report=lambda text: None, tick=told.append)
    assert any("pulumi: compiling (1 packages), now example.com/thing/inside, 0 s" in line for line in told)
    assert told[-1] == ""


def test_the_long_last_step_is_called_linking(go, monkeypatch):
    monkeypatch.setattr("engine.progress.TICK_SECONDS", 0.0)
    (go / "linking").touch()
    told: list[str] = []
    engine.ensure(report=lambda text: None, tick=told.append)
    assert "pulumi: linking (1 packages compiled), 0 s" in told


@pytest.mark.parametrize(
    ("said", "why", "do"),
    [
        ("main.go:1:1: syntax error", "main.go:1:1: syntax error", "SEEDBED_ENGINE=build"),
        ("dial tcp: lookup proxy: no such host", "could not be downloaded: no network", "check the connection"),
        ("write x: no space left on device", "the disk is full", "free 20 GB"),
        ("compile: signal: killed", "want of memory", "free 4 GB"),
        ("verifying x: checksum mismatch\nSECURITY ERROR", "not the one that go.sum pins", "do not go on"),
    ],
)
def test_a_failure_says_the_step_the_reason_and_what_to_do(go, said, why, do):
    (go / "fails").write_text(f"{said}\n")
    with pytest.raises(EngineError) as caught:
        engine.ensure(report=lambda text: None)
    assert caught.value.step == "engine/language-python: go build"
    assert why in caught.value.why
    assert said.splitlines()[0] in caught.value.why
    assert do in caught.value.do
    assert "example.com/thing/inside" not in str(caught.value)


def test_a_failed_build_leaves_nothing_and_the_next_one_goes_on_after_what_was_done(go):
    (go / "fails").write_text("broken\n")
    with pytest.raises(EngineError):
        engine.ensure(report=lambda text: None)
    assert left_over() == []
    assert engine.find() is None
    (go / "fails").unlink()
    assert engine.ensure(report=lambda text: None).built


def test_a_build_killed_in_the_middle_is_repaired_by_the_next(go):
    (go / "slow").touch()
    killed = another_process()
    while not (go / "slow.begun").exists():
        assert killed.poll() is None
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert left_over() != []
    (go / "slow").unlink()
    told: list[str] = []
    assert engine.ensure(report=told.append).built
    assert told[0] == f"another build runs (process {killed.pid}); waiting for it to end"  # its Go lives on
    assert left_over() == []


def test_two_builders_at_once_build_each_program_once(go):
    (go / "slow").touch()
    both = [another_process(), another_process()]
    said = [process.communicate(timeout=30)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert builds(go) == 2
    assert sum("another build runs" in text for text in said) == 1


def test_a_damaged_program_is_built_anew(go):
    made = engine.ensure(report=lambda text: None)
    (made.path[0] / "pulumi").unlink()
    (programs.PULUMI.finished() / "pulumi").unlink()
    assert engine.find() is None
    assert engine.ensure(report=lambda text: None) == made
    assert os.access(made.pulumi, os.X_OK)
    assert builds(go) == 3


def test_pins_that_change_during_the_build_do_not_pass_for_what_was_built(go, tmp_path, monkeypatch):
    for program in (programs.LANGUAGE_PYTHON, programs.PULUMI):
        shutil.copytree(program.folder, tmp_path / "here" / program.name)
    monkeypatch.setattr(programs, "HERE", tmp_path / "here")
    before = programs.PULUMI.finished()

    def edit(told: str) -> None:
        if told.startswith("pulumi: building"):
            with (tmp_path / "here" / "pulumi" / "go.mod").open("a") as pins:
                pins.write("// another version\n")

    with pytest.raises(EngineError, match=r"files beneath engine/ changed meanwhile[\s\S]*run this again"):
        engine.ensure(report=edit)
    assert before.is_dir()
    assert engine.find() is None


def test_a_cache_that_cannot_be_written_is_an_error_that_names_it(go, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SEEDBED_CACHE", str(tmp_path / "file"))
    with pytest.raises(EngineError, match=r"working in the cache .*file[\s\S]*SEEDBED_CACHE"):
        engine.ensure(report=lambda text: None)


def test_an_old_go_is_replaced_by_our_own_and_a_new_one_is_used(go, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(toolchain, "install_go", lambda report: asked.append("ours") or Path("/ours"))
    assert toolchain.find_go(asked.append) == go / "bin" / "go"
    (go / "bin" / "go").write_text("#!/bin/sh\necho go1.25.9\n")
    assert toolchain.find_go(asked.append) == Path("/ours")
    assert asked == [f"go: {go / 'bin' / 'go'} is go1.25.9, 1.26 or newer is needed; taking our own", "ours"]


@pytest.mark.parametrize(
    ("said", "numbers"),
    [("go1.26.8\n", (1, 26)), ("go1.27rc1", (1, 27)), ("devel go1.28-abc", (1, 28)), ("nothing", None)],
)
def test_a_go_version_is_read_in_all_its_forms(said, numbers):
    assert toolchain.version(said) == numbers


def test_without_go_and_without_pip_the_message_says_what_to_install(go, monkeypatch):
    (go / "bin" / "go").unlink()
    monkeypatch.setattr(sys, "executable", str(go / "no-python"))
    with pytest.raises(EngineError, match=r"install Go 1\.26 or newer, or pulumi 3\.200 or newer"):
        engine.ensure(report=lambda text: None)
