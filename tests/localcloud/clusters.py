"""What a cluster of a test stands on: a network in two zones, roles, a key."""

import json
from typing import Any, NamedTuple

REGION = "eu-central-1"


class Ground(NamedTuple):
    """A VPC's id with subnets in two zones, and ARNs of roles."""

    vpc: str
    subnets: list[str]
    role: str
    node_role: str
    pod_role: str


def make_role(iam: Any, name: str, service: str, *actions: str) -> str:
    """A role that a service may take on, with a policy; gives its ARN."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions or ("sts:AssumeRole",))}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=json.dumps(allow))
    return arn


def make_ground(aws: Any, name: str) -> Ground:
    """Makes all of it."""
    ec2, iam = aws("ec2"), aws("iam")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    return Ground(
        vpc,
        subnets,
        make_role(iam, f"{name}-cluster", "eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession"),
        make_role(iam, f"{name}-node", "ec2.amazonaws.com"),
        make_role(iam, f"{name}-pod", "pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession"),
    )


def wish(ground: Ground, name: str, **more: Any) -> dict[str, Any]:
    """A plain cluster, as CreateCluster wants it."""
    return {
        "name": name,
        "roleArn": ground.role,
        "version": "1.33",
        "resourcesVpcConfig": {
            "subnetIds": ground.subnets,
            "endpointPrivateAccess": True,
            "endpointPublicAccess": False,
        },
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        **more,
    }
