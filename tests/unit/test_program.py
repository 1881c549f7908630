"""What the program makes of an environment file."""

import json
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

from seedbed.rehearsal import rehearse_environment
from stacks.file.environment import Environment
from stacks.file.stack import ProviderSettings
from stacks.settings import load, read

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(ROOT.glob("Pulumi.*.yaml"))
ROLES = "arn:aws:iam::000000000000:role"
FULL: dict[str, Any] = {
    "aws:region": "eu-central-1",
    "aws:allowedAccountIds": ["000000000000"],
    "seedbed:environment": {
        "owner": "a@example.com",
        "residency": "eu",
        "controller": {"name": "Example Bank", "contact": "privacy@example.com"},
        "network": {"cidr": "10.40.0.0/16", "zones": 2, "egress": "single-nat"},
        "datasets": [
            {
                "name": "records",
                "classification": "special-category",
                "origin": "synthetic",
                "purpose": "credit scoring",
                "legalBasis": "contract",
                "specialCondition": "explicit-consent",
                "retentionDays": 730,
            },
            {"name": "reference", "classification": "public"},
        ],
        "images": {"repositories": ["training"], "mirrors": [{"name": "hub", "upstream": "quay.io"}]},
        "teams": [{"name": "scoring", "datasets": ["records"], "roles": [f"{ROLES}/scoring"]}],
        "database": {"instanceClass": "db.t4g.medium"},
        "cluster": {
            "access": "public",
            "publicCidrs": ["203.0.113.0/24"],
            "compute": "managed",
            "systemNodes": {"min": 2},
        },
        "sagemakerEndpoints": [
            {
                "name": "credit",
                "model": {"image": f"training@sha256:{'0' * 64}", "artifact": "models/1.tar.gz"},
                "capture": {"percent": 10, "retentionDays": 30, "purpose": "credit scoring", "legalBasis": "contract"},
                "decision": {
                    "effect": "significant",
                    "dpiaId": "DPIA-1",
                    "dpiaReview": "2026-12-31",
                    "humanReview": "desk@example.com",
                },
            }
        ],
        "delivery": {"repository": "example-bank/ml-platform"},
        "budget": {"monthlyUsd": 1000},
    },
}
EXISTING = {
    "existing": {
        "vpcId": "vpc-0123456789abcdef0",
        "cidr": "10.0.0.0/16",
        "subnetIds": [f"subnet-{i:017x}" for i in (1, 2)],
    },
    "endpoints": ["kms"],
}
SECRET = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:ecr-pullthroughcache/hub-AbCdEf"

CHANGES: dict[str, Any] = {
    "owner": "b@example.com",
    "system": "credit",
    "costCenter": "4711",
    "residency": "none",
    "controller.name": "Other Bank",
    "controller.contact": "dpo@example.com",
    "network.cidr": "10.41.0.0/16",
    "network.zones": 3,
    "network.egress": "endpoints-only",
    "network.endpoints": ["sts"],
    "network.flowLogRetentionDays": 30,
    "network.existing.vpcId": "vpc-0123456789abcdef1",
    "network.existing.cidr": "10.1.0.0/16",
    "network.existing.subnetIds": [f"subnet-{i:017x}" for i in (1, 3)],
    "keys.administrators": ["arn:aws:iam::000000000000:role/keys"],
    "keys.deletionWindowDays": 14,
    "keys.rotationDays": 180,
    "datasets[0].name": "samples",
    "datasets[0].classification": "personal",
    "datasets[0].origin": "pseudonymised",
    "datasets[0].purpose": "fraud detection",
    "datasets[0].legalBasis": "consent",
    "datasets[0].specialCondition": "public-health",
    "datasets[0].retentionDays": 365,
    "datasets[0].noncurrentDays": 14,
    "datasets[0].archiveAfterDays": 90,
    "datasets[0].registerId": "ropa-0008",
    "datasets[0].recipients": ["audit"],
    "datasets[0].erasurePath": "dvc-rewrite",
    "datasets[0].dpiaId": "DPIA-2",
    "datasets[0].dpiaReview": "2027-06-30",
    "artifacts.classification": "confidential",
    "artifacts.noncurrentDays": 7,
    "logs.retentionDays": 30,
    "images.repositories": ["training", "serving"],
    "images.keepImages": 7,
    "images.mirrors[0].name": "quay",
    "images.mirrors[0].upstream": "registry.k8s.io",
    "images.mirrors[0].credentialArn": SECRET,
    "teams[0].name": "fraud",
    "teams[0].datasets": ["records", "reference"],
    "teams[0].roles": [f"{ROLES}/credit"],
    "protect": True,
    "database.instanceClass": "db.m7g.large",
    "database.engineVersion": "17",
    "database.storageGib": 40,
    "database.maxStorageGib": 200,
    "database.backupDays": 14,
    "database.multiAz": True,
    "database.classification": "confidential",
    "database.logRetentionDays": 30,
    "cluster.version": "1.33",
    "cluster.access": "private",
    "cluster.publicCidrs": ["198.51.100.0/24"],
    "cluster.compute": "auto",
    "cluster.systemNodes.instanceType": "m7i.xlarge",
    "cluster.systemNodes.min": 3,
    "cluster.systemNodes.max": 5,
    "cluster.systemNodes.diskGib": 100,
    "cluster.administrators": [f"{ROLES}/platform"],
    "cluster.viewers": [f"{ROLES}/support"],
    "cluster.logRetentionDays": 30,
    "cluster.support": "extended",
    "sagemakerEndpoints[0].name": "loans",
    "sagemakerEndpoints[0].instanceType": "ml.m7i.xlarge",
    "sagemakerEndpoints[0].instances.min": 2,
    "sagemakerEndpoints[0].instances.max": 4,
    "sagemakerEndpoints[0].model.image": f"training@sha256:{'1' * 64}",
    "sagemakerEndpoints[0].model.artifact": "models/2.tar.gz",
    "sagemakerEndpoints[0].capture.percent": 20,
    "sagemakerEndpoints[0].capture.retentionDays": 60,
    "sagemakerEndpoints[0].capture.purpose": "fraud detection",
    "sagemakerEndpoints[0].capture.legalBasis": "consent",
    "sagemakerEndpoints[0].capture.origin": "synthetic",
    "sagemakerEndpoints[0].capture.registerId": "ropa-0008",
    "sagemakerEndpoints[0].capture.recipients": ["audit"],
    "sagemakerEndpoints[0].capture.erasurePath": "row-delete",
    "sagemakerEndpoints[0].decision.effect": "legal",
    "sagemakerEndpoints[0].decision.dpiaId": "DPIA-3",
    "sagemakerEndpoints[0].decision.dpiaReview": "2027-06-30",
    "sagemakerEndpoints[0].decision.humanReview": "credit-desk@example.com",
    "audit.retentionDays": 730,
    "audit.detector": "existing",
    "audit.breakGlassRoles": [f"{ROLES}/break-glass"],
    "delivery.repository": "example-bank/other",
    "delivery.identityProvider": "create",
    "monitoring.notify": "oncall@example.com",
    "budget.monthlyUsd": 2000,
    "budget.anomalyUsd": 200,
}
INSIDE = ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "logs", "monitoring", "secretsmanager", "sts"]
ALONG: dict[str, dict[str, Any]] = {  # what else must change for the file to stay sound
    "datasets[0].name": {"teams[0].datasets": ["samples"]},
    "datasets[0].classification": {"datasets[0].specialCondition": None},
    "images.mirrors[0].credentialArn": {"images.mirrors[0].upstream": "ghcr.io"},
    "network.egress": {"network.endpoints": INSIDE},
    "cluster.access": {"cluster.publicCidrs": None},
    "cluster.compute": {"cluster.systemNodes": None},
}
ALONG_ONLY_AFTER = {"datasets[0].name", "datasets[0].classification", "cluster.access"}
"""Where the file with only the other changes would be unsound."""

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
    *above, last = path.replace("[0]", ".0").split(".")
    place: Any = config["seedbed:environment"]
    for key in above:
        place = place[int(key)] if key.isdigit() else place.setdefault(key, {})
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value


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
    assert made(FULL) == _made.__wrapped__(json.dumps(FULL))


def test_every_setting_has_another_value_here():
    assert set(leaves(Environment)) == set(CHANGES)
    assert {f"aws:{to_camel(f)}" for f in ProviderSettings.model_fields} == set(PROVIDER)


@pytest.mark.parametrize("path", CHANGES)
def test_every_setting_is_felt_by_a_resource(path):
    config = deepcopy(FULL)
    if path.startswith("network.existing"):
        config["seedbed:environment"]["network"] = deepcopy(EXISTING)
    for other, value in ALONG.get(path, {}).items():
        put(config, other, value)
    if path == "images.mirrors[0].credentialArn":
        put(config, path, SECRET + "0")
    before = made(FULL if path in ALONG_ONLY_AFTER else config)
    put(config, path, CHANGES[path])

    assert made(config) != before


@pytest.mark.parametrize("key", PROVIDER)
def test_every_setting_of_the_provider_reaches_it(key):
    config = deepcopy(FULL)
    put(config, "teams[0].roles", None)  # they are of one account

    (before,) = [v for u, v in made(config).items() if u.endswith("pulumi:providers:aws::aws")]
    (after,) = [v for u, v in made({**config, key: PROVIDER[key]}).items() if u.endswith("pulumi:providers:aws::aws")]
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
