"""The record of processing activities that the stack itself exports (GDPR Art. 30)."""

from typing import Any

from stacks.settings import Capture, Dataset, Settings

SAFEGUARDS = ("own-key", "tls-only", "no-public-access", "access-recorded", "expiry", "bounded-roles")
"""What every store of personal data has (GDPR Art. 30(1)(g)); the policies prove it: KMS-03, STO-03, STO-01, STO-06,
PRIV-03, IAM-01."""


def processing_register(settings: Settings) -> list[dict[str, Any]]:
    """An entry for each store of personal data: data sets of class personal or special, and kept requests."""
    env = settings.environment
    personal = [one for one in env.datasets if one.data_class in ("personal", "special")]
    kept = [one for one in (*env.sagemaker_endpoints, *env.endpoints) if one.capture]
    return [
        *(_entry(settings, settings.dataset_bucket(one.name), one, one.data_class) for one in personal),
        *(_entry(settings, settings.capture_bucket(one.name), one.capture, "personal") for one in kept if one.capture),
    ]


def _entry(settings: Settings, store: str, of: Dataset | Capture, data_class: str) -> dict[str, Any]:
    entry = {
        "name": store,
        "purpose": of.purpose,
        "legalBasis": of.legal_basis,
        "specialCondition": of.special_condition if isinstance(of, Dataset) else None,
        "categories": data_class,
        "recipients": list(of.recipients),
        "region": settings.region,
        "retentionDays": of.retention_days,
        "controller": settings.controller,
        "registerId": of.register_id,
        "erasurePath": of.erasure_path,
        "safeguards": list(SAFEGUARDS),
    }
    return {key: value for key, value in entry.items() if value is not None}
