"""moto has no IAM Access Analyzer."""

from datetime import UTC, datetime
from typing import Any

from localcloud import additions, overlay
from localcloud.call import Call
from localcloud.refusal import Refusal

additions.add("accessanalyzer", signed_as="access-analyzer")

OWN = ("ACCOUNT", "ACCOUNT_UNUSED_ACCESS", "ACCOUNT_INTERNAL_ACCESS")
"""Types whose zone of trust is the account; the others need an organization."""

MOST = 1
"""Analyzers of one type in a region; IAM User Guide, "IAM and AWS STS quotas", for external access."""

UNUSED_DAYS = 90
"""Days without use after which access counts as unused, by default; API Reference, UnusedAccessConfiguration."""


def _kept(call: Call) -> dict[str, dict[str, Any]]:
    return vars(call.backend).setdefault("analyzers", {})


def _one(call: Call, name: str) -> dict[str, Any]:
    found = _kept(call).get(name)
    if found is None:
        raise Refusal("ResourceNotFoundException", f"Analyzer {name} does not exist", 404)
    return found


def _tagged(call: Call) -> dict[str, Any]:
    return _one(call, call.input["resourceArn"].rsplit("/", 1)[-1])


@overlay.answers("accessanalyzer", "CreateAnalyzer")
def create(call: Call) -> dict[str, Any]:
    """API Reference, CreateAnalyzer: a name once, one of a type a region, and an organization where it is of one."""
    name, kind = call.input["analyzerName"], call.input["type"]
    if name in _kept(call):
        raise Refusal("ConflictException", f"Analyzer {name} already exists", 409)
    if kind not in OWN:
        raise Refusal("ValidationException", f"You must create an organization before an analyzer of type {kind}")
    if sum(analyzer["type"] == kind for analyzer in _kept(call).values()) >= MOST:
        raise Refusal("ServiceQuotaExceededException", f"There may be {MOST} analyzer of type {kind} in a region", 402)
    arn = f"arn:aws:access-analyzer:{call.region}:{call.account}:analyzer/{name}"
    configuration = call.input.get("configuration")
    if kind == "ACCOUNT_UNUSED_ACCESS":
        configuration = {
            "unusedAccess": {"unusedAccessAge": UNUSED_DAYS, **(configuration or {}).get("unusedAccess", {})}
        }
    _kept(call)[name] = {
        "arn": arn,
        "name": name,
        "type": kind,
        "createdAt": datetime.now(UTC),
        "status": "ACTIVE",
        "tags": call.input.get("tags", {}),
        **({"configuration": configuration} if configuration else {}),
    }
    rules = {rule["ruleName"]: rule for rule in call.input.get("archiveRules", [])}
    vars(call.backend).setdefault("archive_rules", {})[name] = rules
    return {"arn": arn}


@overlay.answers("accessanalyzer", "GetAnalyzer")
def get(call: Call) -> dict[str, Any]:
    """One analyzer; a name without one is an error."""
    return {"analyzer": _one(call, call.input["analyzerName"])}


@overlay.answers("accessanalyzer", "ListAnalyzers")
def list_all(call: Call) -> dict[str, Any]:
    """All analyzers, or those of a type."""
    kind = call.input.get("type")
    return {"analyzers": [one for one in _kept(call).values() if kind in (None, one["type"])]}


@overlay.answers("accessanalyzer", "UpdateAnalyzer")
def update(call: Call) -> dict[str, Any]:
    """API Reference, UpdateAnalyzer: a new configuration."""
    analyzer = _one(call, call.input["analyzerName"])
    if "configuration" in call.input:
        analyzer["configuration"] = call.input["configuration"]
    return {"configuration": analyzer.get("configuration", {})}


@overlay.answers("accessanalyzer", "DeleteAnalyzer")
def delete(call: Call) -> dict[str, Any]:
    """The analyzer goes, with its findings and rules."""
    _one(call, call.input["analyzerName"])
    del _kept(call)[call.input["analyzerName"]]
    return {}


@overlay.answers("accessanalyzer", "ListFindingsV2")
def list_findings(call: Call) -> dict[str, Any]:
    """None: nothing is analyzed here (docs/local-cloud-types.md says so)."""
    _one(call, call.input["analyzerArn"].rsplit("/", 1)[-1])
    return {"findings": []}


@overlay.answers("accessanalyzer", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """Tags of an analyzer."""
    return {"tags": _tagged(call)["tags"]}


@overlay.answers("accessanalyzer", "TagResource")
def tag(call: Call) -> dict[str, Any]:
    """Adds tags, or changes them."""
    _tagged(call)["tags"] |= call.input["tags"]
    return {}


@overlay.answers("accessanalyzer", "UntagResource")
def untag(call: Call) -> dict[str, Any]:
    """Takes tags away."""
    tags = _tagged(call)["tags"]
    for key in call.input["tagKeys"]:
        tags.pop(key, None)
    return {}
