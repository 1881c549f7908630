"""A CDK app with as many resources as an environment has, of the same services, in the same proportions.

It is written with the thinnest constructs that the CDK has, one a CloudFormation resource, and as literal as it gets:
less work than the constructs that a person would use. Where CloudFormation has no type of its own for what is a
resource of the provider (the settings of a bucket), another small one of the same service stands in.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from seedbed.rehearsal import Declared

HEAD = """
import os

from aws_cdk import App, CfnResource, CfnTag, Fn, Stack
{imports}

app = App(outdir=os.environ["CDK_OUTDIR"])
stack = Stack(app, "environment")
"""

GROUND = {
    "aws:ec2/vpc": (
        "vpc",
        'ec2.CfnVPC(stack, {id}, cidr_block="10.0.0.0/16", enable_dns_hostnames=True, tags={tags})',
    ),
    "aws:kms/key": (
        "key",
        "kms.CfnKey(stack, {id}, key_policy={policy}, enable_key_rotation=True, tags={tags})",
    ),
    "aws:iam/role": (
        "role",
        "iam.CfnRole(stack, {id}, assume_role_policy_document={trust}, tags={tags})",
    ),
    "aws:s3/bucket": (
        "bucket",
        "s3.CfnBucket(stack, {id}, bucket_name={small}, tags={tags}, "
        "versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status='Enabled'))",
    ),
    "aws:sns/topic": (
        "topic",
        "sns.CfnTopic(stack, {id}, topic_name={id}, kms_master_key_id=key0.attr_arn, tags={tags})",
    ),
    "aws:ec2/subnet": (
        "subnet",
        "ec2.CfnSubnet(stack, {id}, vpc_id=vpc0.ref, cidr_block='10.0.{n}.0/24', "
        "availability_zone=Fn.select(0, Fn.get_azs()), tags={tags})",
    ),
    "aws:ec2/routeTable": ("table", "ec2.CfnRouteTable(stack, {id}, vpc_id=vpc0.ref, tags={tags})"),
    "aws:ec2/securityGroup": (
        "group",
        "ec2.CfnSecurityGroup(stack, {id}, group_description={id}, vpc_id=vpc0.ref, tags={tags})",
    ),
}
"""Resources that others refer to: by their type, their name in the program, which gets a number, and the construct."""

REST = {
    "aws:ec2/routeTableAssociation": (
        "ec2.CfnSubnetRouteTableAssociation(stack, {id}, route_table_id=table{n}.ref, subnet_id=subnet{n}.ref)"
    ),
    "aws:ec2/route:": (
        "ec2.CfnRoute(stack, {id}, route_table_id=table0.ref, destination_cidr_block='172.16.{n}.0/24', "
        "nat_gateway_id='nat-0123456789abcdef0')"
    ),
    "aws:ec2/vpcEndpoint": (
        "ec2.CfnVPCEndpoint(stack, {id}, vpc_id=vpc0.ref, service_name='com.amazonaws.eu-central-1.s{n}', "
        "vpc_endpoint_type='Interface', subnet_ids=[subnet0.ref], security_group_ids=[group0.ref], "
        "policy_document={policy})"
    ),
    "aws:vpc/": (
        "ec2.CfnSecurityGroupIngress(stack, {id}, ip_protocol='tcp', from_port=443, to_port=443, group_id=group0.ref, "
        "cidr_ip='10.{n}.0.0/16')"
    ),
    "aws:ec2/": "ec2.CfnEIP(stack, {id}, domain='vpc', tags={tags})",
    "aws:kms/": "kms.CfnAlias(stack, {id}, alias_name='alias/' + {id}, target_key_id=key0.ref)",
    "aws:iam/": "iam.CfnManagedPolicy(stack, {id}, policy_document={rights}, managed_policy_name={id})",
    "aws:s3/bucketPolicy": "s3.CfnBucketPolicy(stack, {id}, bucket=bucket{n}.ref, policy_document={policy})",
    "aws:s3/": "s3.CfnAccessPoint(stack, {id}, bucket=bucket0.ref)",
    "aws:ecr/": "ecr.CfnRepository(stack, {id}, image_tag_mutability='IMMUTABLE', tags={tags})",
    "aws:rds/instance": (
        "rds.CfnDBInstance(stack, {id}, engine='postgres', db_instance_class='db.m7g.large', allocated_storage='100', "
        "storage_encrypted=True, kms_key_id=key0.attr_arn, multi_az=True, deletion_protection=True, "
        "master_username='tracking', manage_master_user_password=True, tags={tags})"
    ),
    "aws:rds/": "rds.CfnDBParameterGroup(stack, {id}, description={id}, family='postgres16', tags={tags})",
    "aws:eks/cluster": (
        "eks.CfnCluster(stack, {id}, role_arn=role0.attr_arn, tags={tags}, resources_vpc_config="
        "eks.CfnCluster.ResourcesVpcConfigProperty(subnet_ids=[subnet0.ref, subnet1.ref], "
        "security_group_ids=[group0.ref]))"
    ),
    "aws:eks/": "eks.CfnAddon(stack, {id}, addon_name={id}, cluster_name='environment', tags={tags})",
    "aws:cloudwatch/logGroup": (
        "logs.CfnLogGroup(stack, {id}, kms_key_id=key0.attr_arn, retention_in_days=365, tags={tags})"
    ),
    "aws:cloudwatch/event": (
        "events.CfnRule(stack, {id}, event_pattern={{'source': ['aws.signin']}}, state='ENABLED', tags={tags})"
    ),
    "aws:cloudwatch/": (
        "cloudwatch.CfnAlarm(stack, {id}, comparison_operator='GreaterThanThreshold', evaluation_periods=3, "
        "threshold=1, namespace='AWS/RDS', metric_name='CPUUtilization', period=300, statistic='Average', "
        "alarm_actions=[topic0.ref], tags={tags})"
    ),
    "aws:cloudtrail/": (
        "cloudtrail.CfnTrail(stack, {id}, is_logging=True, s3_bucket_name=bucket0.ref, kms_key_id=key0.attr_arn, "
        "is_multi_region_trail=True, enable_log_file_validation=True, tags={tags})"
    ),
    "aws:guardduty/": "guardduty.CfnDetector(stack, {id}, enable=True)",
    "aws:accessanalyzer/": "accessanalyzer.CfnAnalyzer(stack, {id}, type='ACCOUNT', tags={tags})",
    "aws:": "sns.CfnSubscription(stack, {id}, topic_arn=topic0.ref, protocol='email', endpoint='a@example.com')",
}
"""All others, by the beginning of the type; the longest that fits counts."""


def app(resources: Sequence[Declared]) -> str:
    """The program; it has one resource for each of `resources`, objects of the cluster as the CDK hands them over."""
    made = [r for r in resources if r.type.startswith("aws:")]
    objects = [r for r in resources if r.type.startswith("kubernetes:")]
    named = {begins: [r for r in made if r.type.startswith(f"{begins}:")] for begins in GROUND}
    lines = [
        f"{GROUND[begins][0]}{n} = {_construct(GROUND[begins][1], r, n)}"
        for begins, found in named.items()
        for n, r in enumerate(found)
    ]
    known = {r.urn for found in named.values() for r in found}
    counts: Counter[str] = Counter()
    for r in made:
        if r.urn not in known:
            begins = max((begins for begins in REST if r.type.startswith(begins)), key=len)
            lines.append(_construct(REST[begins], r, counts[begins]))
            counts[begins] += 1
    body = "\n".join([*lines, *map(_object, objects)])
    used = sorted({module for module in MODULES if f"{module}.Cfn" in body})
    imports = "\n".join(f"from aws_cdk import aws_{module} as {module}" for module in used)
    return HEAD.format(imports=imports) + body + "\n\napp.synth()\n"


HANDED_OVER = "Custom::AWSCDK-EKS-KubernetesResource"
FUNCTION = "arn:aws:lambda:eu-central-1:000000000000:function:kubectl"
"""Type of such a resource, and what stands behind it."""

MODULES = {
    "accessanalyzer", "cloudtrail", "cloudwatch", "ec2", "ecr", "eks", "events", "guardduty", "iam", "kms", "logs",
    "rds", "s3", "sns",
}  # fmt: skip


def _object(declared: Declared) -> str:
    """An object of the cluster: to CloudFormation a text for a function that hands it to the cluster."""
    name = f"{declared.name}-{declared.type.rsplit(':', 1)[-1]}".replace(".", "-")
    manifest = json.dumps([dict(declared.inputs)], default=lambda _: "unknown")
    told = f"{{'Manifest': {manifest!r}, 'ClusterName': 'environment', 'ServiceToken': {FUNCTION!r}}}"
    return f"CfnResource(stack, {name!r}, type={HANDED_OVER!r}, properties={told})"


def _construct(template: str, declared: Declared, number: int) -> str:
    name = f"{declared.name}-{declared.type.rsplit(':', 1)[-1]}".replace(".", "-").replace("--", "-")
    tags = declared.inputs.get("tags") or {}
    listed = ", ".join(f"CfnTag(key={k!r}, value={v!r})" for k, v in tags.items() if isinstance(v, str))
    return template.format(
        id=repr(name),
        small=repr(name.lower()),
        n=number,
        tags=f"[{listed}]",
        policy=repr(_policy(declared, {"Principal": {"AWS": "*"}, "Resource": "*"})),
        rights=repr(_policy(declared, {"Resource": "*"})),
        trust=repr(_policy(declared, {"Principal": {"Service": "eks.amazonaws.com"}}, action="sts:AssumeRole")),
    )


def _policy(declared: Declared, more: Mapping[str, Any], *, action: str = "s3:GetObject") -> dict[str, Any]:
    """A policy with as many statements as the resource's own."""
    given = next((declared.inputs[k] for k in ("policy", "assumeRolePolicy") if k in declared.inputs), "")
    count = given.count('"Effect"') if isinstance(given, str) else 1
    secure = {"Bool": {"aws:SecureTransport": "true"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": f"Statement{n}", "Effect": "Allow", "Action": action, "Condition": secure, **more}
            for n in range(max(count, 1))
        ],
    }
