"""Preview of an environment made of components against the same resources written bare, in one interleaved run.

    .venv/bin/python -m benchmarks.preview [ROUNDS]

Prints both medians and their ratio (goal: at most 1.10). The bare program is generated from the environment's own
registrations: plain calls of the SDKs, the same inputs, the same references, no component, no settings file, no model.
"""

import itertools
import json
import keyword
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pulumi
import yaml

import engine
import localcloud
from benchmarks.interleaved import Seconds, rounds, timed, verdict
from benchmarks.makespan import rehearsed
from seedbed.engine_home import engine_home
from seedbed.rehearsal import Declared
from seedbed.workspace import chart_variables

ROOT = Path(__file__).parents[1]
ENVIRONMENT = "local"
GOAL = 1.10
"""More than this, components to bare, ends the benchmark with exit code 1."""


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    config = yaml.safe_load((ROOT / f"Pulumi.{ENVIRONMENT}.yaml").read_text())["config"]
    resources = rehearsed(ENVIRONMENT)
    found = engine.ensure(report=print)
    with tempfile.TemporaryDirectory() as folder, localcloud.temporary() as account:
        place = Path(folder).resolve()
        (place / "bare").mkdir()
        (place / "bare" / "__main__.py").write_text(bare_program(resources))
        variants = {"components": ROOT / "stacks" / "environment", "bare": place / "bare"}
        environment = variables(found, account, config["aws:region"], place)
        for name, main_folder in variants.items():
            project(place / name / "project", main_folder, config, environment)
        times = rounds({name: previewing(place / name / "project", environment) for name in variants}, count)
    return verdict(times, "components", "bare", goal=GOAL, resources=sum(r.custom for r in resources))


def variables(found: engine.Engine, account: localcloud.Running, region: str, place: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_"))}
    return {
        **kept,
        **localcloud.provider_environment(account, region),
        **chart_variables(found),
        "PATH": os.pathsep.join([str(ROOT / ".venv" / "bin"), *map(str, found.path), kept["PATH"]]),
        "VIRTUAL_ENV": str(ROOT / ".venv"),
        "PULUMI_HOME": str(engine_home(place / "home")),
        "PULUMI_BACKEND_URL": place.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "benchmark",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def project(
    folder: Path,
    main_folder: Path,
    config: dict[str, Any],
    environment: dict[str, str],
    stack: str = ENVIRONMENT,
) -> None:
    """A project of its own for a variant, with an empty stack."""
    folder.mkdir(parents=True)
    runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    described = {"name": f"bench-{folder.parent.name}", "runtime": runtime, "main": str(main_folder)}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(described))
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))
    subprocess.run(["pulumi", "stack", "init", stack], cwd=folder, env=environment, check=True, capture_output=True)


def previewing(folder: Path, environment: dict[str, str], stack: str = ENVIRONMENT) -> Callable[[], Seconds]:
    """What runs and times one preview of a project."""
    words = ["pulumi", "preview", "--stack", stack, "--non-interactive", "--suppress-progress"]
    return lambda: timed(words, folder, environment)


def bare_program(resources: Sequence[Declared]) -> str:
    """The same custom resources as plain calls, each after what it needs."""
    lines = ["import pulumi", "import pulumi_aws as aws", "import pulumi_kubernetes as kubernetes", "made = {}"]
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
    given = declared.inputs
    provider = declared.type.removeprefix("pulumi:providers:") if declared.type.startswith("pulumi:") else None
    if provider:
        given = {k: _decoded(v) for k, v in given.items() if k not in ("version", "pluginDownloadURL")}
    values = {}
    for key, value in given.items():
        behind = [u for u in declared.dependencies.get(key, ()) if u in urns]
        values[key] = _value(value, itertools.cycle(behind))
    named = ", ".join(f"{_snake(key)}={value}" for key, value in values.items())
    if provider:
        return f"made[{declared.urn!r}] = {provider}_provider = {provider}.Provider({declared.name!r}, {named})"
    after = sorted(set(declared.depends_on) & urns - {u for us in declared.dependencies.values() for u in us})
    depends = f", depends_on=[{', '.join(f'made[{u!r}]' for u in after)}]" if after else ""
    package, _, kind = declared.type.partition(":")
    options = f"opts=pulumi.ResourceOptions(provider={package}_provider{depends})"
    if package == "kubernetes":
        inputs = ", ".join(f"{key!r}: {value}" for key, value in values.items())
        return (
            f"made[{declared.urn!r}] = "
            f"pulumi.CustomResource({declared.type!r}, {declared.name!r}, {{{inputs}}}, {options})"
        )
    token = re.fullmatch(r"(\w+)/\w+:(\w+)", kind)
    assert package == "aws", f"{declared.urn}: the bare program knows types of aws and of kubernetes"
    assert token, f"{declared.urn}: no type of the provider aws"
    return f"made[{declared.urn!r}] = aws.{token[1]}.{token[2]}({declared.name!r}, {named}, {options})"


def _decoded(value: Any) -> Any:
    """A provider's input as a program writes it: the engine has all of them as text."""
    return json.loads(value) if isinstance(value, str) and value[:1] in "[tf0123456789" else value


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
