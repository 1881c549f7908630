"""Processors: who outside may touch the data, and by what contract."""

import re
from collections.abc import Iterator, Mapping

from policies.documents import statements
from policies.outsiders import account_of, known, outsiders
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    items,
    look,
    parts,
    skip,
    undetermined,
)
from policies.tags import PERSONAL, tag

ROLE, GRANT = "aws:iam/role:Role", "aws:kms/grant:Grant"
DOCUMENTS: Mapping[str, str] = {
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    ROLE: "assumeRolePolicy",
}
"""Resources that hold a policy which names principals, and where."""

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
    types=(*DOCUMENTS, GRANT, *WORK, WORKTEAM),
    subjects=(*DOCUMENTS, GRANT, *WORK),
    basis=("28(1)", "28(3)", "29", "44"),
    refs=("securityhub:S3.6", "prowler:s3_bucket_cross_account_access",
          "prowler:secretsmanager_has_restrictive_resource_policy"),
)  # fmt: skip
def outsiders_are_processors(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """What a resource policy, key policy, grant or role trust allows, it allows to the account of its provider, to AWS
    itself acting for that account, or to accounts and token issuers of the register `processors`, each with name,
    country and contract; never to everybody or a whole organisation. People who label data that is personal, special or
    not classified are of a private workforce.
    """
    if one.type in WORK:
        yield from _workers(one, WORK[one.type], stack)
    elif one.type == GRANT:
        yield from parts(*(_grantee(one, path, stack, given) for path in ("granteePrincipal", "retiringPrincipal")))
    else:
        allowed = known(one, stack, given)
        for entry in statements(one.props, DOCUMENTS[one.type]) or ():
            for found in outsiders(entry, allowed) if entry.allow else ():
                yield fail(f"{entry.path}.Principal", found, REGISTER)


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
