"""What may pass a VPC endpoint."""

from typing import Any

from components.account import bucket_arn, policy_document

WITHOUT_POLICY = frozenset({"eks-auth"})
"""Services to whose endpoints nothing is attached: this one knows a single action, and nothing promises that it takes a
policy (EKS user guide, "Learn how EKS Pod Identity grants pods access to AWS services")."""


def endpoint_policy(service: str, region: str, account: str) -> dict[str, Any] | None:
    """Policy of the endpoint of a service, by the end of its name; None where none is attached.

    The account's own identities pass, so that nobody carries data out with the credentials of another account (AWS
    whitepaper, "Building a data perimeter on AWS").
    """
    if service in WITHOUT_POLICY:
        return None
    ours = {"aws:PrincipalAccount": account}
    if service == "s3":
        return policy_document(
            _allow("OurIdentitiesToOurBuckets", "*", "*", {"StringEquals": {**ours, "aws:ResourceAccount": account}}),
            _allow("ImagesOfRegistries", "s3:GetObject", [f"{one}/*" for one in image_buckets(region)], None),
        )
    if service == "sts":
        # Who asks with a token of another issuer has no account yet; the role that they ask for has.
        tokens = ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"]
        return policy_document(
            _allow("OurIdentities", "*", "*", {"StringEquals": ours}),
            _allow("TokensForOurRoles", tokens, "*", {"StringEquals": {"aws:ResourceAccount": account}}),
        )
    return policy_document(_allow("OurIdentities", "*", "*", {"StringEquals": ours}))


def image_buckets(region: str) -> list[str]:
    """ARNs of the buckets from which registries hand out layers of images within a region.

    Those of ECR (ECR user guide, "Minimum Amazon S3 bucket permissions for Amazon ECR") and of registry.k8s.io
    (kubernetes/k8s.io, infra/aws/terraform/registry.k8s.io), which may change: a mirror in ECR does not depend on it.
    """
    names = (f"prod-{region}-starport-layer-bucket", f"prod-registry-k8s-io-{region}")
    return [bucket_arn(region, name) for name in names]


def _allow(sid: str, action: str | list[str], resource: str | list[str], condition: Any) -> dict[str, Any]:
    narrowed = {} if condition is None else {"Condition": condition}
    return {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource, **narrowed}
