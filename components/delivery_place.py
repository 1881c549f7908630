"""What an environment calls its own, and what caring for it takes."""

from dataclasses import dataclass
from typing import Any

from components.account import arn, bucket_arn, partition


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an environment is, and what it calls its own."""

    region: str
    account: str
    system: str
    environment: str
    key_aliases: tuple[str, ...]
    """Aliases of the keys that the environment's data is under."""

    @property
    def prefix(self) -> str:
        """Start of every name."""
        return f"{self.system}-{self.environment}"

    @property
    def buckets(self) -> str:
        """Pattern of its buckets' ARNs."""
        return bucket_arn(self.region, f"{self.prefix}-*")

    def iam(self, resource: str) -> str:
        """ARN of an IAM resource of the account."""
        return f"arn:{partition(self.region)}:iam::{self.account}:{resource}"

    def arn(self, service: str, resource: str) -> str:
        """ARN in account and region."""
        return arn(service, self.region, self.account, resource)

    @property
    def tagged(self) -> dict[str, Any]:
        """Condition that what is touched bears the environment's tags."""
        return {
            "StringEquals": {"aws:ResourceTag/system": self.system, "aws:ResourceTag/env": self.environment},
        }

    @property
    def named(self) -> dict[str, Any]:
        """Condition that a key bears one of the environment's aliases."""
        return {"ForAnyValue:StringEquals": {"kms:ResourceAliases": list(self.key_aliases)}}

    @property
    def here(self) -> dict[str, Any]:
        """Condition that a call goes to the region, or to where billing and IAM live for all regions."""
        return {"StringEquals": {"aws:RequestedRegion": sorted({self.region, "us-east-1"})}}


SERVICES = (
    "access-analyzer",
    "application-autoscaling",
    "autoscaling",
    "budgets",
    "ce",
    "cloudtrail",
    "cloudwatch",
    "ec2",
    "ecr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "events",
    "guardduty",
    "logs",
    "sagemaker",
    "sns",
)
"""Services whose calls are bounded by region alone."""

READABLE = ("eks-auth", "logs", "sagemaker")
"""Those of them whose contents may tell of people, or open more: deploying names what it needs of them."""

LOG_CARE = (
    "logs:AssociateKmsKey",
    "logs:CreateLogDelivery",
    "logs:CreateLogGroup",
    "logs:DeleteLogGroup",
    "logs:DeleteRetentionPolicy",
    "logs:Describe*",
    "logs:DisassociateKmsKey",
    "logs:List*",
    "logs:PutRetentionPolicy",
    "logs:TagResource",
    "logs:UntagResource",
)
SERVING_CARE = (
    "sagemaker:AddTags",
    "sagemaker:CreateEndpoint*",
    "sagemaker:CreateModel",
    "sagemaker:DeleteEndpoint*",
    "sagemaker:DeleteModel",
    "sagemaker:DeleteTags",
    "sagemaker:DescribeEndpoint*",
    "sagemaker:DescribeModel",
    "sagemaker:List*",
    "sagemaker:UpdateEndpoint*",
)


KEY_CARE = (
    "kms:CancelKeyDeletion",
    "kms:*Alias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey*",
    "kms:GetKey*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
KEY_USE = ("kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
