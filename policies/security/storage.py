"""Buckets: encrypted with a customer key, and versioned where a run must be repeatable."""

from collections.abc import Iterator

from policies.customer_keys import KEY, customer_key
from policies.rule import (
    BUCKET,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_on,
    items,
    literal,
    present,
    skip,
    undetermined,
)
from policies.tags import tag

ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
VERSIONING = (
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketVersioningV2:BucketVersioningV2",
)

VERSIONED_STAGES = ("dataset", "dvc-remote", "model")


@control(
    "STO-02",
    title="Buckets are encrypted with a customer key",
    kind="stack",
    severity="high",
    types=(*BUCKET, *ENCRYPTION, KEY),
    subjects=BUCKET,
    basis=("32(1)(a)",),
    refs=("securityhub:S3.17", "CKV_AWS_145", "CKV_AWS_19", "trivy:AWS-0132", "trivy:AWS-0088",
          "prowler:s3_bucket_kms_encryption", "prowler:s3_bucket_default_encryption"),
)  # fmt: skip
def buckets_use_a_customer_key(bucket: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """From class confidential upwards a bucket's default encryption is aws:kms with a key of this stack or of the
    key register, with bucket keys on; below, SSE-S3 is enough, which is what S3 does by itself since January 2023.
    """
    if tag(bucket, stack, "data-class") in ("public", "internal"):
        return
    holders = stack.joined(bucket, ENCRYPTION, "bucket")
    inline = "serverSideEncryptionConfiguration"
    if holders:
        for holder in holders:
            yield from _customer_key(holder, "rules", stack, given)
    elif present(bucket.props, inline):
        yield from _customer_key(bucket, f"{inline}.rule", stack, given)
    elif stack.ambiguous(bucket, ENCRYPTION, "bucket"):
        yield undetermined("BucketServerSideEncryptionConfiguration.bucket")
    else:
        yield fail(
            "",
            "no encryption configuration refers to this bucket, so S3 encrypts with its own key",
            "add a BucketServerSideEncryptionConfiguration with bucket=bucket.id and a KMS key",
        )


def _customer_key(holder: Resource, path: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    rules = items(holder.props, path)
    if not rules:
        yield fail(path, "no rule", "set one rule with sseAlgorithm aws:kms and a key")
    for where, _ in rules:
        default = f"{where}.applyServerSideEncryptionByDefault"
        algorithm, key = f"{default}.sseAlgorithm", f"{default}.kmsMasterKeyId"
        yield from expect(
            holder.props,
            algorithm,
            lambda value: value in ("aws:kms", "aws:kms:dsse"),
            "another algorithm than aws:kms",
            "set aws:kms and a key of this stack",
            default="AES256",
        )
        yield from expect(
            holder.props,
            f"{where}.bucketKeyEnabled",
            is_on,
            "bucket keys are off",
            "set bucketKeyEnabled to true",
            default=False,
        )
        yield from customer_key(holder, key, stack, given.get("keys", ()), "STO-02.keys")


@control(
    "STO-05",
    title="Datasets and models are versioned",
    kind="stack",
    severity="medium",
    types=(*BUCKET, *VERSIONING),
    subjects=BUCKET,
    basis=("5(1)(d)", "5(2)", "32(1)(c)"),
    refs=("securityhub:S3.14", "CKV_AWS_21", "trivy:AWS-0090", "prowler:s3_bucket_object_versioning"),
)
def datasets_and_models_are_versioned(bucket: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """A bucket whose data-stage is dataset, dvc-remote or model has versioning enabled by a joined resource."""
    if tag(bucket, stack, "data-stage") not in VERSIONED_STAGES:
        yield skip("holds neither data sets nor models")
        return
    fix = "add a BucketVersioning with bucket=bucket.id and status Enabled"
    holders = stack.joined(bucket, VERSIONING, "bucket")
    for holder in holders:
        yield from expect(
            holder.props,
            "versioningConfiguration.status",
            lambda value: value == "Enabled",
            "versioning is not enabled",
            "set status Enabled",
            default="unversioned",
        )
    if not holders and stack.ambiguous(bucket, VERSIONING, "bucket"):
        yield undetermined("BucketVersioning.bucket")
    elif not holders and not is_on(literal(bucket.props, "versioning.enabled", False)):
        yield fail("", "no versioning resource refers to this bucket", fix)
