"""What the others stand on: a provider without an account, a network, a key and a role."""

import json

import pulumi
import pulumi_aws as aws

provider = aws.Provider(
    "own",
    region="eu-central-1",
    access_key="a",
    secret_key="b",
    skip_credentials_validation=True,
    skip_requesting_account_id=True,
)
own = pulumi.ResourceOptions(provider=provider)
ACCOUNT = "000000000000"
REGION = "eu-central-1"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
TAGS = {"environment": "one"}

role = aws.iam.Role("role", name="demo-one-cluster", assume_role_policy=TRUST, tags=TAGS, opts=own)
aws.iam.RolePolicyAttachment(
    "attached", role=role.name, policy_arn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy", opts=own
)
aws.iam.OpenIdConnectProvider(
    "github",
    url="https://token.actions.githubusercontent.com",
    client_id_lists=["sts.amazonaws.com"],
    tags=TAGS,
    opts=own,
)
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", tags=TAGS, opts=own)
subnets = [
    aws.ec2.Subnet(f"s{i}", vpc_id=vpc.id, cidr_block=f"10.0.{i}.0/24", availability_zone=f"{REGION}{z}", opts=own)
    for i, z in enumerate("ab")
]
key = aws.kms.Key("key", description="d", tags=TAGS, opts=own)
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, description="d", opts=own)
aws.vpc.SecurityGroupEgressRule(
    "out", security_group_id=group.id, ip_protocol="tcp", from_port=443, to_port=443, cidr_ipv4="10.0.0.0/16", opts=own
)
aws.ec2.Tag("mark", resource_id=subnets[0].id, key="kubernetes.io/role/internal-elb", value="1", opts=own)
