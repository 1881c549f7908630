"""How long objects are kept."""

from typing import Any

UNFINISHED_UPLOAD_DAYS = 7
"""After a week nobody finishes an upload; its parts cost and are seen by nobody."""

RUNBOOK = "replay-erasures"
"""What is done after personal data was restored: recorded erasures are done again (docs/components.md, "Erasure"); the
tag restore-runbook says so on each store."""


def retention_rules(
    retention_days: int | None, noncurrent_days: int, archive_after_days: int | None
) -> list[dict[str, Any]]:
    """Lifecycle rules after which nothing of an object is left at `retention_days`, old versions included.

    An object expires `noncurrent_days` before that and is then an old version for so long. Raises ValueError when
    `noncurrent_days` is not less than `retention_days`, or objects would expire before they are archived.
    """
    whole: dict[str, Any] = {"status": "Enabled", "filter": {"prefix": ""}}
    rules = [{**whole, "id": "old-versions", "noncurrent_version_expiration": {"noncurrent_days": noncurrent_days}}]
    if retention_days is not None:
        if noncurrent_days >= retention_days:
            raise ValueError(f"{noncurrent_days} noncurrent days: allowed is less than {retention_days} retention days")
        if archive_after_days is not None and archive_after_days >= retention_days - noncurrent_days:
            raise ValueError(
                f"archive after {archive_after_days} days: allowed is less than {retention_days - noncurrent_days}, "
                "when objects expire"
            )
        rules.append({**whole, "id": "retention", "expiration": {"days": retention_days - noncurrent_days}})
    else:
        rules.append({**whole, "id": "delete-markers", "expiration": {"expired_object_delete_marker": True}})
    if archive_after_days is not None:
        rules.append(
            {
                **whole,
                "id": "archive",
                "transitions": [{"days": archive_after_days, "storage_class": "GLACIER_IR"}],
            }
        )
    days = UNFINISHED_UPLOAD_DAYS if retention_days is None else min(UNFINISHED_UPLOAD_DAYS, retention_days)
    rules.append(
        {
            **whole,
            "id": "unfinished-uploads",
            "abort_incomplete_multipart_upload": {"days_after_initiation": days},
        }
    )
    return rules
