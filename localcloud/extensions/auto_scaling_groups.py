"""moto's Auto Scaling knows no groups of EKS: here they change their size as an autoscaler asks, with their nodes."""

import uuid
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.clusters import fleet
from localcloud.clusters.machines import instance_of
from localcloud.extensions.cluster_node_groups import staff
from localcloud.extensions.cluster_records import Cluster, all_clusters, now
from localcloud.extensions.service_interfaces import remove
from localcloud.refusal import Refusal

Group = dict[str, Any]
SETTLE_SECONDS = 3


@overlay.answers("autoscaling", "SetDesiredCapacity")
def resize(call: Call) -> dict[str, Any] | None:
    """Amazon EC2 Auto Scaling API Reference, SetDesiredCapacity."""
    name, wanted = call.input["AutoScalingGroupName"], int(call.input["DesiredCapacity"])
    for owner, group in _groups(call):
        if scaling_name(group) == name:
            sizes = group["scalingConfig"]
            for bound, is_beyond in (("min", wanted < sizes["minSize"]), ("max", wanted > sizes["maxSize"])):
                if is_beyond:
                    side = {"min": "below min", "max": "above max"}[bound]
                    raise _refused(
                        f"New SetDesiredCapacity value {wanted} is {side} value {sizes[f'{bound}Size']} for the "
                        "AutoScalingGroup."
                    )
            _change(call, owner, group, wanted)
            return {}
    if name not in call.backend.autoscaling_groups:
        raise _refused("AutoScalingGroup name not found - null")
    return None  # one of moto's own


@overlay.answers("autoscaling", "TerminateInstanceInAutoScalingGroup")
def terminate(call: Call) -> dict[str, Any] | None:
    """Amazon EC2 Auto Scaling API Reference, TerminateInstanceInAutoScalingGroup."""
    instance = call.input["InstanceId"]
    for owner, group in _groups(call):
        held = owner.node_interfaces.get(group["nodegroupName"], [])
        interface = next((one for one in held if instance_of(one) == instance), None)
        if interface is None:
            continue
        sizes = group["scalingConfig"]
        shrinks = bool(call.input["ShouldDecrementDesiredCapacity"])
        if shrinks and sizes["desiredSize"] <= sizes["minSize"]:
            raise _refused(
                f"Currently, desiredSize equals minSize ({sizes['minSize']}). Terminating instance without "
                "replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity "
                "flag to false or lower group's min size."
            )
        held.remove(interface)
        remove(call, [interface])
        _change(call, owner, group, sizes["desiredSize"] - shrinks, 0)
        return {
            "Activity": {
                "ActivityId": str(uuid.uuid4()),
                "AutoScalingGroupName": scaling_name(group),
                "Description": f"Terminating EC2 instance: {instance}",
                "Cause": f"instance {instance} was taken out of service in response to a user request",
                "StartTime": now(),
                "StatusCode": "InProgress",
                "Progress": 0,
            }
        }
    own = (one for group in call.backend.autoscaling_groups.values() for one in group.instance_states)
    if instance not in {one.instance.id for one in own}:
        raise _refused(f"Instance Id not found - No managed instance found for instance ID: {instance}")
    return None


def scaling_name(group: Group) -> str:
    """Name of a node group's Auto Scaling group."""
    return group["resources"]["autoScalingGroups"][0]["name"]


def _groups(call: Call) -> list[tuple[Cluster, Group]]:
    owners = all_clusters(call.account, call.region)
    return [(owner, group) for owner in owners for group in list(owner.node_groups.values())]


def _change(call: Call, owner: Cluster, group: Group, wanted: int, settle_seconds: float = SETTLE_SECONDS) -> None:
    """The size, and the machines that it means; nodes follow within these seconds or behind the answer."""
    group["scalingConfig"] = {**group["scalingConfig"], "desiredSize": wanted}
    staff(call, owner, group)
    if running := fleet.current():
        running.follow(call.region, owner.name, settle_seconds)


def _refused(message: str) -> Refusal:
    return Refusal("ValidationError", message)
