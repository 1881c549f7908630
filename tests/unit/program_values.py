"""The smallest environments in which each setting matters."""

from typing import Any

ROLES = "arn:aws:iam::000000000000:role"
DIGESTS = tuple(f"sha256:{digit * 64}" for digit in "01")
REVISIONS = tuple(digit * 40 for digit in "01")

DECISION = {
    "effect": "significant",
    "dpiaId": "DPIA-1",
    "dpiaReview": "2026-12-31",
    "humanReview": "desk@example.com",
}
LINEAGE = {
    "run": "0f1e2d3c",
    "commit": REVISIONS[0],
    "dataset": "1" * 32,
    "image": f"training@{DIGESTS[0]}",
    "purpose": "credit scoring",
}
ACCOUNT: dict[str, Any] = {
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
    "teams": [{"name": "scoring", "datasets": ["records"]}],
    "database": {"instanceClass": "db.t4g.medium"},
    "sagemakerEndpoints": [
        {
            "name": "credit",
            "model": {"image": f"training@{DIGESTS[0]}", "artifact": "models/1.tar.gz", "lineage": LINEAGE},
            "purpose": "credit scoring",
            "capture": {"percent": 10, "retentionDays": 30, "purpose": "credit scoring", "legalBasis": "contract"},
            "decision": DECISION,
        }
    ],
    "delivery": {"repository": "example-bank/ml-platform"},
    "budget": {"monthlyUsd": 1000},
}
"""What an environment without a cluster can have."""

CLUSTER: dict[str, Any] = {
    **{key: ACCOUNT[key] for key in ("owner", "residency", "controller", "network", "datasets")},
    "teams": [{"name": "scoring", "datasets": ["records"], "roles": [f"{ROLES}/scoring"]}],
    "cluster": {
        "access": "public",
        "publicCidrs": ["203.0.113.0/24"],
        "compute": "managed",
        "systemNodes": {"min": 2},
    },
}
"""A cluster whose nodes the environment has itself."""

INSIDE: dict[str, Any] = {
    **{key: ACCOUNT[key] for key in ("owner", "residency", "controller", "network", "datasets", "database")},
    "images": {
        "repositories": ["serving", "training"],
        "digests": [{"image": "mlflow", "digest": DIGESTS[0]}],
    },
    "cluster": {"compute": "auto"},
    "pools": [
        {
            "name": "train",
            "accelerator": "a10g",
            "capacity": ["spot", "on-demand"],
            "maxGpus": 8,
            "purpose": "training",
        },
        {"name": "serve", "accelerator": "l4", "maxGpus": 16, "purpose": "serving"},
    ],
    "teams": [
        {"name": "scoring", "datasets": ["records", "reference"], "members": ["analysts"], "gpuQuota": 2},
        {"name": "research", "datasets": ["records", "reference"]},
    ],
    "tracking": {"backend": "mlflow", "protectedAliases": ["champion"]},
    "pipelines": [
        {
            "name": "credit-scoring",
            "team": "scoring",
            "repository": "https://git.example.com/example-bank/credit-scoring",
            "revision": REVISIONS[0],
            "image": f"training@{DIGESTS[0]}",
            "schedule": "0 3 * * 1",
            "pool": "train",
            "gpus": 1,
        },
        {
            "name": "nightly",
            "team": "scoring",
            "repository": "https://git.example.com/example-bank/nightly",
            "revision": REVISIONS[0],
            "image": f"training@{DIGESTS[0]}",
        },
    ],
    "endpoints": [
        {
            "name": "online",
            "team": "scoring",
            "model": "credit-scoring",
            "purpose": "credit scoring",
            "canaryPercent": 10,
            "pool": "serve",
            "gpus": 1,
            "image": f"serving@{DIGESTS[0]}",
            "capture": {"percent": 10, "retentionDays": 30, "purpose": "credit scoring", "legalBasis": "contract"},
            "retrain": "credit-scoring",
            "decision": DECISION,
        }
    ],
    "monitoring": {"drift": {"schedule": "0 * * * *", "threshold": 0.2, "image": f"training@{DIGESTS[0]}"}},
}
"""A cluster with everything that one can have inside."""

QUEUED = {
    key: value
    for key, value in INSIDE.items()
    if key not in ("database", "tracking", "pipelines", "endpoints", "monitoring")
}
"""A cluster with pools and teams alone."""

QUOTAS = ("members", "gpuQuota", "borrow", "cpuQuota", "memoryQuotaGib")
"""Settings of a team that matter in a cluster only."""

EXISTING = {
    "existing": {
        "vpcId": "vpc-0123456789abcdef0",
        "cidr": "10.0.0.0/16",
        "subnetIds": [f"subnet-{i:017x}" for i in (1, 2)],
    },
    "endpoints": ["kms"],
}


def full(path: str = "") -> dict[str, Any]:
    """Configuration of an environment in which the setting at `path` matters: the smallest of the four."""
    inside = ("tracking", "pipelines", "endpoints", "monitoring.drift", "images.digests")
    queued = ("pools", "network.existing.s3Cidrs", *(f"teams[0].{key}" for key in QUOTAS))
    if path.startswith(inside):
        environment = INSIDE
    elif path.startswith(queued):
        environment = QUEUED
    else:
        environment = CLUSTER if path.startswith("cluster") or path == "teams[0].roles" else ACCOUNT
    if path.startswith("network.existing"):
        environment = {**environment, "network": EXISTING}
    return {
        "aws:region": "eu-central-1",
        "aws:allowedAccountIds": ["000000000000"],
        "seedbed:environment": environment,
    }
