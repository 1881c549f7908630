"""moto's scaling targets need no endpoint and keep no tags; its policies make no alarms for endpoints."""

import uuid
from typing import Any

from moto.applicationautoscaling.models import FakeApplicationAutoscalingPolicy

from localcloud import overlay
from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.refusal import Answer, Refusal

WHOLE = ("ServiceNamespace", "ResourceId", "ScalableDimension")
VARIANT = "sagemaker:variant:DesiredInstanceCount"

METRICS = {
    "SageMakerVariantInvocationsPerInstance": "InvocationsPerInstance",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": "ConcurrentRequestsPerModel",
}
"""What a predefined metric of SageMaker is called in CloudWatch; SageMaker Developer Guide, "Autoscaling policies"."""


def _is_same(call: Call, other: Any) -> bool:
    found = (other.service_namespace, other.resource_id, other.scalable_dimension)
    return found == tuple(call.input.get(name) for name in WHOLE)


def _target(call: Call) -> Any:
    targets = call.backend.targets.get(call.input["ScalableDimension"], {})
    return targets.get(call.input["ResourceId"])


@overlay.checks("application-autoscaling", "RegisterScalableTarget")
def there_is_something_to_scale(call: Call) -> None:
    """API Reference, RegisterScalableTarget: both bounds at first, in order, for a variant that an endpoint has."""
    given, old = call.input, _target(call)
    low = given.get("MinCapacity", old.min_capacity if old else None)
    high = given.get("MaxCapacity", old.max_capacity if old else None)
    if low is None or high is None:
        raise Refusal("ValidationException", "A scalable target needs MinCapacity and MaxCapacity")
    if low > high:
        raise Refusal("ValidationException", f"Maximum capacity cannot be less than minimum capacity: {high} < {low}")
    if given["ScalableDimension"] != VARIANT:
        return
    parts = given["ResourceId"].split("/")
    endpoints = backend_of("sagemaker", call.account, call.region).endpoints
    endpoint = endpoints.get(parts[1]) if len(parts) == 4 else None
    variants = [variant["VariantName"] for variant in endpoint.production_variants] if endpoint else []
    if len(parts) != 4 or parts[3] not in variants:
        raise Refusal("ValidationException", f"ResourceId: {given['ResourceId']} is no variant of an endpoint")


@overlay.follows("application-autoscaling", "RegisterScalableTarget")
def the_tags_are_kept(call: Call, _: Answer) -> None:
    """API Reference, RegisterScalableTarget: with those that it has."""
    target = _target(call)
    target.tags = vars(target).get("tags", {}) | call.input.get("Tags", {})


@overlay.follows("application-autoscaling", "DeregisterScalableTarget")
def policies_go_with_the_target(call: Call, _: Answer) -> None:
    """API Reference, DeregisterScalableTarget: its scaling policies are deleted, and their alarms."""
    for name, policy in list(call.backend.policies.items()):
        if _is_same(call, policy):
            policy.delete_alarms(call.account, call.region)
            del call.backend.policies[name]


@overlay.checks("application-autoscaling", "DeregisterScalableTarget", "PutScalingPolicy")
def the_target_is_there(call: Call) -> None:
    """API Reference: ObjectNotFoundException."""
    if _target(call) is None:
        raise _not_found(call, "scalable target")


def _policy(call: Call) -> Any:
    name = call.input["PolicyName"]
    named = (one for one in call.backend.policies.values() if one.policy_name == name)
    return next((one for one in named if _is_same(call, one)), None)


@overlay.checks("application-autoscaling", "PutScalingPolicy")
def the_old_policy_is_known(call: Call) -> None:
    """For what follows."""
    call.environ["localcloud.old_policy"] = _policy(call)


@overlay.follows("application-autoscaling", "PutScalingPolicy")
def a_changed_policy_is_the_same(call: Call, _: Answer) -> dict[str, Any] | None:
    """API Reference, PutScalingPolicy: an update keeps the ARN; its alarms are made anew."""
    old, new = call.environ["localcloud.old_policy"], _policy(call)
    if old is None:
        return None
    old.delete_alarms(call.account, call.region)
    new.delete_alarms(call.account, call.region)
    new.policy_arn, new.creation_time, new.alarms = old.policy_arn, old.creation_time, []
    new.create_alarms()
    alarms = [{"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn} for alarm in new.alarms]
    return {"PolicyARN": new.policy_arn, "Alarms": alarms}


@overlay.checks("application-autoscaling", "DeleteScalingPolicy")
def the_policy_is_there(call: Call) -> None:
    """API Reference, DeleteScalingPolicy: ObjectNotFoundException."""
    if _policy(call) is None:
        raise _not_found(call, f"scaling policy {call.input['PolicyName']}")


def _not_found(call: Call, what: str) -> Refusal:
    where = ", ".join(f"{name}: {call.input.get(name)}" for name in WHOLE)
    return Refusal("ObjectNotFoundException", f"No {what} registered for {where}")


@overlay.follows("application-autoscaling", "DescribeScalingPolicies")
def the_policies_named_are_told(call: Call, answer: Answer) -> dict[str, Any]:
    """API Reference, DescribeScalingPolicies: by PolicyNames, and by the whole resource's name."""
    output, given = call.read(answer), call.input
    found = [
        policy
        for policy in output.get("ScalingPolicies", [])
        if (not given.get("PolicyNames") or policy["PolicyName"] in given["PolicyNames"])
        and given.get("ResourceId", policy["ResourceId"]) == policy["ResourceId"]
    ]
    return {"ScalingPolicies": found}


@overlay.replaces(FakeApplicationAutoscalingPolicy, "create_alarms")
def create_alarms(policy: FakeApplicationAutoscalingPolicy) -> None:
    """Application Auto Scaling User Guide, "How target tracking scaling works": it makes and manages two alarms."""
    settings: Any = policy.target_tracking_scaling_policy_configuration
    if policy.policy_type != "TargetTrackingScaling" or policy.service_namespace != "sagemaker":
        return
    metric = METRICS.get(settings.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", ""))
    if metric is None:
        return
    _, endpoint, _, variant = policy.resource_id.split("/")
    cloudwatch = backend_of("cloudwatch", policy.account_id, policy.region_name)
    for side, comparison, periods in (("High", "GreaterThanThreshold", 3), ("Low", "LessThanThreshold", 15)):
        policy.alarms.append(
            cloudwatch.put_metric_alarm(
                name=f"TargetTracking-{policy.resource_id}-Alarm{side}-{uuid.uuid4()}",
                namespace="AWS/SageMaker",
                metric_name=metric,
                comparison_operator=comparison,
                evaluation_periods=periods,
                period=60,
                threshold=float(settings["TargetValue"]) * (1 if side == "High" else 0.9),
                statistic="Sum",
                description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.policy_arn}.",
                dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}],
                alarm_actions=[policy.policy_arn],
            )
        )


def _tags(call: Call) -> dict[str, str]:
    for targets in call.backend.targets.values():
        for target in targets.values():
            if target.arn == call.input["ResourceARN"]:
                return vars(target).setdefault("tags", {})
    raise Refusal("ResourceNotFoundException", f"There is no scalable target {call.input['ResourceARN']}")


@overlay.answers("application-autoscaling", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """Tags of a scalable target."""
    return {"Tags": _tags(call)}


@overlay.answers("application-autoscaling", "TagResource")
def tag(call: Call) -> dict[str, Any]:
    """Adds tags, or changes them."""
    _tags(call).update(call.input["Tags"])
    return {}


@overlay.answers("application-autoscaling", "UntagResource")
def untag(call: Call) -> dict[str, Any]:
    """Takes tags away."""
    for key in call.input["TagKeys"]:
        _tags(call).pop(key, None)
    return {}
