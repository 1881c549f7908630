"""What runs on this machine for the environments, with the memory that it takes."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedbed.status.section import Line, Row, Section

HEAD = ("process", "pid", "memory", "state")
MIB = 1024
ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Process:
    """One process as the system shows it."""

    pid: int
    parent: int
    words: tuple[str, ...]
    """Its command line."""
    touched_kib: int | None = None
    """Memory that it touches, where that was told with the rest."""

    @property
    def name(self) -> str:
        """What a person calls it: the program, and of one that is many the part that it plays."""
        program = Path(self.words[0]).name if self.words else "process"
        if program == "kube" and len(self.words) > 1:
            return self.words[1]
        if re.fullmatch(r"python[0-9.]*", program) and "-m" in self.words[:-1]:
            return self.words[self.words.index("-m") + 1]
        return program

    @property
    def kib(self) -> int:
        """Its memory: its own and its part of what is shared, or, where that is not shown, all that it touches."""
        if self.touched_kib is not None:
            return self.touched_kib
        for file, start in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
            try:
                for line in (Path("/proc") / str(self.pid) / file).read_text().splitlines():
                    if line.startswith(start):
                        return int(line.split()[1])
            except OSError:
                continue
        return 0


def processes(roots: Mapping[int, str], told: Sequence[Mapping[str, Any]] = ()) -> Section:
    """The processes of the given numbers and all below them; `roots` names each by what it is.

    `told` is what the local cloud says of the processes of its clusters: their names, restarts, and those that do not
    run.
    """
    running = {one.pid: one for one in _all()}
    known = {one["pid"]: one for one in told if one.get("pid")}
    rows: list[Row] = []
    kib = 0
    seen: set[int] = set()
    for pid, name in sorted(roots.items()):
        if pid not in running:
            continue
        for one in (running[pid], *below(pid, running)):
            if one.pid in seen:
                continue
            seen.add(one.pid)
            taken = one.kib
            kib += taken
            about = known.get(one.pid, {})
            shown = name if one.pid == pid else f"  {about.get('name') or one.name}"
            restarts = about.get("restarts") or 0
            state = f"runs, started again {restarts} times" if restarts else "runs"
            rows.append(Row((shown, str(one.pid), memory(taken), state), None if restarts else True))
    if len(rows) > 1:
        rows.append(Row((f"{len(rows)} processes", "", memory(kib), "")))
    for one in told:
        if not one.get("pid"):
            words = str(one.get("tail") or "").strip().splitlines()
            why = f": {words[-1]}" if words else ""
            rows.append(Row((f"  {one['name']}", "-", "-", f"does not run{why}"), False))
    if not rows:
        return Section("local processes", [Line("local processes", "none")])
    return Section("local processes", [], HEAD, rows)


def told_by(endpoint: str) -> list[dict[str, Any]]:
    """What the local cloud says of the processes of its clusters; nothing where it does not answer."""
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with no_proxy.open(f"{endpoint}/_localcloud/processes", timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)["processes"]
    except (OSError, ValueError, KeyError):
        return []


def memory(kib: float) -> str:
    """Memory in words: `210 MiB`, `1.25 GiB`."""
    mib = kib / MIB
    return f"{mib:.0f} MiB" if mib < MIB else f"{mib / MIB:.2f} GiB"


def below(pid: int, running: Mapping[int, Process]) -> Iterator[Process]:
    """The children of a process, theirs after each."""
    for one in sorted(running.values(), key=lambda process: process.pid):
        if one.parent == pid and one.pid != pid:
            yield one
            yield from below(one.pid, running)


def _all() -> Iterator[Process]:
    if not Path("/proc/self").exists():
        yield from _by_ps()
        return
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state = (folder / "stat").read_text().rpartition(")")[2].split()
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if words[:-1]:
                yield Process(int(folder.name), int(state[1]), tuple(words[:-1]))


def _by_ps() -> Iterator[Process]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss=,command="], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        pid, parent, kib, *words = line.split()
        yield Process(int(pid), int(parent), tuple(words), int(kib))
