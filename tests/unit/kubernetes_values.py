"""The sound environment with everything that a cluster can have inside, as values."""

import copy
from typing import Any

from tests.unit.environment_values import DIGEST, KEY, SOUND

REVISION = "0123456789abcdef0123456789abcdef01234567"

INSIDE: dict[str, Any] = {
    "cluster": {"version": "1.34", "compute": "auto"},
    "pools": [
        {
            "name": "train",
            "accelerator": "a10g",
            "perNode": 1,
            "capacity": ["spot", "on-demand"],
            "maxGpus": 8,
            "idleMinutes": 10,
            "maxAgeHours": 336,
            "purpose": "training",
        },
        {
            "name": "inference",
            "accelerator": "a100",
            "partition": "3g.20gb",
            "maxGpus": 8,
            "zone": "eu-central-1a",
            "purpose": "serving",
        },
        {
            "name": "notebooks",
            "accelerator": "t4",
            "share": 4,
            "capacity": ["reserved", "on-demand"],
            "reservations": ["cr-0a1b2c3d4e5f60718"],
            "maxGpus": 4,
        },
        {
            "name": "blocks",
            "accelerator": "h100",
            "perNode": 8,
            "capacity": ["reserved"],
            "capacityBlocks": ["cr-0a1b2c3d4e5f60719"],
            "efa": True,
            "zone": "eu-central-1b",
            "maxGpus": 16,
        },
        {"name": "general", "instanceTypes": ["m7i.xlarge", "m7i.2xlarge"], "maxCpus": 64},
    ],
    "teams": [
        {
            "name": "scoring",
            "datasets": ["applications"],
            "roles": ["arn:aws:iam::111111111111:role/scoring"],
            "members": ["scoring-team", "oidc/analysts"],
            "gpuQuota": 4,
            "borrow": False,
            "cpuQuota": 64,
            "memoryQuotaGib": 256,
        },
        {"name": "research", "datasets": ["reference"], "gpuQuota": 2},
    ],
    "tracking": {"backend": "mlflow", "protectedAliases": ["champion"], "replicas": 2},
    "pipelines": [
        {
            "name": "credit-scoring",
            "team": "scoring",
            "dataset": "applications",
            "repository": "https://git.example.com/example-bank/credit-scoring.git",
            "revision": REVISION,
            "image": f"training@{DIGEST}",
            "stages": ["train", "evaluate@eu"],
            "schedule": "0 3 * * 1",
            "pool": "train",
            "gpus": 1,
            "cpus": 4,
            "memoryGib": 12,
        },
        {
            "name": "on-demand",
            "team": "research",
            "repository": "https://git.example.com/example-bank/research",
            "revision": REVISION,
            "image": f"training@{DIGEST}",
        },
    ],
    "endpoints": [
        {
            "name": "scoring-online",
            "team": "scoring",
            "model": "credit-scoring",
            "purpose": "credit scoring",
            "alias": "champion",
            "replicas": {"min": 1, "max": 4},
            "canaryPercent": 10,
            "canaryAlias": "challenger",
            "pool": "inference",
            "gpus": 1,
            "cpus": 2,
            "memoryGib": 8,
            "callers": ["research"],
            "runtime": "xgboost",
            "image": f"serving@{DIGEST}",
            "capture": {
                "percent": 20,
                "retentionDays": 30,
                "purpose": "model evaluation",
                "legalBasis": "contract",
                "origin": "synthetic",
                "registerId": "ropa-0011",
                "recipients": ["risk-models", "internal-audit"],
                "erasurePath": "lifecycle-expiry",
            },
            "retrain": "credit-scoring",
            "decision": {
                "effect": "significant",
                "dpiaId": "DPIA-4",
                "dpiaReview": "2027-06-30",
                "humanReview": "credit-desk@example.com",
            },
        },
        {"name": "affordability", "team": "research", "model": "affordability", "image": f"serving@{DIGEST}"},
    ],
    "monitoring": {
        "notify": "ml-oncall@example.com",
        "drift": {"schedule": "*/30 * * * *", "threshold": 0.2, "image": f"training@{DIGEST}"},
    },
}

WHOLE: dict[str, Any] = {**copy.deepcopy(SOUND), KEY: {**copy.deepcopy(SOUND[KEY]), **INSIDE}}
