"""What the policies cost: the packs as the engine asks them, and an offline judgement against checkov.

    .venv/bin/python -m benchmarks.policies [ROUNDS]

Goals are judged by seconds of processor time, because other work on the machine stretches those of the wall; ends with
exit code 1 where one is missed. All variants take turns in one run. checkov, in an environment of its own
(requirements/install checkov), reads prod as a Terraform plan and as manifests; `judgement` reads the same resources
from a file, while `seedbed check` runs the whole program first, which checkov leaves to Terraform.
"""

import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from benchmarks.declared import doubled, keep, made
from benchmarks.interleaved import Seconds, rounds, timed
from benchmarks.packs import OBJECTIONS
from benchmarks.preview import ROOT
from policies.rule import PACKS, Resource, Stack
from referees.checkov import CLOSED, PROGRAM
from referees.manifests import manifests
from referees.plan import plan
from seedbed.check import configuration, seen
from seedbed.machine import charts_at_hand
from seedbed.rehearsal import rehearse_environment

ENVIRONMENT = "prod"

EACH = 1.2
"""Goal: milliseconds of the four packs together for a resource that a provider makes, before it is made."""

ALL = 10.0
"""Goal: seconds of the four packs together for a thousand resources, from the first to the verdict on the stack."""

SHARE = 0.2
"""Goal: of the time of checkov, on as many resources."""

CHECK = 10.0
"""Goal: seconds of `seedbed check prod`."""

DECODED = "prod, decoded by the SDK"
"""The packs on an SDK that nobody keeps from decoding inputs anew for each policy, for comparison."""

CALLS = ("Remediate", "Analyze", "AnalyzeStack")
Costs = Mapping[str, Mapping[str, float]]
"""Pack -> call -> seconds of processor time, and the number of objections."""


def main() -> int:
    """Measure; exit code 1 where a goal is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    if not PROGRAM.exists():
        raise SystemExit(f"{PROGRAM} is not there; run: requirements/install checkov")
    shipped = declared()
    sizes = {"prod": shipped, "prod twice": doubled(shipped)}
    costs: dict[str, list[Costs]] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        files = {name: keep(some, place / f"{name.replace(' ', '-')}.json") for name, some in sizes.items()}
        template = templates(shipped, place / "template")
        variants = {name: asking(file, costs.setdefault(name, [])) for name, file in files.items()}
        variants[DECODED] = asking(files["prod"], costs.setdefault(DECODED, []), "decoded")
        variants["judgement"] = running([sys.executable, "-m", "benchmarks.judgement", str(files["prod"])])
        variants["seedbed check"] = running([str(ROOT / ".venv" / "bin" / "seedbed"), "check", ENVIRONMENT])
        variants["checkov"] = scanning(place / "template", place / "report")
        times = rounds(variants, count)
        scanned = counted(place / "report")
    assert scanned >= template, f"checkov looked at {scanned} resources, the template has {template}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores,", end=" ")
    print(f"{count} interleaved rounds; load {os.getloadavg()[0]:.1f}; seconds of processor time, medians")
    numbers = {name: made(some) for name, some in sizes.items()}
    missed = [said for name in sizes for said in packs(name, costs[name][1:], numbers[name])]
    packs(DECODED, costs[DECODED][1:], numbers["prod"])
    for name in ("prod", DECODED):
        assert not any(pack[OBJECTIONS] for one in costs[name] for pack in one.values()), f"{name}: packs object to it"
    print(f"\n{numbers['prod']} resources in prod, {template} of them in the template")
    missed += scanners({name: times[name] for name in ("judgement", "seedbed check", "checkov")})
    for one in missed:
        print(f"MISSED: {one}")
    return int(bool(missed))


def declared() -> Sequence[Resource]:
    """What the shipped environment declares, as the policies see it."""
    with charts_at_hand():
        rehearsal = rehearse_environment(ENVIRONMENT, configuration(ROOT / f"Pulumi.{ENVIRONMENT}.yaml"))
    return seen(ENVIRONMENT, rehearsal).resources


def templates(resources: Sequence[Resource], folder: Path) -> int:
    """Write the Terraform plan and the manifests of resources; gives how many resources are in them.

    Definitions of kinds are in none, and neither are providers and what Terraform has no type for.
    """
    folder.mkdir()
    stack = Stack(resources)
    planned, objects = plan(stack), manifests(stack)
    (folder / "plan.json").write_text(json.dumps(planned.document))
    (folder / "objects.yaml").write_text(yaml.safe_dump_all(objects.values()))
    return len(planned.addresses) + len(objects)


def asking(file: Path, costs: list[Costs], *how: str) -> Callable[[], Seconds]:
    """What asks the four packs about all resources of a file, one pack after the other, and keeps its calls' cost."""

    def ask() -> Seconds:
        found, wall, cpu = {}, 0.0, 0.0
        for pack in PACKS:
            into = file.with_suffix(f".{pack}")
            took = timed([sys.executable, "-m", "benchmarks.packs", pack, file, into, *how], ROOT, os.environ)
            found[pack], wall, cpu = json.loads(into.read_text()), wall + took[0], cpu + took[1]
        costs.append(found)
        return wall, cpu

    return ask


def running(command: Sequence[str]) -> Callable[[], Seconds]:
    return lambda: timed(command, ROOT, os.environ)


def scanning(folder: Path, report: Path) -> Callable[[], Seconds]:
    """What runs checkov over a folder, with all its checks for plans and manifests and no way to call home."""
    frameworks = ["--framework", "terraform_plan", "kubernetes"]
    quiet = ["--skip-download", "--compact", "--soft-fail", "--quiet", "-o", "json", "--output-file-path", str(report)]
    closed = {"HTTP_PROXY": CLOSED, "HTTPS_PROXY": CLOSED, "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"}
    environment = {"PATH": os.defpath, "HOME": str(report.parent), **closed, "LOG_LEVEL": "ERROR"}
    return lambda: timed([PROGRAM, "-d", folder, *frameworks, *quiet], folder, environment)


def counted(report: Path) -> int:
    """How many resources checkov says that it looked at."""
    found = json.loads((report / "results_json.json").read_text())
    return sum(one["summary"]["resource_count"] for one in (found if isinstance(found, list) else [found]))


def packs(name: str, costs: Sequence[Costs], resources: int) -> list[str]:
    """Print what each pack cost; gives the goals that were missed, in words."""
    print(f"\n{f'{name}, {resources} resources':40}" + "".join(f"{call:>14}" for call in CALLS))
    for pack in PACKS:
        middle = [statistics.median(one[pack][call] for one in costs) for call in CALLS]
        print(f"  {pack:38}" + "".join(f"{seconds:12.2f} s" for seconds in middle))
    before = [sum(one[pack][call] for pack in PACKS for call in CALLS[:2]) for one in costs]
    whole = [sum(one[pack][call] for pack in PACKS for call in CALLS) for one in costs]
    each, thousand = [1000 * one / resources for one in before], [1000 * one / resources for one in whole]
    print(f"  a resource, before it is made: {statistics.median(each):.2f} ms (from {min(each):.2f}; goal {EACH})")
    print(f"  a thousand, in all: {statistics.median(thousand):.2f} s (from {min(thousand):.2f}; goal {ALL:.0f})")
    goals = [
        (statistics.median(each) <= EACH, f"{name}: {statistics.median(each):.2f} ms a resource, allowed is {EACH}"),
        (statistics.median(thousand) <= ALL, f"{name}: {statistics.median(thousand):.2f} s a thousand resources"),
    ]
    return [said for met, said in goals if not met]


def scanners(times: Mapping[str, Sequence[Seconds]]) -> list[str]:
    """Print each program beside checkov; gives the goals that were missed, in words."""
    walls = {name: [wall for wall, _ in some] for name, some in times.items()}
    cpus = {name: statistics.median(cpu for _, cpu in some) for name, some in times.items()}
    for name, cpu in cpus.items():
        print(
            f"  {name:14} processor {cpu:6.2f} s, {cpu / cpus['checkov']:.3f} of checkov; "
            f"wall median {statistics.median(walls[name]):6.2f} s, minimum {min(walls[name]):6.2f} s"
        )
    share = cpus["judgement"] / cpus["checkov"]
    goals = [
        (share <= SHARE, f"the judgement takes {share:.3f} of checkov, allowed is {SHARE}"),
        (cpus["seedbed check"] <= CHECK, f"seedbed check takes {cpus['seedbed check']:.1f} s, allowed is {CHECK:.0f}"),
    ]
    return [said for met, said in goals if not met]


if __name__ == "__main__":
    raise SystemExit(main())
