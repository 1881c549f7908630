"""One of each type that the environment of this machine does not have, with the properties that components send."""

import json

import pulumi_aws as aws

from tests.integration.samples import services

ACCOUNT, REGION = "000000000000", "eu-central-1"
TAGS = {"env": "sample"}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role(name, *trusted, policies=()):
    """A role that AWS services may take on."""
    made = aws.iam.Role(
        name,
        name=f"sample-{name}",
        assume_role_policy=document(
            {
                "Effect": "Allow",
                "Principal": {"Service": list(trusted)},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ),
    )
    for policy in policies:
        aws.iam.RolePolicyAttachment(f"{name}-{policy}", role=made.name, policy_arn=f"arn:aws:iam::aws:policy/{policy}")
    return made


vpc = aws.ec2.Vpc("vpc", cidr_block="10.9.0.0/16")
subnets = [
    aws.ec2.Subnet(f"subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.9.{n}.0/24", availability_zone=f"{REGION}{zone}")
    for n, zone in enumerate("ab")
]
groups = [
    aws.ec2.SecurityGroup(f"group-{n}", name=f"sample-{n}", vpc_id=vpc.id, description="sample") for n in range(2)
]
aws.vpc.SecurityGroupEgressRule(
    "egress",
    security_group_id=groups[0].id,
    cidr_ipv4="10.9.0.0/16",
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    description="endpoints",
    tags=TAGS,
)
aws.vpc.SecurityGroupEgressRule(
    "egress-to-group", security_group_id=groups[0].id, referenced_security_group_id=groups[1].id, ip_protocol="-1"
)
aws.ec2.Tag("tag", resource_id=subnets[0].id, key="extra", value="yes")

repository = aws.ecr.Repository("repository", name="sample/one")
reader = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
aws.ecr.RepositoryPolicy(
    "repository-policy",
    repository=repository.name,
    policy=document({"Effect": "Allow", "Principal": reader, "Action": ["ecr:BatchGetImage"]}),
)
aws.ecr.RegistryScanningConfiguration(
    "scanning",
    scan_type="BASIC",
    rules=[
        {"scan_frequency": "SCAN_ON_PUSH", "repository_filters": [{"filter": "sample/*", "filter_type": "WILDCARD"}]}
    ],
)

cluster_role = role("cluster", "eks.amazonaws.com", policies=["AmazonEKSClusterPolicy"])
node_policies = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"]
node_role = role("node", "ec2.amazonaws.com", policies=node_policies)
pod_role = role("pod", "pods.eks.amazonaws.com")
cluster = aws.eks.Cluster(
    "cluster",
    name="sample",
    role_arn=cluster_role.arn,
    version="1.34",
    access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
    vpc_config={"subnet_ids": [subnet.id for subnet in subnets], "endpoint_private_access": True},
    zonal_shift_config={"enabled": True},
    deletion_protection=True,
)
template = aws.ec2.LaunchTemplate(
    "template",
    name="sample",
    description="nodes",
    ebs_optimized="true",
    monitoring={"enabled": True},
    metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1, "http_endpoint": "enabled"},
    block_device_mappings=[
        {"device_name": "/dev/xvda", "ebs": {"volume_size": 50, "volume_type": "gp3", "encrypted": "true"}}
    ],
    network_interfaces=[{"security_groups": [groups[0].id], "delete_on_termination": "true"}],
    tag_specifications=[{"resource_type": "instance", "tags": TAGS}],
    tags=TAGS,
)
nodes = {
    "cluster_name": cluster.name,
    "node_role_arn": node_role.arn,
    "subnet_ids": [subnet.id for subnet in subnets],
    "scaling_config": {"min_size": 1, "max_size": 3, "desired_size": 1},
    "ami_type": "AL2023_x86_64_STANDARD",
    "capacity_type": "ON_DEMAND",
    "labels": {"role": "system"},
    "taints": [{"key": "system", "value": "yes", "effect": "PREFER_NO_SCHEDULE"}],
    "update_config": {"max_unavailable": 1},
    "node_repair_config": {"enabled": True},
    "instance_types": ["m7i.large"],
    "version": "1.34",
    "tags": TAGS,
}
aws.eks.NodeGroup("nodes", node_group_name="sample", disk_size=50, **nodes)
aws.eks.NodeGroup(
    "templated",
    node_group_name="templated",
    launch_template={"id": template.id, "version": template.latest_version.apply(str)},
    **nodes,
)
aws.eks.Addon(
    "add-on",
    cluster_name=cluster.name,
    addon_name="vpc-cni",
    addon_version="v1.20.4-eksbuild.2",
    configuration_values=json.dumps({"enableNetworkPolicy": "true"}),
    pod_identity_associations=[{"role_arn": pod_role.arn, "service_account": "aws-node"}],
    tags=TAGS,
)
aws.eks.Addon(
    "add-on-with-a-role",
    cluster_name=cluster.name,
    addon_name="aws-ebs-csi-driver",
    service_account_role_arn=pod_role.arn,
)
aws.eks.AccessEntry(
    "entry",
    cluster_name=cluster.name,
    principal_arn=pod_role.arn,
    user_name="someone",
    kubernetes_groups=["readers"],
    tags=TAGS,
)
aws.eks.PodIdentityAssociation(
    "identity",
    cluster_name=cluster.name,
    namespace="jobs",
    service_account="train",
    role_arn=pod_role.arn,
    target_role_arn=node_role.arn,
    disable_session_tags=True,
    tags=TAGS,
)
services.make(role("model", "sagemaker.amazonaws.com"), [subnets[0].id], [groups[0].id], TAGS)
