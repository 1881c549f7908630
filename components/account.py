"""Names that AWS gives to things in an account."""

from typing import Any

_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc", "us-iso-": "aws-iso"}


def partition(region: str) -> str:
    """Partition of `region` (AWS General Reference, "Amazon Resource Names")."""
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")


def dns_suffix(region: str) -> str:
    """End of the host names of `region` (partitions file of the AWS SDKs)."""
    suffixes = {"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu", "aws-iso": "c2s.ic.gov"}
    return suffixes.get(partition(region), "amazonaws.com")


def arn(service: str, region: str, account: str, resource: str) -> str:
    """ARN of `resource`, literal at preview so that a policy document that names it is too."""
    return f"arn:{partition(region)}:{service}:{region}:{account}:{resource}"


def bucket_arn(region: str, bucket: str) -> str:
    """ARN of a bucket; it carries neither region nor account (S3 user guide, "bucket ARNs")."""
    return f"arn:{partition(region)}:s3:::{bucket}"


def policy_document(*statements: dict[str, Any]) -> dict[str, Any]:
    """An IAM policy document of the current language version."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def service_trust(service: str, account: str, *, session_tags: bool = False) -> dict[str, Any]:
    """Trust policy of a role that an AWS service takes on for `account` alone (IAM user guide, "confused deputy").

    `session_tags` lets the service mark its sessions, as EKS does for pod identities and Auto Mode.
    """
    return policy_document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": ["sts:AssumeRole", "sts:TagSession"] if session_tags else "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def aws_policy_arn(region: str, name: str) -> str:
    """ARN of a policy that AWS looks after."""
    return f"arn:{partition(region)}:iam::aws:policy/{name}"


def image(account: str, region: str, repository: str, digest: str) -> str:
    """Address of an image in the account's registry, by `digest`, `sha256:...` (ECR user guide, "pulling an image")."""
    return f"{account}.dkr.ecr.{region}.{dns_suffix(region)}/{repository}@{digest}"
