"""The command line of the engine: what is there, and what may go."""

from pathlib import Path

import pytest

from engine import __main__ as command
from engine import programs


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine with an empty cache and nothing on PATH."""
    monkeypatch.setenv("SEEDBED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("SEEDBED_ENGINE", raising=False)


def complete(wanted: tuple[programs.Program, ...]) -> None:
    """Put the finished files of some programs into the cache, and side by side."""
    for program in wanted:
        for name in (*program.executables, *program.data):
            executable(program.finished() / name)
        for name in program.executables:
            executable(programs.together(wanted) / name)


def executable(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)


def test_without_an_engine_it_is_said_how_to_build_one(capsys):
    assert command.run("find") == 1
    assert "python -m engine" in capsys.readouterr().out


def test_what_is_there_is_listed_with_its_place_and_what_is_not_with_what_to_do(capsys):
    complete(programs.ENGINE)
    assert command.run("find") == 0
    said = capsys.readouterr().out
    assert f"helm     {programs.together(programs.ENGINE) / 'helm'}\n" in said
    assert f"charts   {programs.charts()}\n" in said
    assert "cluster  not built; build it with: python -m engine\n" in said


def test_a_check_without_built_providers_says_how_to_build_them(capsys):
    assert command.run("check") == 1
    assert "SEEDBED_ENGINE=build python -m engine" in capsys.readouterr().out


def test_cleaning_leaves_what_this_checkout_uses_with_a_cluster_and_without(capsys):
    used = (programs.PROGRAMS, programs.RENDERING)
    for wanted in used:
        complete(wanted)
    strays = [programs.cache() / name for name in ("kube-0123456789abcdef", "bin-0123456789abcdef")]
    for stray in (*strays, programs.cache() / "go-0123"):
        stray.mkdir()
    assert command.run("clean") == 0
    said = capsys.readouterr().out
    assert all(str(stray) in said for stray in strays)
    assert not any(stray.exists() for stray in strays)
    assert (programs.cache() / "go-0123").exists()
    assert all(programs.is_complete(wanted) for wanted in used)


def test_an_unknown_word_is_answered_with_those_that_there_are(capsys):
    assert command.run("biuld") == 2
    said = capsys.readouterr().out
    assert '"biuld" is no command.' in said
    assert "python -m engine clean" in said
