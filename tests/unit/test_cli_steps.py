"""Steps, their durations, and streams whose reader leaves."""

import io
import os
import subprocess
import sys
import threading

import pytest
from rich.console import Console

from seedbed import steps
from seedbed.steps import ClosedPipeTolerant, Steps, duration


def logged(width=120):
    return Console(file=io.StringIO(), width=width, color_system=None)


def text(console):
    return console.file.getvalue()


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s")])
def test_a_duration_is_said_as_a_person_says_it(seconds, said):
    assert duration(seconds) == said


def test_a_short_step_is_one_line_without_a_duration():
    console = logged()
    with Steps(console, clock=lambda: 0.0).step("engine"):
        pass
    assert text(console) == "    ok engine\n"


def test_a_long_step_ends_with_the_time_it_took():
    console, now = logged(), iter([0.0, 65.0])
    with Steps(console, clock=lambda: next(now)).step("up"):
        pass
    assert text(console) == "    ok up · 1 min 05 s\n"


def test_a_step_of_a_command_for_machines_is_mentioned_only_when_it_is_long_or_fails():
    console, now = logged(), iter([0.0, 1.0, 0.0, 3.0, 0.0, 1.0])
    steps = Steps(console, clock=lambda: next(now), only_long_ones=True)
    with steps.step("short"):
        pass
    with steps.step("long"):
        pass
    with pytest.raises(ValueError, match="no"), steps.step("failing"):
        raise ValueError("no")
    assert text(console) == "    ok long · 3 s\nfailed failing\n"


def test_a_failing_step_says_so_and_lets_the_failure_through():
    console = logged()
    with pytest.raises(ValueError, match="no"), Steps(console, clock=lambda: 0.0).step("engine"):
        raise ValueError("no")
    assert text(console) == "failed engine\n"


def test_without_a_terminal_a_long_step_says_what_it_is_at(monkeypatch):
    monkeypatch.setattr(steps, "SILENT_SECONDS", 0.01)
    console, spoken = logged(), threading.Event()
    printed = console.print

    def hear(*words, **options):
        printed(*words, **options)
        spoken.set()

    monkeypatch.setattr(console, "print", hear)
    with Steps(console).step("up") as step:
        step.follow(lambda: "3 of 9 resources")
        assert spoken.wait(5)
    assert "   ... up · 0 s · 3 of 9 resources\n" in text(console)


def test_a_note_stays_on_the_screen_and_is_not_folded():
    console = logged(width=20)
    with Steps(console, clock=lambda: 0.0).step("engine") as step:
        step.note("compiling a program with a long name")
    assert text(console).splitlines()[0] == "compiling a program with a long name"


def test_a_terminal_too_narrow_for_a_step_cuts_it_and_goes_on():
    console = Console(file=io.StringIO(), width=12, force_terminal=True, color_system=None)
    with Steps(console).step("a step with a long title") as step:
        step.say("and much to say")
    assert "a step with a long title" in text(console)


def test_a_reader_that_leaves_neither_stops_nor_fails_the_command():
    program = (
        "import sys, time\n"
        "from seedbed.steps import ClosedPipeTolerant\n"
        "out = ClosedPipeTolerant(sys.stdout)\n"
        "out.write('first\\n'); out.flush(); sys.stdin.readline()\n"
        "for _ in range(3): out.write('x' * 100000); out.flush()\n"
        "print('went on', file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        assert process.stdin
        assert process.stderr
        assert process.stdout.readline() == "first\n"
        process.stdout.close()
        process.stdin.write("go\n")
        process.stdin.flush()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, "went on\n")


def test_a_tolerant_stream_is_the_stream_in_everything_else(tmp_path):
    with (tmp_path / "out").open("w") as file:
        stream = ClosedPipeTolerant(file)
        assert stream.isatty() is False
        assert stream.encoding == file.encoding
        assert os.fstat(stream.fileno()).st_size == 0
