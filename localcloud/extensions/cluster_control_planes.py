"""moto's clusters drop most of their settings, have no security group of their own, and go whatever they protect."""

import base64
import ipaddress
import secrets
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from localcloud import overlay
from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.caller import caller
from localcloud.extensions import cluster_rules as rules
from localcloud.extensions.cluster_access import admit
from localcloud.extensions.cluster_records import Cluster, arn, cluster, clusters_of, in_use, invalid, now, page
from localcloud.extensions.cluster_versions import DEFAULT, require_version
from localcloud.extensions.service_interfaces import place, remove
from localcloud.extensions.service_log_groups import written_by_a_service
from localcloud.refusal import Refusal

GROUP = (
    "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any "
    "managed workloads."
)


@overlay.answers("eks", "CreateCluster")
def create(call: Call) -> dict[str, Any]:
    """Amazon EKS API Reference, CreateCluster; it is active at once."""
    given, name = call.input, call.input["name"]
    rules.require_name(name)
    if name in call.backend.clusters:
        raise in_use(f"Cluster already exists with name: {name}")
    version = given.get("version", DEFAULT)
    require_version(version)
    automatic = rules.auto_mode(call, {}, given)
    is_automatic = automatic["computeConfig"]["enabled"]
    mode = given.get("accessConfig", {}).get("authenticationMode", "API" if is_automatic else "CONFIG_MAP")
    if mode not in rules.MODES:
        raise invalid(f"accessConfig.authenticationMode: found {mode}, allowed {', '.join(rules.MODES)}")
    if is_automatic and mode == "CONFIG_MAP":
        raise invalid("EKS Auto Mode requires accessConfig.authenticationMode API or API_AND_CONFIG_MAP")
    if is_automatic and given.get("bootstrapSelfManagedAddons", True):
        raise invalid("When EKS Auto Mode is enabled, bootstrapSelfManagedAddons must be set to false")
    rules.require_role(call, given["roleArn"], "sts:AssumeRole", *(["sts:TagSession"] if is_automatic else []))
    wanted = given["resourcesVpcConfig"]
    vpc = rules.require_subnets(call, wanted.get("subnetIds", []))
    rules.require_groups(call, wanted.get("securityGroupIds", []), vpc)
    access = rules.endpoint_access(
        wanted, {"endpointPublicAccess": True, "endpointPrivateAccess": False, "publicAccessCidrs": []}
    )
    rules.require_encryption(call, given.get("encryptionConfig", []))
    logging = rules.logging(given.get("logging", {}))
    identity = secrets.token_hex(16).upper()
    said: dict[str, Any] = {
        "name": name,
        "arn": arn(call, "cluster", name),
        "createdAt": now(),
        "version": version,
        "endpoint": f"https://{identity}.gr7.{call.region}.eks.amazonaws.com",
        "roleArn": given["roleArn"],
        "resourcesVpcConfig": {
            "subnetIds": wanted["subnetIds"],
            "securityGroupIds": wanted.get("securityGroupIds", []),
            "vpcId": vpc,
            **access,
        },
        **automatic,
        "logging": logging,
        "identity": {"oidc": {"issuer": f"https://oidc.eks.{call.region}.amazonaws.com/id/{identity}"}},
        "status": "ACTIVE",
        "certificateAuthority": {"data": _authority()},
        "platformVersion": "eks.1",
        "tags": given.get("tags", {}),
        "health": {"issues": []},
        "accessConfig": {"authenticationMode": mode},
        "upgradePolicy": {"supportType": given.get("upgradePolicy", {}).get("supportType", "EXTENDED")},
        "deletionProtection": given.get("deletionProtection", False),
        "controlPlaneScalingConfig": given.get("controlPlaneScalingConfig", {"tier": "standard"}),
    }
    said |= {key: given[key] for key in ("encryptionConfig", "zonalShiftConfig", "remoteNetworkConfig") if key in given}
    _number(call, said["kubernetesNetworkConfig"], vpc)
    said["resourcesVpcConfig"]["clusterSecurityGroupId"] = _group(call, name, vpc)
    call.backend.create_cluster(name, given["roleArn"], wanted, version)
    made = Cluster(said)
    call.backend.clusters[name].record = made
    occupy(call, made)
    keep_logs(call, made)
    if mode != "CONFIG_MAP" and given.get("accessConfig", {}).get("bootstrapClusterCreatorAdminPermissions", True):
        admit(call, made, _creator(call), "STANDARD", "AmazonEKSClusterAdminPolicy")
    if automatic["computeConfig"].get("nodeRoleArn"):
        admit(call, made, automatic["computeConfig"]["nodeRoleArn"], "EC2", "AmazonEKSAutoNodePolicy")
    return {"cluster": {**said, "status": "CREATING"}}


@overlay.answers("eks", "DescribeCluster")
def describe(call: Call) -> dict[str, Any]:
    """All that the account knows of a cluster."""
    return {"cluster": cluster(call).said}


@overlay.answers("eks", "ListClusters")
def list_clusters(call: Call) -> dict[str, Any]:
    """The names."""
    return page(call, sorted(clusters_of(call.backend)), "clusters")


@overlay.answers("eks", "DeleteCluster")
def delete(call: Call) -> dict[str, Any]:
    """Node groups first; add-ons, entries and associations go along; Amazon EKS User Guide, "Delete a cluster"."""
    known = cluster(call)
    if known.said["deletionProtection"]:
        raise Refusal(
            "InvalidRequestException",
            f"Cluster {known.name} has deletion protection enabled. Disable deletion protection before deleting it.",
        )
    if known.node_groups:
        raise in_use(f"Cluster has nodegroups attached: {', '.join(sorted(known.node_groups))}")
    if call.backend.clusters[known.name].fargate_profiles:
        raise in_use("Cluster has Fargate profiles attached")
    group = known.said["resourcesVpcConfig"]["clusterSecurityGroupId"]
    remove(call, known.interfaces)
    ec2 = backend_of("ec2", call.account, call.region)
    held = ec2.groups[known.said["resourcesVpcConfig"]["vpcId"]].pop(group, None)
    for one in (group, *(rule.id for rule in (*held.ingress_rules, *held.egress_rules) if held)):
        ec2.tags.pop(one, None)
    del call.backend.clusters[known.name]
    call.backend.cluster_count -= 1
    return {"cluster": {**known.said, "status": "DELETING"}}


def occupy(call: Call, known: Cluster) -> None:
    """Puts the control plane's interfaces into the cluster's subnets, in place of those that were."""
    network = known.said["resourcesVpcConfig"]
    remove(call, known.interfaces)
    groups = [network["clusterSecurityGroupId"], *network["securityGroupIds"]]
    known.interfaces = place(call, network["subnetIds"], groups, f"Amazon EKS {known.name}", "interface")


def keep_logs(call: Call, known: Cluster) -> None:
    """EKS makes the log group itself where there is none; Amazon EKS User Guide, "Send control plane logs"."""
    if rules.enabled_logs(known.said):
        written_by_a_service(call, f"/aws/eks/{known.name}/cluster")


def _creator(call: Call) -> str:
    who = caller(call)
    return who.arn if who else f"arn:aws:iam::{call.account}:root"


def _number(call: Call, network: dict[str, Any], vpc: str) -> None:
    """Fills in the services' addresses: of two ranges the one that the VPC does not use."""
    taken = ipaddress.ip_network(backend_of("ec2", call.account, call.region).vpcs[vpc].cidr_block)
    free = [one for one in ("172.20.0.0/16", "10.100.0.0/16") if not ipaddress.ip_network(one).overlaps(taken)]
    network.setdefault("serviceIpv4Cidr", free[0])
    network.setdefault("ipFamily", "ipv4")
    if ipaddress.ip_network(network["serviceIpv4Cidr"]).overlaps(taken):
        raise invalid(
            f"kubernetesNetworkConfig.serviceIpv4Cidr {network['serviceIpv4Cidr']} overlaps with the VPC's {taken}"
        )


def _group(call: Call, name: str, vpc: str) -> str:
    """The cluster's own security group: all from itself, all to anywhere."""
    ec2 = backend_of("ec2", call.account, call.region)
    number = secrets.randbelow(10**10)
    label = f"eks-cluster-sg-{name}-{number}"
    tags = {"Name": label, "aws:eks:cluster-name": name, f"kubernetes.io/cluster/{name}": "owned"}
    made = ec2.create_security_group(label, GROUP, vpc_id=vpc, tags=tags)
    ec2.authorize_security_group_ingress(
        made.id, "-1", None, None, [], source_groups=[{"GroupId": made.id}], vpc_id=vpc
    )
    return made.id


def _authority() -> str:
    """A certificate authority of the cluster's own, as a kubeconfig carries it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now())
        .not_valid_after(now() + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()
