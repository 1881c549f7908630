"""Evidence as SARIF 2.1.0 (OASIS standard, errata 01), for code hosts that show findings beside the code."""

import hashlib
import json
from importlib.metadata import version
from typing import Any

from policies import rule
from policies.articles import HEADINGS, heading, place
from seedbed.records.evidence import Evidence
from seedbed.records.gathered import Records
from seedbed.records.machines import at

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RANKS = {"low": "3.0", "medium": "5.5", "high": "8.0", "critical": "9.5"}
"""`security-severity` in the middle of the bands of GitHub ("SARIF support for code scanning")."""

LEVELS = {"mandatory": "error", "advisory": "warning", "disabled": "none"}


def sarif(records: Records) -> str:
    """One run with a rule for each control, and a result for each violation and each thing that stayed undecided.

    What passes is no result: code hosts would show it as an alert.
    """
    spoken = [(one, finding) for one in records.evidence for finding in one.findings if _speaks(finding, records)]
    index = {one.control.id: number for number, one in enumerate(records.evidence)}
    run = {
        "tool": {
            "driver": {
                "name": "seedbed",
                "version": version("seedbed"),
                "rules": [_rule(one) for one in records.evidence],
                "supportedTaxonomies": [{"name": "GDPR", "index": 0}],
            }
        },
        "taxonomies": [_regulation()],
        "automationDetails": {"id": f"seedbed/{records.environment}/"},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": at(records.at)}],
        "artifacts": [{"location": {"uri": records.file}, "hashes": {"sha-256": records.digests.settings}}],
        "results": [_result(one, finding, index, records) for one, finding in spoken],
        "properties": {
            "environment": records.environment,
            "program-sha-256": records.digests.program,
            "declared-sha-256": records.digests.declared,
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _speaks(finding: rule.Finding, records: Records) -> bool:
    """Whether a finding is a result of its own; what is undecided is said by GOV-04 where that control is asked."""
    if finding.state == "fail":
        return True
    return not any(one.control.id == "GOV-04" and one.level != "disabled" for one in records.evidence)


def _rule(one: Evidence) -> dict[str, Any]:
    control = one.control
    return {
        "id": control.id,
        "name": "".join(word.capitalize() for word in control.judge.__name__.split("_")),
        "shortDescription": {"text": control.title},
        "fullDescription": {"text": control.norm},
        "help": {
            "text": f"{control.norm} Serves Art. {', '.join(control.gdpr)} of the GDPR."
            if control.gdpr
            else control.norm
        },
        "defaultConfiguration": {"enabled": one.level != "disabled", "level": LEVELS[one.level]},
        "relationships": [
            {"target": {"id": number, "toolComponent": {"name": "GDPR", "index": 0}}, "kinds": ["relevant"]}
            for number in dict.fromkeys(str(place(article)[0]) for article in control.gdpr)
        ],
        "properties": {
            "tags": list(
                dict.fromkeys(["security", control.pack, *(f"GDPR Art. {article}" for article in control.gdpr)])
            ),
            "security-severity": RANKS[control.severity],
            "outcome": one.words,
        },
    }


def _regulation() -> dict[str, Any]:
    return {
        "name": "GDPR",
        "organization": "European Union",
        "shortDescription": {"text": "Regulation (EU) 2016/679"},
        "taxa": [{"id": str(number), "name": heading(str(number))} for number in HEADINGS],
    }


def _result(one: Evidence, finding: rule.Finding, index: dict[str, int], records: Records) -> dict[str, Any]:
    where = f"{finding.path}: " if finding.path else ""
    undecided = finding.state == "undetermined"
    said: dict[str, Any] = {
        "ruleId": one.control.id,
        "ruleIndex": index[one.control.id],
        "kind": "open" if undecided else "fail",
        "level": "none" if undecided else LEVELS[finding.level],
        "message": {"text": f"{one.control.title}. {where}{finding.message}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": records.file, "index": 0},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.urn, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"finding/v1": _fingerprint(finding)},
    }
    if (waiver := finding.waiver) is not None:
        why = f"{waiver.reason} Approved by {waiver.approver}, {waiver.ticket}, until {waiver.until}."
        said["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return said


def _fingerprint(finding: rule.Finding) -> str:
    """The same for the same finding in the next run, whatever else changed."""
    named = "\0".join((finding.control, finding.urn, finding.path, finding.about))
    return hashlib.sha256(named.encode()).hexdigest()
