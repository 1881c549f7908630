"""What an account tells of resources when the real provider reads them by their ids alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import engine
from localcloud import Running
from localcloud.environment import provider_environment

READER = """import json, pulumi
for one in json.load(open("resources.json")):
    options = pulumi.ResourceOptions(id=one["id"])
    pulumi.CustomResource(one["type"], one["name"], one["known"], options)
"""

IMPORT_IDS = {
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "{subnetId}/{routeTableId}",
    "aws:ec2/route:Route": "{routeTableId}_{destinationCidrBlock}",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "{clusterName},{associationId}",
    "aws:cloudwatch/eventTarget:EventTarget": "{rule}/{targetId}",
    "aws:appautoscaling/target:Target": "{serviceNamespace}/{resourceId}/{scalableDimension}",
    "aws:appautoscaling/policy:Policy": "{serviceNamespace}/{resourceId}/{scalableDimension}/{name}",
}
"""Ids by which the provider finds a resource, where those are not the ones that it gives."""

NAMED_BY = {"aws:guardduty/detectorFeature:DetectorFeature": ("detectorId", "name")}
"""Properties that a type cannot be read without, since it has no id of its own."""


class Sent(NamedTuple):
    """A resource as a program asked for it."""

    type: str
    name: str
    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


class Runner:
    """Plain programs of Pulumi with a state of their own, against a running account."""

    def __init__(self, running: Running, folder: Path) -> None:
        built, venv = engine.ensure(), Path(sys.prefix)
        self._pulumi, self._folder = built.pulumi, folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "AWS_"))}
        self._variables = {
            **inherited,
            "PATH": os.pathsep.join([*map(str, built.path), str(venv / "bin"), os.environ["PATH"]]),
            "VIRTUAL_ENV": str(venv),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": folder.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "none",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **provider_environment(running, "eu-central-1"),
        }
        settings = {"skipCredentialsValidation": "true", "s3UsePathStyle": "true", "region": "eu-central-1"}
        self._config = [word for name, value in settings.items() for word in ("--config", f"aws:{name}={value}")]

    def up(self, program: Path) -> list[Sent]:
        """Brings a program up; its AWS resources as they then are."""
        project = {"name": program.name, "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
        (program / "Pulumi.yaml").write_text(json.dumps(project))
        for words in (["stack", "init", "one"], ["up", "--yes", "--skip-preview", *self._config]):
            done = subprocess.run(
                [self._pulumi, *words, "--non-interactive", "--color", "never"],
                cwd=program,
                env=self._variables,
                capture_output=True,
                text=True,
                timeout=540,
            )
            assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
        (path,) = self._folder.rglob(f".pulumi/stacks/{program.name}/one.json")
        return resources(json.loads(path.read_text())["checkpoint"]["latest"]["resources"])


def resources(state: Iterable[Mapping[str, Any]]) -> list[Sent]:
    """The AWS resources of a state."""
    return [
        Sent(one["type"], one["urn"].rsplit("::", 1)[-1], one["id"], one.get("inputs", {}), one.get("outputs", {}))
        for one in state
        if one.get("custom") and one["type"].startswith("aws:")
    ]


def read_back(runner: Runner, sent: list[Sent], folder: Path) -> list[tuple[Sent, Mapping[str, Any]]]:
    """Each resource with the properties that the account tells of it to somebody who knows nothing but its id."""
    asked = [
        {
            "type": one.type,
            "name": f"{number}",
            "id": IMPORT_IDS.get(one.type, "{id}").format_map({**one.outputs, "id": one.id}),
            "known": {name: one.outputs[name] for name in NAMED_BY.get(one.type, ())},
        }
        for number, one in enumerate(sent)
    ]
    folder.mkdir()
    (folder / "__main__.py").write_text(READER)
    (folder / "resources.json").write_text(json.dumps(asked))
    told = {one.name: one.outputs for one in runner.up(folder)}
    return [(one, told[f"{number}"]) for number, one in enumerate(sent)]


def is_told(sent: Any, told: Any) -> bool:
    """Whether what was sent is in what came back.

    Lists are compared without order, JSON by what it says, numbers by value; what came back may say more.
    """
    if isinstance(sent, Mapping):
        return isinstance(told, Mapping) and all(
            is_told(value, told.get(name)) for name, value in sent.items() if name != "__defaults"
        )
    if isinstance(sent, list):
        return (
            isinstance(told, list)
            and len(sent) == len(told)
            and all(any(is_told(value, other) for other in told) for value in sent)
        )
    if isinstance(sent, str) and sent[:1] in ("{", "["):
        return isinstance(told, str) and _read(sent) == _read(told)
    return sent == told or (_number(sent) is not None and _number(sent) == _number(told))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
