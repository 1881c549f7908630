"""moto's trails write to buckets and with keys that refuse them, and mix up selectors, names and ARNs."""

import json
from typing import Any

from moto.cloudtrail.models import CloudTrailBackend, Trail

from localcloud import overlay
from localcloud.backends import backend_of, regions_of
from localcloud.call import Call
from localcloud.extensions.key_users import find
from localcloud.policy_language import Request, effects
from localcloud.refusal import Answer, Refusal

SERVICE = "cloudtrail.amazonaws.com"

CATEGORIES = {
    "Management": {"eventCategory", "eventSource", "readOnly", "sessionCredentialFromConsole"},
    "Data": {
        "eventCategory", "resources.type", "resources.ARN", "readOnly", "eventName", "eventSource", "eventType",
        "sessionCredentialFromConsole", "userIdentity.arn",
    },
    "NetworkActivity": {
        "eventCategory", "eventSource", "eventName", "errorCode", "vpcEndpointId", "sessionCredentialFromConsole",
        "userIdentity.arn",
    },
}  # fmt: skip
"""Fields that a selector of each category may look at; API Reference, AdvancedFieldSelector."""

MOST_CONDITIONS, MOST_SELECTORS = 500, 5
INSIGHTS = ("ApiCallRateInsight", "ApiErrorRateInsight")


def _find(call: Call, name: str) -> Trail:
    """A trail by name, or by ARN also in other regions."""
    home = name.split(":")[3] if name.startswith("arn:") else call.region
    trails = backend_of("cloudtrail", call.account, home).trails
    found = trails.get(name.rsplit("/", 1)[-1] if name.startswith("arn:") else name)
    if found is None:
        raise Refusal("TrailNotFoundException", f"Unknown trail: {name} for the user: {call.account}")
    return found


@overlay.replaces(CloudTrailBackend, "get_trail")
def get_trail(backend: CloudTrailBackend, name_or_arn: str) -> Trail:
    """CloudTrail API Reference: wherever a trail is named, its ARN serves too."""
    return _named(backend, name_or_arn)


def _named(backend: CloudTrailBackend, name: str) -> Trail:
    for known in regions_of("cloudtrail", backend.account_id).values():
        for trail in known.trails.values():
            if name == trail.arn or (name == trail.trail_name and known is backend):
                return trail
    raise Refusal("TrailNotFoundException", f"Unknown trail: {name} for the user: {backend.account_id}")


@overlay.checks("cloudtrail", "CreateTrail")
def a_name_is_used_once(call: Call) -> None:
    """API Reference, CreateTrail: TrailAlreadyExistsException."""
    if call.input["Name"] in call.backend.trails:
        arn = call.backend.trails[call.input["Name"]].arn
        raise Refusal("TrailAlreadyExistsException", f"Trail {arn} already exists for customer: {call.account}")


@overlay.checks("cloudtrail", "CreateTrail", "UpdateTrail")
def the_bucket_and_the_key_let_the_trail_in(call: Call) -> None:
    """User Guide, "Amazon S3 bucket policy for CloudTrail" and "Configure AWS KMS key policies for CloudTrail"."""
    name = call.input["Name"].rsplit("/", 1)[-1]
    arn = f"arn:aws:cloudtrail:{call.region}:{call.account}:trail/{name}"
    old = call.backend.trails.get(name)
    _require_bucket(call, arn, old)
    key = call.input.get("KmsKeyId")
    if key:
        _require_key(call, key, arn)


def _require_bucket(call: Call, arn: str, old: Trail | None) -> None:
    name = call.input.get("S3BucketName") or (old.bucket_name if old else "")
    bucket = backend_of("s3", call.account).buckets.get(name)
    if bucket is None:
        raise Refusal("S3BucketDoesNotExistException", f"S3 bucket {name} does not exist!")
    prefix = call.input.get("S3KeyPrefix") or (old.s3_key_prefix if old else "") or ""
    objects = f"{prefix}/AWSLogs" if prefix else "AWSLogs"
    resource = f"arn:aws:s3:::{name}"
    needed = {"s3:GetBucketAcl": resource, "s3:PutObject": f"{resource}/{objects}/{call.account}/CloudTrail/x"}
    context = {
        "aws:sourcearn": [arn],
        "aws:sourceaccount": [call.account],
        "aws:securetransport": ["true"],
        "aws:principalisawsservice": ["true"],
        "s3:x-amz-acl": ["bucket-owner-full-control"],
    }
    document = json.loads(bucket.policy) if bucket.policy else {"Statement": []}
    for action, target in needed.items():
        if effects(document, Request((action,), target, SERVICE, None, context)) != {"Allow"}:
            raise Refusal(
                "InsufficientS3BucketPolicyException",
                f"Incorrect S3 bucket policy is detected for bucket: {name} ({SERVICE} may not {action} for {arn})",
            )


def _require_key(call: Call, name: str, arn: str) -> None:
    key = find(call, name)
    if key is None:
        raise Refusal("KmsKeyNotFoundException", f"KMS key {name} does not exist")
    if key.key_state != "Enabled":
        raise Refusal("KmsException", f"KMS key {key.arn} is {key.key_state}")
    context = {
        "aws:sourcearn": [arn],
        "aws:sourceaccount": [call.account],
        "aws:principalisawsservice": ["true"],
        "kms:encryptioncontext:aws:cloudtrail:arn": [arn],
        "kms:encryptioncontextkeys": ["aws:cloudtrail:arn"],
        "kms:viaservice": [f"cloudtrail.{call.region}.amazonaws.com"],
    }
    asked = Request(("kms:GenerateDataKey",), key.arn, SERVICE, None, context)
    if effects(json.loads(key.policy), asked) != {"Allow"}:
        raise Refusal(
            "InsufficientEncryptionPolicyException",
            f"Insufficient permissions to access S3 bucket or KMS key {key.arn}: {SERVICE} may not kms:GenerateDataKey",
        )


@overlay.follows("cloudtrail", "CreateTrail", "UpdateTrail")
def defaults_and_arns_are_told(call: Call, answer: Answer) -> dict[str, Any]:
    """API Reference, CreateTrail: events of global services are in by default; a key is told by its ARN."""
    trail = _find(call, call.read(answer)["TrailARN"])
    if trail.include_global_service_events is None:
        trail.include_global_service_events = True
    for flag in ("is_multi_region", "log_validation", "is_org_trail"):
        setattr(trail, flag, bool(getattr(trail, flag)))
    if trail.kms_key_id:
        key = find(call, trail.kms_key_id)
        trail.kms_key_id = key.arn if key else trail.kms_key_id
    return _said(trail)


def _said(trail: Trail) -> dict[str, Any]:
    said = {name: value for name, value in trail.description(include_region=True).items() if value not in (None, "")}
    return said | {
        "HasCustomEventSelectors": bool(trail.event_selectors or trail.advanced_event_selectors),
        "HasInsightSelectors": bool(trail.insight_selectors),
    }


@overlay.answers("cloudtrail", "DescribeTrails")
def describe(call: Call) -> dict[str, Any]:
    """API Reference, DescribeTrails: those named, by name or ARN, and nothing for a name without a trail; else all."""
    wanted = call.input.get("trailNameList")
    found = call.backend.describe_trails(call.input.get("includeShadowTrails", True))
    return {
        "trailList": [
            _said(trail)
            for trail in found
            if not wanted or trail.arn in wanted or (trail.trail_name in wanted and trail.region_name == call.region)
        ]
    }


@overlay.follows("cloudtrail", "GetTrail")
def get(call: Call, _: Answer) -> dict[str, Any]:
    """The same of one trail."""
    return {"Trail": _said(_find(call, call.input["Name"]))}


@overlay.answers("cloudtrail", "DeleteTrail")
def delete(call: Call) -> dict[str, Any]:
    """API Reference, DeleteTrail: by name or ARN, in the trail's home region."""
    trail = _find(call, call.input["Name"])
    if trail.region_name != call.region:
        raise Refusal("InvalidHomeRegionException", f"The home region of {trail.arn} is {trail.region_name}")
    del call.backend.trails[trail.trail_name]
    call.backend.tagging_service.delete_all_tags_for_resource(trail.arn)
    return {}


@overlay.answers("cloudtrail", "PutEventSelectors")
def put_selectors(call: Call) -> dict[str, Any]:
    """API Reference, PutEventSelectors: basic or advanced ones, and the new take the place of the old."""
    trail = _find(call, call.input["TrailName"])
    basic, advanced = call.input.get("EventSelectors", []), call.input.get("AdvancedEventSelectors", [])
    if bool(basic) == bool(advanced):
        raise Refusal("InvalidEventSelectorsException", "Give either EventSelectors or AdvancedEventSelectors")
    _check_basic(basic)
    _check_advanced(advanced)
    trail.event_selectors, trail.advanced_event_selectors = basic, advanced
    return _selectors(trail)


def _check_basic(selectors: list[dict[str, Any]]) -> None:
    if len(selectors) > MOST_SELECTORS:
        raise Refusal("InvalidEventSelectorsException", f"A trail has {MOST_SELECTORS} event selectors at most")
    for selector in selectors:
        selector.setdefault("ReadWriteType", "All")
        selector.setdefault("IncludeManagementEvents", True)
        selector.setdefault("DataResources", [])
        selector.setdefault("ExcludeManagementEventSources", [])


def _check_advanced(selectors: list[dict[str, Any]]) -> None:
    """User Guide, "Filtering data events by using advanced event selectors"."""
    count = 0
    for selector in selectors:
        fields = {field["Field"]: field for field in selector["FieldSelectors"]}
        category = fields.get("eventCategory", {}).get("Equals", [])
        name = selector.get("Name", "")
        if len(category) != 1 or category[0] not in CATEGORIES:
            allowed = ", ".join(CATEGORIES)
            raise _bad(name, f"one eventCategory is needed that Equals one of {allowed}, found {category}")
        if unknown := set(fields) - CATEGORIES[category[0]]:
            raise _bad(name, f"{', '.join(sorted(unknown))} cannot be looked at with {category[0]}")
        kinds = fields.get("resources.type", {}).get("Equals", [])
        if category == ["Data"] and len(kinds) != 1:
            raise _bad(name, f"one resources.type is needed with Data, found {kinds}")
        conditions = [len(v) for field in fields.values() for k, v in field.items() if k != "Field"]
        if not all(conditions) or len(conditions) < len(fields):
            raise _bad(name, "each field needs an operator with values")
        count += sum(conditions)
    if count > MOST_CONDITIONS:
        raise Refusal(
            "InvalidEventSelectorsException", f"A trail has {MOST_CONDITIONS} conditions at most, found {count}"
        )


def _bad(name: str, message: str) -> Refusal:
    return Refusal("InvalidEventSelectorsException", f"AdvancedEventSelectors: '{name}': {message}")


@overlay.answers("cloudtrail", "GetEventSelectors")
def get_selectors(call: Call) -> dict[str, Any]:
    """What was put."""
    return _selectors(_find(call, call.input["TrailName"]))


def _selectors(trail: Trail) -> dict[str, Any]:
    kept = {"EventSelectors": trail.event_selectors, "AdvancedEventSelectors": trail.advanced_event_selectors}
    return {"TrailARN": trail.arn, **{name: selectors for name, selectors in kept.items() if selectors}}


@overlay.answers("cloudtrail", "PutInsightSelectors")
def put_insights(call: Call) -> dict[str, Any]:
    """API Reference, PutInsightSelectors: the new take the place of the old; an empty list ends them."""
    trail = _find(call, call.input["TrailName"])
    given = call.input["InsightSelectors"]
    for selector in given:
        if selector.get("InsightType") not in INSIGHTS:
            raise Refusal("InvalidInsightSelectorsException", f"InsightType: allowed are {', '.join(INSIGHTS)}")
    trail.insight_selectors = given
    return {"TrailARN": trail.arn, "InsightSelectors": given}


@overlay.answers("cloudtrail", "GetInsightSelectors")
def get_insights(call: Call) -> dict[str, Any]:
    """API Reference, GetInsightSelectors: InsightNotEnabledException where there are none."""
    trail = _find(call, call.input["TrailName"])
    if not trail.insight_selectors:
        raise Refusal("InsightNotEnabledException", f"Insights are not enabled on {trail.arn}")
    return {"TrailARN": trail.arn, "InsightSelectors": trail.insight_selectors}


@overlay.answers("cloudtrail", "RemoveTags")
def remove_tags(call: Call) -> dict[str, Any]:
    """API Reference, RemoveTags: a tag goes by its key, whatever its value."""
    keys = [tag["Key"] for tag in call.input["TagsList"]]
    call.backend.tagging_service.untag_resource_using_names(call.input["ResourceId"], keys)
    return {}


@overlay.checks("cloudtrail", "AddTags", "RemoveTags")
def a_tagged_trail_exists(call: Call) -> None:
    """API Reference, AddTags: ResourceNotFoundException."""
    try:
        _find(call, call.input["ResourceId"])
    except Refusal:
        raise Refusal("ResourceNotFoundException", f"{call.input['ResourceId']} does not exist") from None
