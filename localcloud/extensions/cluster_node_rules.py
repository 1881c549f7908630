"""moto's node groups take roles, subnets, versions, sizes and templates that EKS refuses."""

from typing import Any

from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.extensions.cluster_records import Cluster, invalid, role, trusts
from localcloud.extensions.cluster_versions import minor
from localcloud.extensions.cluster_versions import require_version as require_offered
from localcloud.extensions.service_interfaces import subnet

PROHIBITED = ("IamInstanceProfile", "InstanceMarketOptions", "HibernationOptions", "InstanceInitiatedShutdownBehavior")
"""What a template of nodes may not say; Amazon EKS User Guide, "Customize managed nodes with launch templates"."""

BLOCK = "capacity-block"
"""How a template says that it buys with a capacity block, which it may; Amazon EKS User Guide, "Create a managed node
group with Capacity Blocks for ML"."""

EFFECTS = ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE")
ARM = ("a1", "c6g", "c7g", "c8g", "g5g", "m6g", "m7g", "m8g", "r6g", "r7g", "r8g", "t4g", "x2g")


def require_role(call: Call, name: str) -> None:
    """The nodes' role exists and lets EC2 take it on; Amazon EKS User Guide, "Amazon EKS node IAM role"."""
    known = role(call, name)
    if known is None:
        raise invalid(f"The role with name {name.rpartition('/')[2]} cannot be found. ({name})")
    if not trusts(known, "ec2.amazonaws.com", "sts:AssumeRole"):
        raise invalid(
            "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of "
            f"nodeRole {name}"
        )


def require_subnets(call: Call, owner: Cluster, names: list[str]) -> None:
    """The subnets are of the cluster's VPC."""
    vpc = owner.said["resourcesVpcConfig"]["vpcId"]
    for name in names:
        known = subnet(call, name)
        if known is None or known.vpc_id != vpc:
            raise invalid(f"The subnet ID '{name}' does not exist in the cluster's VPC '{vpc}'")


def require_version(owner: Cluster, version: str, since: str | None = None) -> None:
    """Not newer than the cluster, at most three minor versions older, and never back."""
    require_offered(version)
    newest = owner.said["version"]
    if not 0 <= minor(newest) - minor(version) <= 3 or (since and minor(version) < minor(since)):
        raise invalid(
            f"Nodegroup Kubernetes version should be equal to Cluster kubernetes version {newest} or up to three minor "
            f"versions older, and not older than it was; found {version}"
        )


def scaling(wanted: dict[str, int]) -> dict[str, int]:
    """Sizes in order; Amazon EKS API Reference, NodegroupScalingConfig."""
    least, most = wanted.get("minSize", 1), wanted.get("maxSize", 2)
    desired = wanted.get("desiredSize", least)
    if least > desired:
        raise invalid(f"Minimum capacity {least} can't be greater than desired size {desired}")
    if desired > most:
        raise invalid(f"desired capacity {desired} can't be greater than max size {most}")
    if most < 1 or least < 0:
        raise invalid(f"maxSize must be at least 1 and minSize at least 0; found {most} and {least}")
    return {"minSize": least, "maxSize": most, "desiredSize": desired}


def require_taints(taints: list[dict[str, str]]) -> None:
    """Amazon EKS API Reference, Taint."""
    for taint in taints:
        if taint.get("effect") not in EFFECTS:
            raise invalid(f"taints: found the effect {taint.get('effect')}, allowed {', '.join(EFFECTS)}")


def template(call: Call, given: dict[str, Any]) -> dict[str, str]:
    """The launch template with id, name and version; empty where none is given."""
    wanted = given.get("launchTemplate")
    if not wanted:
        return {}
    if ("id" in wanted) == ("name" in wanted):
        raise invalid("Either provide launch template ID or launch template name in the request.")
    ec2 = backend_of("ec2", call.account, call.region)
    name = wanted.get("id") or ec2.launch_template_name_to_ids.get(wanted["name"])
    found = ec2.launch_templates.get(name)
    if found is None:
        raise invalid(f"The launch template {wanted} does not exist")
    version = str(wanted.get("version", found.default_version_number))
    numbers = {"$Latest": found.latest_version_number, "$Default": found.default_version_number}
    number = str(numbers.get(version, version))
    if number not in [str(known.number) for known in found.versions]:
        raise invalid(f"The launch template {found.id} has no version {version}")
    said = {"id": found.id, "name": found.name, "version": number}
    content = data(call, said)
    market = content.get("InstanceMarketOptions") or {}
    refused = [key for key in PROHIBITED if content.get(key)]
    if market.get("MarketType") == BLOCK:
        refused.remove("InstanceMarketOptions")
    refused += ["NetworkInterfaces.SubnetId" for one in content.get("NetworkInterfaces", []) if one.get("SubnetId")]
    if refused:
        raise invalid(f"The launch template of a node group must not have {', '.join(refused)}")
    if "diskSize" in given:
        raise invalid("Disk size must be specified within the launch template.")
    if "remoteAccess" in given:
        raise invalid("Remote access configuration cannot be specified with a launch template.")
    if content.get("InstanceType") and given.get("instanceTypes"):
        raise invalid("Instance types must be given in the launch template or in the request, not in both")
    return said


def data(call: Call, said: dict[str, str]) -> dict[str, Any]:
    """What the launch template's version says of instances."""
    found = backend_of("ec2", call.account, call.region).launch_templates[said["id"]]
    return found.versions[int(said["version"]) - 1].data


def image(call: Call, given: dict[str, Any], said: dict[str, str]) -> str:
    """The kind of image: what is asked for, the template's own, or Amazon Linux for the instances' processor."""
    content = data(call, said) if said else {}
    if content.get("ImageId"):
        if given.get("amiType", "CUSTOM") != "CUSTOM":
            raise invalid("You cannot specify an AMI Type other than CUSTOM where the launch template has an AMI ID")
        return "CUSTOM"
    types = given.get("instanceTypes") or [content.get("InstanceType") or "t3.medium"]
    is_arm = {one.split(".")[0].rstrip("den") in ARM or one.split(".")[0] in ARM for one in types}
    if len(is_arm) > 1:
        raise invalid(f"instanceTypes: all must have one kind of processor, found {', '.join(types)}")
    fitting = "ARM_64" if is_arm.pop() else "x86_64"
    wanted = given.get("amiType", f"AL2023_{fitting}_STANDARD")
    if fitting not in wanted and wanted != "CUSTOM":
        raise invalid(f"[{', '.join(types)}] is not a valid instance type for requested amiType {wanted}")
    return wanted
