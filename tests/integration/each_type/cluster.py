"""A cluster of each kind of compute, and what belongs to one."""

import json

import pulumi_aws as aws

from tests.integration.each_type.ground import ACCOUNT, TAGS, group, key, own, role, subnets

for compute in ("auto", "managed"):
    auto = compute == "auto"
    cluster = aws.eks.Cluster(
        f"cluster-{compute}",
        name=f"demo-{compute}",
        role_arn=role.arn,
        version="1.34",
        bootstrap_self_managed_addons=False,
        enabled_cluster_log_types=["api", "audit", "authenticator", "controllerManager", "scheduler"],
        encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
        access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
        vpc_config={
            "subnet_ids": [s.id for s in subnets],
            "security_group_ids": [group.id],
            "endpoint_private_access": True,
            "endpoint_public_access": False,
        },
        compute_config=aws.eks.ClusterComputeConfigArgs(
            enabled=auto, node_pools=["system"] if auto else None, node_role_arn=role.arn if auto else None
        ),
        kubernetes_network_config={
            "service_ipv4_cidr": "172.20.0.0/16",
            "elastic_load_balancing": {"enabled": auto},
        },
        storage_config={"block_storage": {"enabled": auto}},
        upgrade_policy={"support_type": "STANDARD"},
        zonal_shift_config={"enabled": True},
        deletion_protection=True,
        tags=TAGS,
        opts=own,
    )
template = aws.ec2.LaunchTemplate(
    "template",
    name="demo-one-system",
    update_default_version=True,
    metadata_options={"http_tokens": "required", "http_endpoint": "enabled", "http_put_response_hop_limit": 1},
    block_device_mappings=[
        {
            "device_name": "/dev/xvda",
            "ebs": {"encrypted": "true", "kms_key_id": key.arn, "volume_size": 50, "volume_type": "gp3"},
        }
    ],
    tag_specifications=[{"resource_type": "instance", "tags": TAGS}],
    tags=TAGS,
    opts=own,
)
aws.eks.NodeGroup(
    "nodes",
    cluster_name=cluster.name,
    node_group_name="system",
    node_role_arn=role.arn,
    subnet_ids=[s.id for s in subnets],
    scaling_config={"min_size": 2, "desired_size": 2, "max_size": 4},
    update_config={"max_unavailable": 1},
    launch_template={"id": template.id, "version": template.latest_version.apply(str)},
    instance_types=["m7i.large"],
    ami_type="AL2023_x86_64_STANDARD",
    capacity_type="ON_DEMAND",
    labels={"role": "system"},
    node_repair_config={"enabled": True},
    tags=TAGS,
    opts=own,
)
aws.eks.Addon(
    "addon",
    cluster_name=cluster.name,
    addon_name="vpc-cni",
    addon_version="v1.20.4-eksbuild.1",
    resolve_conflicts_on_create="OVERWRITE",
    resolve_conflicts_on_update="PRESERVE",
    configuration_values=json.dumps({"env": {"A": "b"}}),
    pod_identity_associations=[{"role_arn": role.arn, "service_account": "aws-node"}],
    tags=TAGS,
    opts=own,
)
entry = aws.eks.AccessEntry(
    "entry",
    cluster_name=cluster.name,
    principal_arn=f"arn:aws:iam::{ACCOUNT}:role/team",
    kubernetes_groups=["team"],
    type="STANDARD",
    tags=TAGS,
    opts=own,
)
aws.eks.AccessPolicyAssociation(
    "access",
    cluster_name=cluster.name,
    principal_arn=entry.principal_arn,
    policy_arn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
    access_scope={"type": "namespace", "namespaces": ["team"]},
    opts=own,
)
aws.eks.PodIdentityAssociation(
    "pods",
    cluster_name=cluster.name,
    namespace="kube-system",
    service_account="cloudwatch-agent",
    role_arn=role.arn,
    tags=TAGS,
    opts=own,
)
