"""Records as JSON: everything that the page says, for programs."""

import dataclasses
import datetime
import json
from typing import Any

from policies import rule
from seedbed.records.evidence import Evidence
from seedbed.records.gathered import OPEN_QUESTIONS, Activity, Records
from seedbed.records.stores import CONDITIONS, LEGAL_BASES, DataStore

VERSION = 1
"""Grows when a key changes its meaning or goes; new keys may come."""


def machines(records: Records) -> str:
    """The records as JSON, keys in a fixed order."""
    said = {
        "version": VERSION,
        "environment": records.environment,
        "at": at(records.at),
        "settings": records.file,
        "account": records.account,
        "region": records.region,
        "owner": records.owner,
        "controller": records.controller,
        "resources": records.resources,
        "digests": {f"{key}Sha256": value for key, value in dataclasses.asdict(records.digests).items()},
        "notes": records.notes,
        "processing": {
            "activities": [_activity(one) for one in records.activities],
            "transfers": {
                "regions": records.transfers.regions,
                "controls": {one.control.id: one.outcome for one in records.transfers.evidence},
            },
            "forPeople": OPEN_QUESTIONS,
        },
        "stores": [_store(one) for one in records.stores],
        "parties": [_mapped(dataclasses.asdict(one)) for one in records.parties],
        "flows": _mapped(dataclasses.asdict(records.flows)),
        "evidence": [_evidence(one) for one in records.evidence],
        "told": [{"register": one.register, "entry": one.entry} for one in records.told],
    }
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def at(moment: datetime.datetime) -> str:
    """A moment in UTC as ISO 8601 has it, to the second."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _store(one: DataStore) -> dict[str, Any]:
    return {
        **_mapped(dataclasses.asdict(one)),
        "personal": one.personal,
    }


def _activity(one: Activity) -> dict[str, Any]:
    store = one.store
    return {
        "registerId": store.register_id,
        "store": store.urn,
        "name": store.name,
        "controller": store.controller,
        "purpose": store.purpose,
        "legalBasis": store.legal_basis,
        "legalBasisArticle": LEGAL_BASES.get(store.legal_basis, ""),
        "specialCondition": store.special_condition,
        "specialConditionArticle": CONDITIONS.get(store.special_condition, ""),
        "categories": store.categories,
        "recipients": store.recipients,
        "region": store.region,
        "retentionDays": store.retention_days,
        "erasurePath": store.erasure_path,
        "teams": one.teams,
        "pipelines": one.pipelines,
        "endpoints": one.endpoints,
        "safeguards": {safeguard.control: safeguard.outcome for safeguard in store.safeguards},
    }


def _evidence(one: Evidence) -> dict[str, Any]:
    return {
        "control": one.control.id,
        "title": one.control.title,
        "norm": one.control.norm,
        "pack": one.control.pack,
        "severity": one.control.severity,
        "articles": one.control.gdpr,
        "level": one.level,
        "verdict": one.outcome,
        "resources": dict(one.looked_at),
        "findings": [_finding(finding) for finding in one.findings],
    }


def _finding(one: rule.Finding) -> dict[str, Any]:
    waiver = one.waiver
    said: dict[str, Any] = {
        "urn": one.urn,
        "state": one.state,
        "level": one.level,
        "path": one.path,
        "message": one.message,
    }
    if one.about:
        said["about"] = one.about
    if waiver is not None:
        said["exception"] = {
            "reason": waiver.reason,
            "approver": waiver.approver,
            "ticket": waiver.ticket,
            "until": str(waiver.until),
        }
    return said


def _mapped(value: Any) -> Any:
    """Fields under the names that JSON has here."""
    if isinstance(value, dict):
        return {camel(key): _mapped(one) for key, one in value.items()}
    return [_mapped(one) for one in value] if isinstance(value, list | tuple) else value


def camel(name: str) -> str:
    """`retention_days` as JSON has it here: `retentionDays`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
