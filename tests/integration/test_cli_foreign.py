"""What has the name of a cut-short creation is taken over only if it is the environment's own."""

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud import temporary
from seedbed import pending
from seedbed.account import Account
from seedbed.pending import ForeignError
from stacks.settings import load
from tests.integration.house import ROOT

TRUST = '{"Version": "2012-10-17", "Statement": []}'
DENY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
PLACE: Any = {"LocationConstraint": "eu-central-1"}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with temporary() as cloud:
        yield Account(load(ROOT / "Pulumi.local.yaml"), cloud)


def make(account: Account, kind: str, name: str, env: str) -> str:
    """Makes a thing with the tags of an environment; its import id."""
    plain = {"system": "seedbed", "env": env}
    tags = [{"Key": key, "Value": value} for key, value in plain.items()]
    if kind == "Bucket":
        account.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=PLACE)
        account.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    elif kind == "Role":
        account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=tags)
    elif kind == "Policy":
        made = account.client("iam").create_policy(PolicyName=name, PolicyDocument=DENY, Tags=tags)
        return made["Policy"]["Arn"]
    elif kind == "LogGroup":
        account.client("logs").create_log_group(logGroupName=name, tags=plain)
    elif kind == "Repository":
        account.client("ecr").create_repository(repositoryName=name, tags=tags)
    else:
        listed = [{"TagKey": key, "TagValue": value} for key, value in plain.items()]
        key = account.client("kms").create_key(Tags=listed)["KeyMetadata"]["KeyId"]
        account.client("kms").create_alias(AliasName=name, TargetKeyId=key)
    return name


@pytest.mark.parametrize(
    ("type_", "argument", "start"),
    [
        ("aws:s3/bucket:Bucket", "bucket", ""),
        ("aws:iam/role:Role", "name", ""),
        ("aws:iam/policy:Policy", "name", ""),
        ("aws:cloudwatch/logGroup:LogGroup", "name", "/"),
        ("aws:ecr/repository:Repository", "name", ""),
        ("aws:kms/alias:Alias", "name", "alias/"),
    ],
)
def test_a_thing_of_another_environment_is_not_taken_over_for_its_name(account, type_, argument, start):
    kind = type_.rpartition(":")[2]
    mine = make(account, kind, f"{start}seedbed-local-mine-{kind.lower()}", "local")
    foreign = make(account, kind, f"{start}seedbed-local-theirs-{kind.lower()}", "prod")
    assert pending.find(account, type_, {argument: mine.rpartition("policy/")[2]}, set()) == mine
    with pytest.raises(ForeignError) as raised:
        pending.find(account, type_, {argument: foreign.rpartition("policy/")[2]}, set())
    assert str(raised.value) == foreign


def test_a_bucket_cut_short_before_its_tags_is_taken_over_only_while_it_is_empty(account):
    s3 = account.client("s3")
    s3.create_bucket(Bucket="seedbed-local-bare", CreateBucketConfiguration=PLACE)
    inputs = {"bucket": "seedbed-local-bare"}
    assert pending.find(account, "aws:s3/bucket:Bucket", inputs, set()) == "seedbed-local-bare"
    s3.put_object(Bucket="seedbed-local-bare", Key="theirs", Body=b"1")
    with pytest.raises(ForeignError):
        pending.find(account, "aws:s3/bucket:Bucket", inputs, set())
