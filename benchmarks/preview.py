"""Preview of an environment made of components against the same resources written bare, in one interleaved run.

    .venv/bin/python -m benchmarks.preview [ROUNDS]

Prints both medians and their ratio (goal: at most 1.10). The bare program is generated from the environment's own
registrations: plain `aws.*` calls, the same inputs, the same references, no component, no settings file, no model.
"""

import json
import keyword
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi
import yaml

import engine
import localcloud
from seedbed.rehearsal import Declared, rehearse_environment

ROOT = Path(__file__).parents[1]
ENVIRONMENT = "local"
GOAL = 1.10
"""More than this, components to bare, ends the benchmark with exit code 1."""

NOISY = 1.25
"""A round of the baseline whose median exceeds its minimum by more says that the machine was busy: no verdict then."""


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    config = yaml.safe_load((ROOT / f"Pulumi.{ENVIRONMENT}.yaml").read_text())["config"]
    plain = {k: v if isinstance(v, str) else json.dumps(v) for k, v in config.items()}
    resources = rehearse_environment(ENVIRONMENT, plain).resources
    found = engine.ensure(report=print)
    with tempfile.TemporaryDirectory() as folder, localcloud.temporary() as account:
        place = Path(folder).resolve()
        (place / "bare").mkdir()
        (place / "bare" / "__main__.py").write_text(bare_program(resources))
        variants = {"components": ROOT / "stacks" / "environment", "bare": place / "bare"}
        environment = variables(found, account, config["aws:region"], place)
        for name, main_folder in variants.items():
            project(place / name / "project", main_folder, config, environment)
        for name in variants:  # not counted: compiles Python, fills the page cache
            preview(place / name / "project", environment)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
        for _ in range(rounds):
            for name in variants:
                times[name].append(preview(place / name / "project", environment))
    return report(times, sum(r.custom for r in resources))


def variables(found: engine.Engine, account: localcloud.Running, region: str, place: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_"))}
    return {
        **kept,
        **localcloud.provider_environment(account, region),
        "PATH": os.pathsep.join([str(ROOT / ".venv" / "bin"), *map(str, found.path), kept["PATH"]]),
        "VIRTUAL_ENV": str(ROOT / ".venv"),
        "PULUMI_HOME": str(place / "home"),
        "PULUMI_BACKEND_URL": place.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "benchmark",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def project(folder: Path, main_folder: Path, config: dict[str, Any], environment: dict[str, str]) -> None:
    """A project of its own for a variant, with an empty stack."""
    folder.mkdir(parents=True)
    runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    described = {"name": f"bench-{folder.parent.name}", "runtime": runtime, "main": str(main_folder)}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(described))
    (folder / f"Pulumi.{ENVIRONMENT}.yaml").write_text(yaml.safe_dump({"config": config}))
    subprocess.run(
        ["pulumi", "stack", "init", ENVIRONMENT], cwd=folder, env=environment, check=True, capture_output=True
    )


def preview(folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU seconds of one preview; CPU is of all processes that it started and waited for."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        ["pulumi", "preview", "--stack", ENVIRONMENT, "--non-interactive", "--suppress-progress"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout + done.stderr
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report(times: dict[str, list[tuple[float, float]]], count: int) -> int:
    walls = {name: [w for w, _ in measured] for name, measured in times.items()}
    cpus = {name: statistics.median(c for _, c in measured) for name, measured in times.items()}
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, {count} resources,", end=" ")
    print(f"{len(walls['bare'])} interleaved rounds; load {os.getloadavg()[0]:.1f}")
    for name, wall in walls.items():
        middle = statistics.median(wall)
        print(f"{name:12} wall median {middle:6.2f} s, minimum {min(wall):6.2f} s; CPU {cpus[name]:6.2f} s")
    pairs = [a / b for a, b in zip(walls["components"], walls["bare"], strict=True)]
    cpu = cpus["components"] / cpus["bare"]
    print(f"components / bare: wall {statistics.median(pairs):.3f} (median of pairs), CPU {cpu:.3f}")
    if statistics.median(walls["bare"]) > NOISY * min(walls["bare"]):
        print("no verdict on wall time: the machine was too busy (the baseline's median is 25 % above its minimum)")
        return int(cpu > GOAL)
    return int(statistics.median(pairs) > GOAL)


def bare_program(resources: Sequence[Declared]) -> str:
    """The same custom resources as plain calls, each after what it needs."""
    lines = ["import pulumi", "import pulumi_aws as aws", "made = {}"]
    known: set[str] = set()
    waiting = [r for r in resources if r.custom]
    urns = {r.urn for r in waiting}
    while waiting:
        ready = [r for r in waiting if not (_needs(r) & urns) - known]
        assert ready, "a circle among the resources"
        lines += [_call(r, urns) for r in ready]
        known |= {r.urn for r in ready}
        waiting = [r for r in waiting if r.urn not in known]
    return "\n".join(lines) + "\n"


def _needs(declared: Declared) -> set[str]:
    return {u for urns in declared.dependencies.values() for u in urns} | set(declared.depends_on)


def _call(declared: Declared, urns: set[str]) -> str:
    if declared.type == "pulumi:providers:aws":
        inputs = {k: v for k, v in declared.inputs.items() if k not in ("version", "pluginDownloadURL")}
        decoded = {
            k: json.loads(v) if isinstance(v, str) and v[:1] in "[tf0123456789" else v for k, v in inputs.items()
        }
        arguments = ", ".join(f"{_snake(k)}={v!r}" for k, v in decoded.items())
        return f"made[{declared.urn!r}] = provider = aws.Provider('aws', {arguments})"
    token = re.fullmatch(r"aws:(\w+)/\w+:(\w+)", declared.type)
    assert token, f"{declared.urn}: the bare program knows aws types only"
    module, kind = token.groups()
    arguments = []
    for key, value in declared.inputs.items():
        behind = [u for u in declared.dependencies.get(key, ()) if u in urns]
        arguments.append(f"{_snake(key)}={_value(value, iter(behind))}")
    after = sorted(set(declared.depends_on) & urns - {u for us in declared.dependencies.values() for u in us})
    depends = f", depends_on=[{', '.join(f'made[{u!r}]' for u in after)}]" if after else ""
    options = f"opts=pulumi.ResourceOptions(provider=provider{depends})"
    return f"made[{declared.urn!r}] = aws.{module}.{kind}({declared.name!r}, {', '.join([*arguments, options])})"


def _value(value: Any, behind: Any) -> str:
    """A literal, with the resources behind it in the places that only the cloud knows."""
    if isinstance(value, pulumi.output.Unknown):
        return f"made[{next(behind)!r}].id"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_value(v, behind)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(v, behind) for v in value) + "]"
    return repr(value)


def _snake(name: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return f"{snake}_" if keyword.iskeyword(snake) else snake


if __name__ == "__main__":
    raise SystemExit(main())
