"""moto lets an account have many GuardDuty detectors in a region, forgets features, and knows no tags."""

import secrets
from datetime import UTC, datetime
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal

ALWAYS = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
"""Sources that a detector reads whatever it is told; GuardDuty User Guide, "Foundational data sources"."""

AGENTS = {"EKS_RUNTIME_MONITORING", "RUNTIME_MONITORING"}
"""Features that put an agent beside workloads: off until asked for, and one of the two at most."""

FEATURES: dict[str, tuple[str, ...]] = {
    "S3_DATA_EVENTS": (),
    "EKS_AUDIT_LOGS": (),
    "EBS_MALWARE_PROTECTION": (),
    "RDS_LOGIN_EVENTS": (),
    "LAMBDA_NETWORK_LOGS": (),
    "EKS_RUNTIME_MONITORING": ("EKS_ADDON_MANAGEMENT",),
    "RUNTIME_MONITORING": ("EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT"),
}
"""Features that can be switched, with their parts; API Reference, DetectorFeatureConfiguration."""

OLD = {
    "S3_DATA_EVENTS": ("S3Logs", "Enable"),
    "EKS_AUDIT_LOGS": ("Kubernetes", "AuditLogs", "Enable"),
    "EBS_MALWARE_PROTECTION": ("MalwareProtection", "ScanEc2InstanceWithFindings", "EbsVolumes"),
}
"""Features that may still be switched as data sources; API Reference, DataSourceConfigurations."""

FREQUENCIES = ("FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS")


def _kept(call: Call) -> dict[str, dict[str, Any]]:
    return vars(call.backend).setdefault("kept_detectors", {})


def _one(call: Call, name: str | None = None) -> dict[str, Any]:
    found = _kept(call).get(name or call.input["DetectorId"])
    if found is None:
        raise Refusal(
            "BadRequestException",
            "The request is rejected because the input detectorId is not owned by the current account.",
        )
    return found


def _put(detector: dict[str, Any], call: Call) -> None:
    features = {feature["Name"]: feature for feature in call.input.get("Features", [])}
    for name, path in OLD.items():
        value: Any = call.input.get("DataSources", {})
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            features.setdefault(name, {"Name": name, "Status": "ENABLED" if value else "DISABLED"})
    if unknown := set(features) - set(FEATURES):
        raise Refusal("BadRequestException", f"Unknown features: {', '.join(sorted(unknown))}; {', '.join(FEATURES)}")
    on = {name: (features.get(name) or kept)["Status"] == "ENABLED" for name, kept in detector["kept"].items()}
    if all(on[name] for name in AGENTS):
        raise Refusal("BadRequestException", f"Only one of {', '.join(sorted(AGENTS))} may be enabled in a detector.")
    for name, feature in features.items():
        kept = detector["kept"][name]
        parts = {part["Name"]: part["Status"] for part in feature.get("AdditionalConfiguration", [])}
        if unknown := set(parts) - set(FEATURES[name]):
            raise Refusal("BadRequestException", f"{name} has no {', '.join(sorted(unknown))}")
        kept["Status"] = feature["Status"]
        kept["parts"] |= parts
    if "Enable" in call.input:
        detector["Status"] = "ENABLED" if call.input["Enable"] else "DISABLED"
    frequency = call.input.get("FindingPublishingFrequency")
    if frequency not in (None, *FREQUENCIES):
        raise Refusal("BadRequestException", f"FindingPublishingFrequency: allowed are {', '.join(FREQUENCIES)}")
    detector["frequency"] = frequency or detector["frequency"]
    detector["updated"] = datetime.now(UTC)


@overlay.answers("guardduty", "CreateDetector")
def create(call: Call) -> dict[str, Any]:
    """API Reference, CreateDetector: one a region; every feature is on that is not named, but for those with agents."""
    if _kept(call):
        raise Refusal(
            "BadRequestException",
            "The request is rejected because a detector already exists for the current account.",
        )
    detector: dict[str, Any] = {
        "kept": {
            name: {"Status": "DISABLED" if name in AGENTS else "ENABLED", "parts": dict.fromkeys(parts, "DISABLED")}
            for name, parts in FEATURES.items()
        },
        "frequency": "SIX_HOURS",
        "created": datetime.now(UTC),
        "Tags": call.input.get("Tags", {}),
    }
    _put(detector, call)
    name = secrets.token_hex(16)
    _kept(call)[name] = detector
    return {"DetectorId": name}


@overlay.answers("guardduty", "UpdateDetector")
def update(call: Call) -> dict[str, Any]:
    """API Reference, UpdateDetector: what is named changes, feature by feature; the rest stays."""
    _put(_one(call), call)
    return {}


@overlay.answers("guardduty", "GetDetector")
def get(call: Call) -> dict[str, Any]:
    """API Reference, GetDetector: all features, those that cannot be switched too."""
    detector = _one(call)
    kept, since = detector["kept"], detector["updated"]
    always = [{"Name": name, "Status": "ENABLED", "UpdatedAt": since} for name in ALWAYS]
    switched = [
        {
            "Name": name,
            "Status": feature["Status"],
            "UpdatedAt": since,
            **({"AdditionalConfiguration": _parts(feature, since)} if feature["parts"] else {}),
        }
        for name, feature in kept.items()
    ]
    status = {name: {"Status": feature["Status"]} for name, feature in kept.items()}
    return {
        "CreatedAt": detector["created"].isoformat(),
        "UpdatedAt": since.isoformat(),
        "FindingPublishingFrequency": detector["frequency"],
        "ServiceRole": f"arn:aws:iam::{call.account}:role/aws-service-role/guardduty.amazonaws.com/"
        "AWSServiceRoleForAmazonGuardDuty",
        "Status": detector["Status"],
        "DataSources": {
            "CloudTrail": {"Status": "ENABLED"},
            "DNSLogs": {"Status": "ENABLED"},
            "FlowLogs": {"Status": "ENABLED"},
            "S3Logs": status["S3_DATA_EVENTS"],
            "Kubernetes": {"AuditLogs": status["EKS_AUDIT_LOGS"]},
            "MalwareProtection": {"ScanEc2InstanceWithFindings": {"EbsVolumes": status["EBS_MALWARE_PROTECTION"]}},
        },
        "Tags": detector["Tags"],
        "Features": [*always, *switched],
    }


def _parts(feature: dict[str, Any], since: datetime) -> list[dict[str, Any]]:
    return [{"Name": name, "Status": status, "UpdatedAt": since} for name, status in feature["parts"].items()]


@overlay.answers("guardduty", "ListDetectors")
def list_all(call: Call) -> dict[str, Any]:
    """The region's detector, if there is one."""
    return {"DetectorIds": list(_kept(call))}


@overlay.answers("guardduty", "DeleteDetector")
def delete(call: Call) -> dict[str, Any]:
    """The detector goes."""
    _one(call)
    del _kept(call)[call.input["DetectorId"]]
    return {}


def _tagged(call: Call) -> dict[str, Any]:
    return _one(call, call.input["ResourceArn"].rsplit("/", 1)[-1])


@overlay.answers("guardduty", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """Tags of a detector."""
    return {"Tags": _tagged(call)["Tags"]}


@overlay.answers("guardduty", "TagResource")
def tag(call: Call) -> dict[str, Any]:
    """Adds tags, or changes them."""
    _tagged(call)["Tags"] |= call.input["Tags"]
    return {}


@overlay.answers("guardduty", "UntagResource")
def untag(call: Call) -> dict[str, Any]:
    """Takes tags away."""
    for key in call.input["TagKeys"]:
        _tagged(call)["Tags"].pop(key, None)
    return {}
