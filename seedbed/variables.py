"""What a shell or a CI job needs to work with an environment, as environment variables."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

from seedbed.failures import WrongInputError

SHADOWING = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
"""Variables of a user's own AWS login that would stand in the way of the local account."""


def of_outputs(environment: str, outputs: Mapping[str, Any]) -> dict[str, str]:
    """Variables that say where the environment's stores are.

    `SEEDBED_DATASET_<NAME>_URL` is a data set's bucket, `SEEDBED_DATASET_<NAME>_DVC_<TEAM>_URL` a team's DVC remote
    in it. Raises WrongInputError where two would have the same name.
    """
    found = {"SEEDBED_ENVIRONMENT": environment}
    named: dict[str, str] = {}

    def add(variable: str, value: str, what: str) -> None:
        if variable in named:
            raise WrongInputError(
                f"{environment}: {named[variable]} and {what} would both be the variable {variable}.",
                do="Rename one of the two: `-`, `.`, `/` and `_` are all one `_` in a variable's name. Until then: "
                f"seedbed outputs {environment} --json",
            )
        named[variable] = what
        found[variable] = value

    if bucket := outputs.get("artifacts"):
        add("SEEDBED_ARTIFACTS_URL", f"s3://{bucket}", "the artifacts")
    for dataset, about in (outputs.get("datasets") or {}).items():
        name = f"SEEDBED_DATASET_{_word(dataset)}"
        add(f"{name}_URL", f"s3://{about['bucket']}", f"data set {dataset}")
        for team, url in (about.get("dvc") or {}).items():
            add(f"{name}_DVC_{_word(team)}_URL", url, f"DVC remote of team {team} in data set {dataset}")
    images = outputs.get("images") or {}
    for kind, word, what in (("repositories", "IMAGE", "image repository"), ("mirrors", "MIRROR", "image mirror")):
        for image, url in (images.get(kind) or {}).items():
            add(f"SEEDBED_{word}_{_word(image)}_URL", url, f"{what} {image}")
    return found


def as_shell(variables: Mapping[str, str], unset: tuple[str, ...] = ()) -> str:
    """Lines for `eval "$(seedbed env ...)"`, quoted for any POSIX shell."""
    lines = [f"unset {' '.join(unset)}"] if unset else []
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join(lines)


def _word(name: str) -> str:
    """A name as part of a variable's name: `credit-applications` becomes `CREDIT_APPLICATIONS`."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper())
