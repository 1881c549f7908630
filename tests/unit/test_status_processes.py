"""What runs on this machine, as `seedbed status` shows it."""

import os
import subprocess
import sys

import pytest

from seedbed.status.processes import Process, memory, processes, told_by
from seedbed.status.section import Line, Row, Section


def test_processes_of_this_machine_are_told_with_those_below_them_and_their_memory():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            for _ in range(200):
                section = processes({process.pid: "local cloud", 2**22 + 1: "nobody"})
                if len(section.rows) > 2:
                    break
        finally:
            process.communicate(b"\n")
    first, below, together = (row.cells for row in section.rows)
    assert first[:2] == ("local cloud", str(process.pid))
    assert below[0].strip().startswith("python")
    assert together[0] == "2 processes"
    assert all(cells[2].endswith("MiB") and cells[2] != "0 MiB" for cells in (first, below, together))


def test_what_the_local_cloud_says_of_its_processes_stands_beside_what_the_system_shows():
    told = [
        {"name": "apiserver", "pid": os.getpid(), "restarts": 2},
        {"name": "kueue", "pid": None, "restarts": 9, "tail": "starting\nno certificate\n"},
    ]
    rows = processes({os.getppid(): "local cloud"}, told).rows
    (ours,) = [row for row in rows if row.cells[1] == str(os.getpid())]
    assert (ours.cells[0], ours.cells[3], ours.good) == ("  apiserver", "runs, started again 2 times", None)
    assert rows[-1] == Row(("  kueue", "-", "-", "does not run: no certificate"), False)


def test_a_local_cloud_that_does_not_answer_tells_nothing_of_its_processes():
    assert told_by("http://127.0.0.1:9") == []


def test_where_nothing_runs_that_is_said():
    assert processes({}) == Section("local processes", [Line("local processes", "none")])


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("/cache/kube", "apiserver", "--x"), "apiserver"),
        (("/cache/kwok", "--config"), "kwok"),
        (("/usr/bin/python3.11", "-m", "localcloud.server", "--state"), "localcloud.server"),
    ],
)
def test_a_process_is_called_by_the_part_that_it_plays(words, name):
    assert Process(os.getpid(), 1, words).name == name


def test_memory_is_said_in_the_unit_that_fits():
    assert [memory(kib) for kib in (210 * 1024, 1536 * 1024)] == ["210 MiB", "1.50 GiB"]
