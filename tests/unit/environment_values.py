"""A sound environment as values, and what the reader says when one of them is changed."""

import copy
from collections.abc import Mapping
from typing import Any

from stacks.settings import Problem, SettingsError, read

KEY = "seedbed:environment"

REMOVED = "(removed)"
"""Put in place of a value that is to be taken out."""

ROLES = "arn:aws:iam::111111111111:role"
DIGEST = "sha256:" + "0123456789abcdef" * 4

HUB_SECRET = "arn:aws:secretsmanager:eu-central-1:111111111111:secret:ecr-pullthroughcache/hub-AbCdEf"

SOUND: dict[str, Any] = {
    "aws:region": "eu-central-1",
    "aws:allowedAccountIds": ["111111111111"],
    "aws:profile": "ml",
    "aws:assumeRole": {"roleArn": "arn:aws:iam::111111111111:role/deploy"},
    "aws:endpoints": {"s3": "http://127.0.0.1:5000"},
    "aws:skipMetadataApiCheck": True,
    "aws:maxRetries": 3,
    KEY: {
        "owner": "risk-models@example.com",
        "system": "bank",
        "costCenter": "4711",
        "residency": "eu",
        "controller": {"name": "Example Bank", "contact": "privacy@example.com"},
        "network": {
            "cidr": "10.40.0.0/16",
            "zones": 3,
            "egress": "nat-per-zone",
            "endpoints": ["sts", "logs"],
            "flowLogRetentionDays": 90,
        },
        "keys": {
            "administrators": ["arn:aws:iam::111111111111:role/keys"],
            "deletionWindowDays": 30,
            "rotationDays": 365,
        },
        "datasets": [
            {
                "name": "applications",
                "classification": "personal",
                "origin": "synthetic",
                "purpose": "credit scoring",
                "legalBasis": "contract",
                "retentionDays": 730,
                "noncurrentDays": 30,
                "archiveAfterDays": 90,
                "registerId": "ropa-0007",
                "recipients": ["risk-models", "internal-audit"],
                "erasurePath": "dvc-rewrite",
            },
            {"name": "reference", "classification": "public"},
        ],
        "artifacts": {"classification": "confidential", "noncurrentDays": 90},
        "logs": {"retentionDays": 365},
        "images": {
            "repositories": ["serving", "training"],
            "keepImages": 50,
            "mirrors": [
                {"name": "quay", "upstream": "quay.io"},
                {
                    "name": "hub",
                    "upstream": "registry-1.docker.io",
                    "credentialArn": HUB_SECRET,
                },
            ],
        },
        "teams": [
            {"name": "scoring", "datasets": ["applications"], "roles": [f"{ROLES}/scoring"]},
            {"name": "research"},
        ],
        "protect": False,
        "database": {
            "instanceClass": "db.t4g.medium",
            "engineVersion": "17",
            "storageGib": 50,
            "maxStorageGib": 200,
            "backupDays": 14,
            "multiAz": True,
            "classification": "confidential",
            "logRetentionDays": 90,
        },
        "cluster": {
            "version": "1.34",
            "access": "public",
            "publicCidrs": ["203.0.113.0/24", "198.51.100.7/32"],
            "compute": "managed",
            "systemNodes": {"instanceType": "m7i.large", "min": 2, "max": 4, "diskGib": 50},
            "administrators": [f"{ROLES}/platform"],
            "viewers": [f"{ROLES}/audit"],
            "logRetentionDays": 90,
            "support": "extended",
        },
        "sagemakerEndpoints": [
            {
                "name": "scoring",
                "instanceType": "ml.m7i.large",
                "instances": {"min": 1, "max": 3},
                "model": {"image": f"serving@{DIGEST}", "artifact": "models/scoring/3/model.tar.gz"},
                "capture": {
                    "percent": 10,
                    "retentionDays": 30,
                    "purpose": "quality assurance",
                    "legalBasis": "contract",
                    "origin": "synthetic",
                    "registerId": "ropa-0008",
                    "recipients": ["risk-models", "internal-audit"],
                    "erasurePath": "lifecycle-expiry",
                },
            },
            {"name": "churn"},
        ],
        "audit": {"retentionDays": 365, "detector": "create", "breakGlassRoles": [f"{ROLES}/break-glass"]},
        "delivery": {"repository": "example-bank/ml-platform", "identityProvider": "existing"},
        "monitoring": {"notify": "ml-oncall@example.com"},
        "budget": {"monthlyUsd": 5000, "anomalyUsd": 200},
    },
}

EXISTING = {
    "existing": {
        "vpcId": "vpc-0a1b2c3d4e5f60718",
        "cidr": "10.0.0.0/20",
        "subnetIds": ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"],
        "s3Cidrs": ["52.219.170.0/23", "3.5.134.0/23"],
    }
}


def changed(changes: Mapping[str, Any], sound: Mapping[str, Any] = SOUND) -> dict[str, Any]:
    """A sound environment with values put in by path, for example `datasets.0.name` or `aws:region`."""
    config: Any = copy.deepcopy(sound)
    for path, value in changes.items():
        keys: list[Any] = [int(key) if key.isdigit() else key for key in path.split(".")]
        at: Any = config if ":" in path else config[KEY]
        for key in keys[:-1]:
            at = at[key]
        if value == REMOVED:
            del at[keys[-1]]
        elif isinstance(at, list) and keys[-1] == len(at):
            at.append(value)
        else:
            at[keys[-1]] = value
    return config


def problems(config: Any, environment: str = "dev") -> list[Problem]:
    """Everything that the reader has against a configuration; empty where it takes it."""
    try:
        read(environment, config)
    except SettingsError as error:
        return error.problems
    return []
