"""What the program makes of an environment file."""

import gc
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pulumi
import pytest
import yaml
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from seedbed.machine import charts_at_hand
from seedbed.rehearsal import rehearse_environment
from stacks import helm
from stacks.environment import charts
from stacks.file.environment import Environment
from stacks.file.stack import ProviderSettings
from stacks.settings import load, read
from tests.unit.program_changes import ALONG, ALONG_ONLY_AFTER, CHANGES
from tests.unit.program_values import full

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(ROOT.glob("Pulumi.*.yaml"))
PROVIDER: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "aws:allowedAccountIds": ["111111111111"],
    "aws:profile": "other",
    "aws:assumeRole": {"roleArn": "arn:aws:iam::000000000000:role/deploy"},
    "aws:endpoints": {"s3": "https://s3.example.com"},
    "aws:skipCredentialsValidation": True,
    "aws:skipMetadataApiCheck": True,
    "aws:s3UsePathStyle": True,
    "aws:maxRetries": 3,
}


@cache
def _of_chart(told: str) -> list[dict[str, Any]]:
    release = helm.Release(**json.loads(told))
    return [one for one in helm.rendered(release) if one["kind"] != "CustomResourceDefinition"]


@pytest.fixture(autouse=True, scope="module")
def _charts():
    """Charts as the engine's process has them, each rendered once and without definitions, which no setting changes."""
    with charts_at_hand(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "rendered", lambda release: _of_chart(json.dumps(vars(release), sort_keys=True)))
        patch.setattr(gc, "freeze", lambda: None)  # the program's, which runs once elsewhere: here all would stay
        yield


def leaves(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Paths of all settings of a model, lists shown by their first entry."""
    for field, info in model.model_fields.items():
        here = f"{path}.{to_camel(field)}".lstrip(".")
        inner = list(_models(info.annotation))
        for part in inner:
            yield from leaves(part, here + "[0]" * (str(info.annotation).startswith("tuple")))
        if not inner:
            yield here


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for inner in get_args(annotation) for m in _models(inner)]


def put(config: dict[str, Any], path: str, value: Any) -> None:
    *above, last = [int(key) if key.isdigit() else key for key in re.split(r"[.\[\]]+", path.rstrip("]"))]
    place: Any = config["seedbed:environment"]
    for key in above:
        place = place[key] if isinstance(key, int) else place.setdefault(key, {})
    if value is None:
        place.pop(last, None)
    else:
        place[last] = deepcopy(value)


def made(config: dict[str, Any]) -> dict[str, str]:
    """What the program makes of a configuration: inputs by URN, as text."""
    return _made(json.dumps(config))


@cache
def _made(text: str) -> dict[str, str]:
    config = json.loads(text)
    read("test", config)
    engine_like = {k: v if isinstance(v, str) else json.dumps(v) for k, v in config.items()}
    resources = rehearse_environment("test", engine_like).resources
    return {r.urn: json.dumps(r.inputs, sort_keys=True, default=_unknown) for r in resources if r.custom}


def _unknown(value: object) -> str:
    assert isinstance(value, pulumi.output.Unknown)
    return "unknown"


def test_the_same_file_makes_the_same():
    assert made(full("pools")) == _made.__wrapped__(json.dumps(full("pools")))


def test_every_setting_has_another_value_here():
    assert set(leaves(Environment)) == set(CHANGES)
    assert {f"aws:{to_camel(f)}" for f in ProviderSettings.model_fields} == set(PROVIDER)


@pytest.mark.parametrize("path", CHANGES)
def test_every_setting_is_felt_by_a_resource(path):
    config = deepcopy(full(path))
    for other, value in ALONG.get(path, {}).items():
        put(config, other, value)
    before = made(full(path) if path in ALONG_ONLY_AFTER else config)
    put(config, path, CHANGES[path])

    assert made(config) != before


@pytest.mark.parametrize("key", PROVIDER)
def test_every_setting_of_the_provider_reaches_it(key):
    (before,) = [v for u, v in made(full()).items() if u.endswith("pulumi:providers:aws::aws")]
    (after,) = [v for u, v in made({**full(), key: PROVIDER[key]}).items() if u.endswith("pulumi:providers:aws::aws")]
    assert before != after


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_a_shipped_environment_makes_all_its_layers(path):
    settings = load(path)
    config = yaml.safe_load(path.read_text())["config"]
    engine_like = {k: v if isinstance(v, str) else json.dumps(v) for k, v in config.items()}
    resources = rehearse_environment(settings.name, engine_like).resources

    nouns = {r.type.split(":")[-1] for r in resources if not r.parent and not r.custom}
    assert {"KeyRing", "LogStore", "ArtifactStore", "ImageRegistry"} < nouns
    assert sum(r.type.endswith(":DatasetStore") for r in resources) == len(settings.environment.datasets) > 0
    assert all(r.provider for r in resources if r.custom and r.type.startswith("aws:"))
