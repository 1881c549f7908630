"""checkov as a referee: stacks in, its verdict on each resource out."""

import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import PIPE
from typing import Any

import yaml

from policies.rule import Stack
from referees.manifests import manifests
from referees.plan import plan

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / ".venv-checkov" / "bin" / "checkov"
PATIENCE = 900
"""Seconds for one run; four environments take 40 on a quiet machine."""

CHECK = re.compile(r"CKV2?_[A-Z0-9]+_[0-9]+")

CLOSED = "http://127.0.0.1:9"
"""A proxy that answers nobody: a call home would fail instead of going out."""


class CheckovError(Exception):
    """checkov is missing or did not do what it was asked to."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one check says about one resource."""

    check: str
    stack: str
    """The key of the stack among those that were handed over."""

    urn: str
    passed: bool


def review(stacks: Mapping[str, Stack], checks: Iterable[str] = ()) -> tuple[Result, ...]:
    """What checkov says about the AWS and Kubernetes resources of stacks, read side by side in one run.

    checks: ids of those that are asked; all that there are where none is named.
    """
    with tempfile.TemporaryDirectory(prefix="seedbed-referee-") as folder:
        where = _write(stacks, Path(folder) / "stacks")
        asked = ["--check", ",".join(sorted(checks))] if checks else []
        said = _run(Path(folder), "-d", "stacks", "--framework", "terraform_plan", "kubernetes", "-o", "json", *asked)
    try:
        reports = json.loads(said)
    except ValueError as error:
        raise CheckovError(f"checkov printed no JSON but: {said[:300]}") from error
    found: list[Result] = []
    for report in reports if isinstance(reports, list) else [reports]:
        found += _results(report, where)
    return tuple(found)


@cache
def known() -> frozenset[str]:
    """Every check that the installed checkov has for Terraform and Kubernetes."""
    with tempfile.TemporaryDirectory(prefix="seedbed-referee-") as folder:
        found = CHECK.findall(_run(Path(folder), "--list", "--framework", "terraform", "kubernetes"))
    if not found:
        raise CheckovError("checkov lists no checks")
    return frozenset(found)


def _write(stacks: Mapping[str, Stack], folder: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """Write plans and manifests; give the key and URN of each file and address in it (empty for a manifest)."""
    folder.mkdir()
    where: dict[tuple[str, str], tuple[str, str]] = {}
    for number, (key, stack) in enumerate(stacks.items()):
        made = plan(stack, prefix=f"s{number}_")
        if made:
            (folder / f"{number}.json").write_text(json.dumps(made.document, indent=1))
            where |= {(f"{number}.json", address): (key, urn) for address, urn in made.addresses.items()}
        for place, (urn, manifest) in enumerate(manifests(stack, prefix=f"s{number}-").items()):
            (folder / f"{number}-{place}.yaml").write_text(yaml.safe_dump(manifest))
            where[f"{number}-{place}.yaml", ""] = (key, urn)
    return where


def _results(report: Mapping[str, Any], where: Mapping[tuple[str, str], tuple[str, str]]) -> Iterable[Result]:
    """The results of one framework under the names of ours; CheckovError for what it could not read or left out."""
    results = report.get("results", {})
    if results.get("parsing_errors") or results.get("skipped_checks"):
        raise CheckovError(f"checkov left something out: {results['parsing_errors'] or results['skipped_checks']}")
    for side, passed in (("passed_checks", True), ("failed_checks", False)):
        for one in results.get(side, ()):
            file = Path(one["file_path"]).name
            address = one["resource"] if file.endswith(".json") else ""
            key, urn = where[file, address]
            yield Result(check=one["check_id"], stack=key, urn=urn, passed=passed)


def _run(folder: Path, *arguments: str) -> str:
    """What checkov prints, run with nothing of this process's environment: no keys, and no home to find them in."""
    if not os.access(PROGRAM, os.X_OK):
        raise CheckovError(f"{PROGRAM} is not there; run: requirements/install checkov")
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "HTTP_PROXY": CLOSED,
        "HTTPS_PROXY": CLOSED,
        "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",
        "EVAL_TF_PLAN_AFTER_UNKNOWN": "true",  # what is set but unknown counts as set
        "LOG_LEVEL": "ERROR",
    }
    command = [str(PROGRAM), "--skip-download", "--compact", "--soft-fail", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # it has children, one for each framework
            raise
    if process.returncode:
        raise CheckovError(f"checkov ended with {process.returncode}: {(err or out)[-600:]}")
    return out
