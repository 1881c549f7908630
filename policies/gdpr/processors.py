"""Processors: who outside may touch the data, and by what contract."""

import re
from collections.abc import Iterator, Mapping

from policies.documents import Statement, statements
from policies.outsiders import account_of, known, outsiders
from policies.reading import as_list
from policies.rule import (
    ABSENT,
    BUCKET,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    UndeterminedError,
    control,
    fail,
    items,
    look,
    parts,
    skip,
    text,
    undetermined,
)
from policies.tags import PERSONAL, tag

ROLE, GRANT = "aws:iam/role:Role", "aws:kms/grant:Grant"
FILE_SYSTEM = "aws:efs/fileSystemPolicy:FileSystemPolicy"
DOCUMENTS: Mapping[str, str] = {
    **dict.fromkeys(BUCKET, "policy"),
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:s3/accessPoint:AccessPoint": "policy",
    "aws:s3control/accessPointPolicy:AccessPointPolicy": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/replicaKey:ReplicaKey": "policy",
    "aws:kms/externalKey:ExternalKey": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    FILE_SYSTEM: "policy",
    "aws:dynamodb/resourcePolicy:ResourcePolicy": "policy",
    "aws:kinesis/resourcePolicy:ResourcePolicy": "policy",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "policy",
    ROLE: "assumeRolePolicy",
}
"""Resources that hold a policy which names principals, and where."""

PERMISSION = "aws:lambda/permission:Permission"
TIES: Mapping[str, tuple[str, str]] = {
    "sourceAccount": ("StringEquals", "aws:sourceaccount"),
    "sourceArn": ("ArnLike", "aws:sourcearn"),
}
"""Inputs of a permission that Lambda turns into a condition of its policy (Lambda API, AddPermission)."""

SHARED: Mapping[str, tuple[str, ...]] = {
    "aws:ec2/amiLaunchPermission:AmiLaunchPermission": (
        "accountId",
        "group",
        "organizationArn",
        "organizationalUnitArn",
    ),
    "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission": ("accountId",),
    "aws:rds/snapshot:Snapshot": ("sharedAccounts",),
    "aws:rds/clusterSnapshot:ClusterSnapshot": ("sharedAccounts",),
    "aws:rds/snapshotCopy:SnapshotCopy": ("sharedAccounts",),
}
"""Resources that hand a copy of the data to others, and where they say to whom."""

MOUNTED = ("bool", "elasticfilesystem:accessedviamounttarget", ("true",))
"""The condition that only who reaches a mount target in the VPC meets (EFS user guide, "the meaning of public")."""

WORK: Mapping[str, str] = {
    "aws:sagemaker/labelingJob:LabelingJob": "humanTaskConfig.workteamArn",
    "aws:sagemaker/flowDefinition:FlowDefinition": "humanLoopConfig.workteamArn",
}
"""Resources that show data to people, and where they say to whom."""

WORKTEAM = "aws:sagemaker/workteam:Workteam"
PRIVATE = re.compile(r"arn:[\w-]+:sagemaker:[\w-]+:\d{12}:workteam/private-crowd/.+")
"""ARN of a team of a private workforce (SageMaker developer guide, "workforces")."""

REGISTER = "name the own account, or register the processor with its contract and country under RES.processors"


@control(
    "RES-04",
    title="Outside principals are registered processors",
    kind="stack",
    severity="high",
    types=(*DOCUMENTS, PERMISSION, *SHARED, GRANT, *WORK, WORKTEAM),
    subjects=(*DOCUMENTS, PERMISSION, *SHARED, GRANT, *WORK),
    basis=("28(1)", "28(3)", "29", "44"),
    refs=("securityhub:S3.6", "prowler:s3_bucket_cross_account_access",
          "prowler:secretsmanager_has_restrictive_resource_policy"),
)  # fmt: skip
def outsiders_are_processors(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """What a resource policy, beside a resource or within it, a key policy, permission of a function, grant or role
    trust allows, it allows to the account of its provider, to AWS itself acting for that account, or to accounts and
    token issuers of the register `processors`, each with name, country and contract; never to everybody or a whole
    organisation, but that everybody may mount a file system who reaches its mount target in the VPC. Images of machines
    and snapshots are shared with those accounts alone. People who label data that is personal, special or
    not classified are of a private workforce.
    """
    if one.type in WORK:
        yield from _workers(one, WORK[one.type], stack)
    elif one.type == GRANT:
        yield from parts(*(_grantee(one, path, stack, given) for path in ("granteePrincipal", "retiringPrincipal")))
    elif one.type in SHARED:
        yield from parts(*(_sharers(one, path, stack, given) for path in SHARED[one.type]))
    elif one.type == PERMISSION:
        own = stack.referents(one, "principal", [ROLE])
        for found in outsiders(_permission(one, stack), known(one, stack, given)) if not own else ():
            yield fail("principal", found, REGISTER)
    else:
        allowed = known(one, stack, given)
        for entry in statements(one.props, DOCUMENTS[one.type]) or ():
            for found in outsiders(entry, allowed) if entry.allow and not _mounts(one, entry) else ():
                yield fail(f"{entry.path}.Principal", found, REGISTER)


def _mounts(one: Resource, entry: Statement) -> bool:
    """Whether an allowance holds within the VPC of a file system alone."""
    asked = [
        (operator.lower(), key, tuple(str(value).lower() for value in some)) for operator, key, some in entry.conditions
    ]
    return one.type == FILE_SYSTEM and MOUNTED in asked


def _permission(one: Resource, stack: Stack) -> Statement:
    """The statement that Lambda makes of a permission; a source that is of this stack ties it to no other account."""
    name = text(one.props, "principal")
    kind = "AWS" if name == "*" or account_of(name) else "Service"
    tied = {path: look(one.props, path) for path in TIES if not stack.referents(one, path, stack.by_type)}
    unknown = [path for path, value in tied.items() if value is UNKNOWN]
    if unknown:
        raise UndeterminedError(unknown[0])
    conditions = tuple((*TIES[path], (value,)) for path, value in tied.items() if value is not ABSENT)
    return Statement("", True, (), (), (), (), (f"{kind}:{name}",), False, conditions)


def _sharers(one: Resource, path: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    some = as_list(look(one.props, path))
    if any(value not in known(one, stack, given).accounts for value in some if value is not UNKNOWN):
        yield fail(path, "shared with an account that is neither the own one nor a registered processor's", REGISTER)
    elif UNKNOWN in some:
        yield undetermined(path)


def _grantee(grant: Resource, path: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    value = look(grant.props, path)
    if value is ABSENT or stack.referents(grant, path, [ROLE]):
        return
    if value is UNKNOWN:
        yield undetermined(path)
    elif account_of(value) not in known(grant, stack, given).accounts:
        yield fail(path, "a principal that is neither of the own account nor a registered processor's", REGISTER)


def _workers(one: Resource, path: str, stack: Stack) -> Iterator[Problem]:
    kind = tag(one, stack, "data-class")
    if kind and kind not in PERSONAL:
        yield skip("shows no personal data")
        return
    value = look(one.props, path)
    if stack.referents(one, path.partition(".")[0], [WORKTEAM]):
        return
    if value is UNKNOWN or any(team is UNKNOWN for _, team in items(one.props, path.partition(".")[0])):
        yield undetermined(path)
    elif not isinstance(value, str) or not PRIVATE.fullmatch(value):
        fix = "name a Workteam of a private workforce, or classify the data below personal"
        yield fail(path, "people outside, or nobody in particular, see personal data", fix)
