"""Two programs timed in turns, and what may be said of them afterwards."""

import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

NOISY = 1.25
"""A baseline whose median exceeds its minimum by more says that the machine was busy: no verdict on wall time then."""

Seconds = tuple[float, float]
"""Wall, and CPU of all processes that were started and waited for."""


def timed(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> Seconds:
    """Run a command to its end; one that fails ends the benchmark with all that it said."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rounds(variants: Mapping[str, Callable[[], Seconds]], count: int) -> dict[str, list[Seconds]]:
    """Seconds of each variant, one after the other in every round, each once before without being counted."""
    for run in variants.values():  # compiles Python, fills the page cache
        run()
    times: dict[str, list[Seconds]] = {name: [] for name in variants}
    for _ in range(count):
        for name, run in variants.items():
            times[name].append(run())
    return times


def verdict(times: Mapping[str, Sequence[Seconds]], ours: str, baseline: str, *, goal: float, resources: int) -> int:
    """Print medians and ratios; give 1 where `ours` takes more than `goal` times as long as `baseline`."""
    walls = {name: [wall for wall, _ in measured] for name, measured in times.items()}
    cpus = {name: statistics.median(cpu for _, cpu in measured) for name, measured in times.items()}
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, {resources} resources,", end=" "
    )
    print(f"{len(walls[baseline])} interleaved rounds; load {os.getloadavg()[0]:.1f}")
    for name, wall in walls.items():
        middle = statistics.median(wall)
        print(f"{name:12} wall median {middle:6.2f} s, minimum {min(wall):6.2f} s; CPU {cpus[name]:6.2f} s")
    pairs = [a / b for a, b in zip(walls[ours], walls[baseline], strict=True)]
    cpu = cpus[ours] / cpus[baseline]
    print(f"{ours} / {baseline}: wall {statistics.median(pairs):.3f} (median of pairs), CPU {cpu:.3f}; goal {goal:.2f}")
    if statistics.median(walls[baseline]) > NOISY * min(walls[baseline]):
        print("no verdict on wall time: the machine was too busy (the baseline's median is 25 % above its minimum)")
        return int(cpu > goal)
    return int(statistics.median(pairs) > goal)
