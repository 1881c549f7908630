"""Shared file systems and volumes: encrypted with a customer key."""

from collections.abc import Iterator

from policies.customer_keys import own_key
from policies.rule import (
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_on,
    literal,
    parts,
    skip,
)
from policies.stores import FILES, LUSTRE
from policies.tags import PERSONAL

VOLUME, BY_DEFAULT = "aws:ebs/volume:Volume", "aws:ebs/encryptionByDefault:EncryptionByDefault"
CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"

BLOCKS = ("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs")
"""Provisioners of EBS volumes: the driver of one's own, that of EKS Auto Mode, and the one built into Kubernetes."""

LUSTRE_CLASS = "fsx.csi.aws.com"


@control(
    "STO-07",
    title="Shared volumes are encrypted",
    kind="resource",
    severity="high",
    types=(FILES, LUSTRE, CLASS, VOLUME, BY_DEFAULT),
    basis=("32(1)(a)",),
    refs=("securityhub:EFS.1", "securityhub:EC2.3", "securityhub:EC2.7", "CKV_AWS_42", "CKV_AWS_184", "CKV_AWS_190",
          "CKV_AWS_189", "trivy:AWS-0037", "gatekeeper:K8sStorageClass", "prowler:efs_encryption_at_rest_enabled",
          "prowler:ec2_ebs_volume_encryption", "prowler:ec2_ebs_default_encryption"),
)  # fmt: skip
def volumes_are_encrypted(one: Resource, _: Stack, __: Parameters) -> Iterator[Problem]:
    """File systems, volumes and storage classes of block storage turn encryption on, which is off by default (FSx for
    Lustre always encrypts), with a customer key, which none under alias/aws/ is; encryption by default is not turned
    off; a storage class with the label data-class personal or special reclaims by Delete, which it does by default.
    """
    if one.type == BY_DEFAULT:
        fix = "set enabled to true, or remove the resource: it is on by then"
        yield from expect(
            one.props, "enabled", is_on, "volumes are in clear unless they say otherwise", fix, default=True
        )
    elif one.type == CLASS:
        yield from parts(_parameters(one), _reclaim(one))
    else:
        checks = [] if one.type == LUSTRE else [_on(one, "encrypted")]
        yield from parts(*checks, _key(one, "kmsKeyId"))


def _on(one: Resource, path: str) -> Iterator[Problem]:
    fix = f"set {path.rpartition('.')[2]} to true"
    yield from expect(one.props, path, is_on, "encryption is off", fix, default=False)


def _key(one: Resource, path: str) -> Iterator[Problem]:
    if not own_key(one.props, path):
        yield fail(path, "a key of AWS encrypts", "set the ARN of a KMS key of the stack")


def _parameters(one: Resource) -> Iterator[Problem]:
    provisioner = literal(one.props, "provisioner", "")
    if provisioner in BLOCKS:
        yield from parts(_on(one, "parameters.encrypted"), _key(one, "parameters.kmsKeyId"))
    elif provisioner == LUSTRE_CLASS:
        yield from _key(one, "parameters.kmsKeyId")
    else:
        yield skip("provisions no volume of its own: EFS encrypts its file system")


def _reclaim(one: Resource) -> Iterator[Problem]:
    if literal(one.props, "metadata.labels.data-class", "") in PERSONAL:
        found, fix = "a volume outlives its claim", "set Delete"
        yield from expect(one.props, "reclaimPolicy", lambda value: value == "Delete", found, fix, default="Delete")
