"""prowler as a referee: an account in, what its checks say about each resource out; and which of them may testify."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

from localcloud import Running, provider_environment, temporary
from policies.rule import controls
from referees.prowler_account import ANYTHING, REGION, Account
from referees.prowler_samples import SAMPLES

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-prowler" / "bin" / "python"
INSIDE = Path(__file__).with_name("prowler_inside.py")
PATIENCE = 900
"""Seconds for one run; all checks take 20 on a quiet machine."""

INVERSE, OURS = "inverse:", "prowler:"
"""How a control's `refs` name a check: one that asks for the same, or for the opposite."""


class ProwlerError(Exception):
    """prowler is missing or did not do what it was asked to."""


class Finding(NamedTuple):
    """What one check says about one resource."""

    check: str
    status: str
    """PASS, FAIL, or MANUAL where prowler leaves it to people."""

    arn: str
    id: str
    said: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the installed prowler has for AWS."""

    version: str
    checks: frozenset[str]
    requirements: frozenset[str]
    """Ids of the requirements of its frameworks."""


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """What the checks say about one account."""

    findings: tuple[Finding, ...]
    unanswered: tuple[str, ...]
    """Calls that failed; prowler goes on without what they would have told."""

    def of(self, check: str, resource: str = ANYTHING) -> tuple[Finding, ...]:
        """The findings of one check, on one resource (ARN or id) or on all."""
        return tuple(f for f in self.findings if f.check == check and resource in (ANYTHING, f.arn, f.id))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What the checks say about an account of samples, and the witnesses of each check in it."""

    told: Hearing
    witnesses: Mapping[str, tuple[str, ...]]

    def statuses(self, check: str) -> list[set[str]]:
        """What a check says about each of its witnesses."""
        return [{f.status for f in self.told.of(check, one)} for one in self.witnesses.get(check, ())]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Which checks tell good from bad on the local cloud, and why the others do not count."""

    testifying: frozenset[str]
    refused: Mapping[str, str]
    """Check -> what it said."""

    of_account: frozenset[str]
    """Those that judge an account and no resource in it."""


def known() -> Known:
    """What the installed prowler has; raises ProwlerError."""
    told = _ask({}, [])
    return Known(
        version=told["version"], checks=frozenset(told["checks"]), requirements=frozenset(told["requirements"])
    )


def named() -> dict[str, tuple[str, ...]]:
    """Check or requirement of prowler -> ids of the controls whose `refs` name it."""
    found: dict[str, list[str]] = {}
    for one in controls():
        for ref in one.refs:
            plain = ref.removeprefix(INVERSE)
            if plain.startswith(OURS):
                found.setdefault(plain.removeprefix(OURS), []).append(one.id)
    return {name: tuple(ids) for name, ids in sorted(found.items())}


def hear(running: Running, checks: Iterable[str]) -> Hearing:
    """What these checks say about a running account; raises ProwlerError, also where one of them breaks."""
    told = _ask(provider_environment(running, REGION), sorted(checks))
    if told["broken"]:
        raise ProwlerError(f"checks that broke: {told['broken']}")
    return Hearing(findings=tuple(Finding(**f) for f in told["findings"]), unanswered=tuple(told["errors"]))


def trial(checks: Iterable[str], *, good: bool) -> Trial:
    """Asks the checks about an account made for it, in which all samples are good or all are bad."""
    witnesses: dict[str, list[str]] = {}
    with temporary() as running:
        account = Account(partial(client, running))
        for make in SAMPLES:
            for one in make(account, good):
                for check in one.checks:
                    witnesses.setdefault(check, []).append(one.resource)
        return Trial(told=hear(running, checks), witnesses={check: tuple(some) for check, some in witnesses.items()})


def calibrate(checks: Iterable[str], good: Trial, bad: Trial) -> Calibration:
    """A check may testify if it passes every good witness that a sample names for it, and fails every bad one."""
    asked, refused = frozenset(checks), {}
    for check in sorted(asked):
        on_good, on_bad = good.statuses(check), bad.statuses(check)
        if not on_good or not on_bad:
            refused[check] = "no sample of what it looks at"
        elif any(one != {"PASS"} for one in on_good) or any(one != {"FAIL"} for one in on_bad):
            refused[check] = f"{_words(on_good)} on the good one, {_words(on_bad)} on the bad one"
    return Calibration(
        testifying=asked - refused.keys(),
        refused=refused,
        of_account=frozenset(check for check in asked if ANYTHING in good.witnesses.get(check, ())),
    )


def client(running: Running, service: str) -> Any:
    """A boto3 client of a running local account."""
    variables = provider_environment(running, REGION)
    make: Any = boto3.client  # its types know each service by name only
    return make(
        service,
        endpoint_url=running.endpoint,
        region_name=REGION,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def _words(statuses: list[set[str]]) -> str:
    return ", ".join(sorted({status for some in statuses for status in (some or {"nothing"})}))


def _ask(variables: Mapping[str, str], checks: list[str]) -> dict[str, Any]:
    """Runs prowler with nothing of this process's environment but the way to programs."""
    if not PYTHON.exists():
        raise ProwlerError(f"no prowler in {PYTHON.parents[1].name}; run requirements/install prowler")
    with tempfile.TemporaryDirectory(prefix="seedbed-referee-") as folder:
        done = subprocess.run(
            [str(PYTHON), "-I", str(INSIDE)],
            input=json.dumps({"region": REGION, "checks": checks}),
            env={"PATH": os.environ["PATH"], "HOME": folder, **variables},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise ProwlerError(f"prowler ended with {done.returncode} and said: {done.stderr[-2000:]}") from error
