"""The kubeconfig by which a person's own tools reach an environment's cluster."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

import localcloud
from components.kubeconfig import kubeconfig, sign_in
from localcloud import Running
from seedbed.cluster.address import Address
from stacks.settings import ProviderSettings

UNSET = {"AWS_SESSION_TOKEN": "", "AWS_SECURITY_TOKEN": ""}
"""What a user's own login may have set; an exec's entries can empty it, not take it away."""


def for_people(address: Address, provider: ProviderSettings, running: Running | None, root: Path) -> dict[str, Any]:
    """The kubeconfig for a person at this machine.

    With `running` the tokens come from the account on this machine, whatever the user's own AWS set-up says. Without
    it they come from the user's login, in the profile and the role that the environment's settings name. `root` is the
    checkout: its virtual environment has an `aws` where there is none on PATH.
    """
    role, variables = None, {}
    if running is not None:
        variables = {**localcloud.environment(running, address.region), **UNSET, **_no_profile(root)}
    else:
        if provider.profile:
            variables["AWS_PROFILE"] = provider.profile
        if provider.assume_role:
            role = provider.assume_role.role_arn
        if "sts" in provider.endpoints:
            variables["AWS_ENDPOINT_URL_STS"] = str(provider.endpoints["sts"])
    _, *arguments = sign_in(address.name, address.region, role)
    tokens = [aws_command(root), *arguments]
    return kubeconfig(address.name, address.endpoint, address.authority, tokens, variables)


def aws_command(root: Path) -> str:
    """The AWS command line: the user's own, else the one of the checkout's virtual environment, by its whole path."""
    return "aws" if shutil.which("aws") else str(root / ".venv" / "bin" / "aws")


def as_text(document: Mapping[str, Any]) -> str:
    """The file's text."""
    return yaml.safe_dump(dict(document), sort_keys=False, width=10_000)


def _no_profile(root: Path) -> dict[str, str]:
    """Variables under which no profile of the user's applies.

    botocore refuses a profile that its file does not have, so the name that a user may have set becomes one that there
    is: the empty one of a file of ours.
    """
    folder = root / ".seedbed" / "aws"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config"
    file.write_text("[default]\n")
    return {
        "AWS_PROFILE": "default",
        "AWS_DEFAULT_PROFILE": "default",
        "AWS_CONFIG_FILE": str(file),
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
    }
