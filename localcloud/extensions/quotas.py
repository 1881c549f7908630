"""moto knows quotas of VPCs alone."""

from typing import Any, NamedTuple

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal


class Quota(NamedTuple):
    """What a new account may use."""

    name: str
    value: float
    is_adjustable: bool = True


SERVICES = {
    "ec2": "Amazon Elastic Compute Cloud (Amazon EC2)",
    "eks": "Amazon Elastic Kubernetes Service (Amazon EKS)",
    "rds": "Amazon Relational Database Service (Amazon RDS)",
    "s3": "Amazon Simple Storage Service (Amazon S3)",
    "sagemaker": "Amazon SageMaker",
    "vpc": "Amazon Virtual Private Cloud (Amazon VPC)",
}

KNOWN = {
    "ec2": {
        "L-1216C47A": Quota("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5),
        "L-DB2E81BA": Quota("Running On-Demand G and VT instances", 0),
        "L-417A185B": Quota("Running On-Demand P instances", 0),
        "L-34B43A08": Quota("All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 5),
        "L-3819A6DF": Quota("All G and VT Spot Instance Requests", 0),
        "L-7212CCBC": Quota("All P4, P3 and P2 Spot Instance Requests", 0),
        "L-C4BD4855": Quota("All P5 Spot Instance Requests", 0),
        "L-0263D0A3": Quota("EC2-VPC Elastic IPs", 5),
    },
    "vpc": {
        "L-F678F1CE": Quota("VPCs per Region", 5),
        "L-A4707A72": Quota("Internet gateways per Region", 5),
        "L-FE5A380F": Quota("NAT gateways per Availability Zone", 5),
        "L-DF5E4CA3": Quota("Network interfaces per Region", 5000),
        "L-29B6F2EB": Quota("Interface VPC endpoints per VPC", 50),
    },
    "eks": {"L-1194D53C": Quota("Clusters", 100)},
    "rds": {"L-7B6409FD": Quota("DB instances", 40)},
    "s3": {"L-DC2B2D3D": Quota("General purpose buckets", 10000)},
    "sagemaker": {
        "L-1928E07B": Quota("ml.g5.xlarge for endpoint usage", 0),
        "L-9614C779": Quota("ml.g5.2xlarge for endpoint usage", 0),
        "L-C1B9A48D": Quota("ml.g5.4xlarge for endpoint usage", 0),
        "L-65C4BD00": Quota("ml.g5.12xlarge for endpoint usage", 0),
        "L-614B09FD": Quota("ml.m5.large for endpoint usage", 4),
    },
}
"""Quotas of a new account by service and code; AWS General Reference, "Service endpoints and quotas"."""


def _all(call: Call) -> dict[str, Quota]:
    service = call.input["ServiceCode"]
    if service not in KNOWN:
        raise Refusal("NoSuchResourceException", f"The local cloud knows no quotas of {service}; of {', '.join(KNOWN)}")
    return KNOWN[service]


def _said(call: Call, code: str, quota: Quota) -> dict[str, Any]:
    service = call.input["ServiceCode"]
    return {
        "ServiceCode": service,
        "ServiceName": SERVICES[service],
        "QuotaArn": f"arn:aws:servicequotas:{call.region}:{call.account}:{service}/{code}",
        "QuotaCode": code,
        "QuotaName": quota.name,
        "Value": quota.value,
        "Unit": "None",
        "Adjustable": quota.is_adjustable,
        "GlobalQuota": False,
    }


@overlay.answers("service-quotas", "GetServiceQuota", "GetAWSDefaultServiceQuota")
def get(call: Call) -> dict[str, Any]:
    """API Reference, GetServiceQuota: NoSuchResourceException for a code that is not known."""
    code = call.input["QuotaCode"]
    quota = _all(call).get(code)
    if quota is None:
        raise Refusal(
            "NoSuchResourceException", f"The local cloud knows no quota {code} of {call.input['ServiceCode']}"
        )
    return {"Quota": _said(call, code, quota)}


@overlay.answers("service-quotas", "ListServiceQuotas", "ListAWSDefaultServiceQuotas")
def list_all(call: Call) -> dict[str, Any]:
    """All that are known of a service."""
    return {"Quotas": [_said(call, code, quota) for code, quota in _all(call).items()]}


@overlay.answers("service-quotas", "ListServices")
def list_services(_: Call) -> dict[str, Any]:
    """Services with quotas that are known."""
    return {"Services": [{"ServiceCode": code, "ServiceName": name} for code, name in SERVICES.items()]}
