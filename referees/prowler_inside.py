"""Puts prowler's own checks to one account, as `prowler aws` does; runs in prowler's environment, where Seedbed is not.

prowler's command line is not used: before it reads its arguments it imports the SDKs of 22 other clouds, 1.4 GB. What
judges is prowler's all the same: its provider, services, metadata and checks. Read: `{"region", "checks"}` as JSON;
written: `{"version", "checks", "requirements", "findings", "errors"}`.
"""

import contextlib
import importlib
import json
import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import prowler  # pyrefly: ignore
from prowler.lib.check.utils import recover_checks_from_provider  # pyrefly: ignore
from prowler.providers.aws.aws_provider import AwsProvider  # pyrefly: ignore
from prowler.providers.common.models import Audit_Metadata  # pyrefly: ignore
from prowler.providers.common.provider import Provider  # pyrefly: ignore


class Complaints(logging.Handler):
    """prowler writes down that a call failed and goes on with what it has; a finding may be missing because of it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{Path(record.pathname).stem}: {record.getMessage()}")


def known() -> list[str]:
    """The checks for AWS that this prowler has."""
    return sorted(name for name, _ in recover_checks_from_provider("aws"))


def requirements() -> list[str]:
    """Ids of the requirements in this prowler's frameworks for AWS."""
    folder = Path(prowler.__file__).parent / "compliance" / "aws"
    return sorted({one["Id"] for file in folder.glob("*.json") for one in json.loads(file.read_text())["Requirements"]})


def hear(region: str, checks: list[str]) -> dict[str, Any]:
    """What the checks find in the account that the process environment names, and which of them broke."""
    heard = Complaints()
    logging.getLogger().handlers = [heard]
    # A service that nothing uses is looked at too: an empty network may be the one that is open.
    provider = AwsProvider(regions={region}, scan_unused_services=True)
    provider.audit_metadata = Audit_Metadata(
        services_scanned=0, expected_checks=checks, completed_checks=0, audit_progress=0
    )
    Provider.set_global_provider(provider)
    findings, broken = [], {}
    for name in checks:
        place = f"prowler.providers.aws.services.{name.split('_')[0]}.{name}.{name}"
        try:
            found = getattr(importlib.import_module(place), name)().execute()
        except Exception as error:
            broken[name] = f"{type(error).__name__}: {error}"
            continue
        findings += [
            {"check": name, "status": one.status, "arn": one.resource_arn, "id": one.resource_id,
             "said": one.status_extended}
            for one in found
        ]  # fmt: skip
    return {"findings": findings, "broken": broken, "errors": heard.said}


def main() -> None:
    asked = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        told = {"version": version("prowler"), "checks": known(), "requirements": requirements()}
        if asked["checks"]:
            told |= hear(asked["region"], asked["checks"])
    json.dump(told, sys.stdout)


main()
