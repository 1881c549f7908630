"""What a served model may do."""

from collections.abc import Sequence
from typing import Any

from components.account import arn, bucket_arn, policy_document


def serving_policy(
    *,
    account: str,
    region: str,
    repository: str,
    artifact: str,
    capture_bucket: str | None,
    log_group: str,
    kms_aliases: Sequence[str],
) -> dict[str, Any]:
    """Policy of the role under which SageMaker runs one model, which itself has neither network nor credentials.

    `artifact` is bucket and key of the model. It pulls one image, reads one artifact, writes its log and metrics and,
    where there is a `capture_bucket`, the requests that are kept (SageMaker developer guide, "CreateModel API:
    Execution Role Permissions"; without logs:CreateLogGroup, since the group is made before).
    """
    here = (region, account)
    interfaces = arn("ec2", *here, "network-interface/*")
    group = arn("logs", *here, f"log-group:{log_group}")
    by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": sorted(set(kms_aliases))}}
    captured = [] if capture_bucket is None else [f"{bucket_arn(region, capture_bucket)}/*"]
    return policy_document(
        _allow("SignInToTheRegistry", "ecr:GetAuthorizationToken", "*"),
        _allow(
            "PullTheImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            arn("ecr", *here, f"repository/{repository}"),
        ),
        _allow("ReadTheModel", "s3:GetObject", bucket_arn(region, artifact)),
        *(_allow("KeepRequests", "s3:PutObject", bucket) for bucket in captured),
        {
            **_allow(
                "UseTheKeys", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"], arn("kms", *here, "key/*")
            ),
            "Condition": by_alias,
        },
        {
            **_allow("LendTheKeysToVolumes", "kms:CreateGrant", arn("kms", *here, "key/*")),
            "Condition": {**by_alias, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
        _allow(
            "WriteTheLog",
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [group, f"{group}:*"],
        ),
        {
            **_allow("WriteMetrics", "cloudwatch:PutMetricData", "*"),
            "Condition": {"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker*", "/aws/sagemaker/*"]}},
        },
        _allow(
            "EnterTheNetwork",
            ["ec2:CreateNetworkInterface"],
            [interfaces, arn("ec2", *here, "subnet/*"), arn("ec2", *here, "security-group/*")],
        ),
        _allow(
            "LeaveTheNetwork",
            [
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            interfaces,
        ),
        _allow(
            "SeeTheNetwork",
            [
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            "*",
        ),
    )


def log_group(endpoint_name: str) -> str:
    """Where SageMaker writes what an endpoint's containers say (SageMaker developer guide, "log groups")."""
    return f"/aws/sagemaker/Endpoints/{endpoint_name}"


def _allow(sid: str, action: str | list[str], resource: str | list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
