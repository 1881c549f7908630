"""`seedbed bootstrap`: what an account has afterwards, and what the command says when it cannot."""

import json
import urllib.request
from collections.abc import Iterator
from copy import deepcopy
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from localcloud import Running, temporary
from seedbed import bootstrap
from seedbed.account import Account
from seedbed.bootstrap_stack import Change
from seedbed.failures import MissingError, RefusedError
from seedbed.reaching import reaching
from seedbed.steps import Steps
from stacks import bootstrap as needs
from stacks.settings import read
from tests.integration.house import REGION, shipped

CREATES = {"repository": "example/risk-models", "identityProvider": "create"}
NOBODY = "arn:aws:iam::000000000000:role/nobody"
_numbers = count()


@pytest.fixture(scope="module")
def account() -> Iterator[Running]:
    with temporary() as running:
        yield running


class Prepared:
    """One environment in an account of its own names, prepared as often as a test likes."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.changes: dict[str, Any] = {"system": f"bank{next(_numbers)}", "delivery": CREATES}
        self.shown: list[Change] = []
        self.said = StringIO()

    def __call__(self, agree: bool = True, **changes: Any) -> str:
        """Prepares the account; what was done, and `shown` has what was announced."""
        self.changes |= changes
        self.shown = []
        steps = Steps(Console(file=self.said, width=200))
        return bootstrap.prepare(self.account, steps, lambda _: agree, self.shown.extend).did

    @property
    def account(self) -> Account:
        config = deepcopy(shipped("local"))
        config["seedbed:environment"] |= self.changes
        return Account(read("local", config), self.running)

    def aws(self, service: str) -> Any:
        return self.account.client(service)

    @property
    def bucket(self) -> str:
        return needs.bucket_name(self.account.settings)

    @property
    def stack(self) -> str:
        return needs.stack_name(self.account.settings)

    def stacks(self) -> set[str]:
        return {stack["StackName"] for stack in self.aws("cloudformation").describe_stacks()["Stacks"]}


@pytest.fixture
def prepare(account, monkeypatch) -> Prepared:
    monkeypatch.setattr(bootstrap, "AFTER_PAUSES", (0.0,))
    return Prepared(account)


def test_a_second_run_finds_nothing_to_do(prepare):
    assert prepare() == "created"
    assert {change.logical_id for change in prepare.shown} == {
        "StateKey", "StateKeyAlias", "StateBucket", "StateBucketPolicy", "StateReaders", "StateWriters",
    }  # fmt: skip
    assert prepare() == "nothing"
    assert prepare.shown == []
    found = prepare.aws("cloudformation").describe_stacks(StackName=prepare.stack)["Stacks"][0]
    assert found["EnableTerminationProtection"] is True


def test_a_changed_file_shows_what_changes_and_changes_it(prepare):
    prepare(keys={"rotationDays": 365})
    key = prepare.aws("kms").describe_key(KeyId=needs.key_alias(prepare.account.settings))["KeyMetadata"]["KeyId"]
    assert prepare(keys={"rotationDays": 120}) == "changed"
    assert [(one.action, one.logical_id, one.properties) for one in prepare.shown] == [
        ("Modify", "StateKey", ("RotationPeriodInDays",))
    ]
    assert prepare.aws("kms").get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 120


def test_a_no_changes_nothing_and_leaves_no_stack_behind(prepare):
    with pytest.raises(RefusedError, match="nothing was changed, as you said"):
        prepare(agree=False)
    assert prepare.stack not in prepare.stacks()
    assert prepare() == "created"


def test_what_was_changed_by_hand_is_named_property_by_property(prepare):
    prepare()
    s3, kms, iam, bucket = prepare.aws("s3"), prepare.aws("kms"), prepare.aws("iam"), prepare.bucket
    settings = prepare.account.settings
    key = kms.describe_key(KeyId=needs.key_alias(settings))["KeyMetadata"]["KeyId"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_bucket_lifecycle(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    s3.delete_bucket_encryption(Bucket=bucket)
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "owner", "Value": "somebody"}]})
    kms.disable_key_rotation(KeyId=key)
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"][0]["Sid"] = "Other"
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    kms.untag_resource(KeyId=key, TagKeys=["residency"])
    reading, writing = needs.policy_names(settings)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    arn = f"arn:aws:iam::000000000000:policy/{reading}"
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(everything), SetAsDefault=True)
    iam.delete_policy(PolicyArn=f"arn:aws:iam::000000000000:policy/{writing}")
    with pytest.raises(RefusedError) as caught:
        prepare()
    named = [line.strip().split(": wanted ")[0] for line in caught.value.message.splitlines() if ": wanted " in line]
    alias = needs.key_alias(settings)
    assert sorted(named) == sorted(
        [
            *(f"bucket {bucket} {what}" for what in (
                "versioning", "encryption", "encryption key", "bucket key", "public access block", "object ownership",
                "policy", "lifecycle rule old-versions", "lifecycle rule broken-off-uploads",
            )),
            *(f"bucket {bucket} tag {tag}" for tag in (
                "bootstrap-of", "cost-center", "managed-by", "owner", "residency", "system",
            )),
            *(f"key {alias} {what}" for what in ("rotation", "policy", "tag residency")),
            f"policy {reading}",
            f"policy {writing}",
        ]
    )  # fmt: skip
    assert f"bucket {bucket} versioning: wanted Enabled, found Suspended" in caught.value.message
    assert f"bucket {bucket} tag owner: wanted {settings.tags['owner']}, found somebody" in caught.value.message
    assert f"policy {writing}: wanted " in caught.value.message


def test_a_key_behind_another_alias_or_disabled_is_named(prepare):
    prepare()
    kms, alias = prepare.aws("kms"), needs.key_alias(prepare.account.settings)
    kms.disable_key(KeyId=kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"])
    with pytest.raises(RefusedError, match=f"key {alias} state: wanted Enabled, found Disabled"):
        prepare()
    kms.delete_alias(AliasName=alias)
    with pytest.raises(RefusedError, match=f"{alias}: wanted a key behind it, found nothing"):
        prepare()


def test_a_bucket_that_the_stack_did_not_make_is_left_alone(prepare):
    s3 = prepare.aws("s3")
    s3.create_bucket(Bucket=prepare.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket=prepare.bucket, Tagging={"TagSet": [{"Key": "owner", "Value": "somebody"}]})
    with pytest.raises(RefusedError) as caught:
        prepare()
    assert f"bucket {prepare.bucket}: of this account, made " in caught.value.message
    assert "by no stack, owner somebody" in caught.value.message
    assert "docs/bootstrap.md" in caught.value.do
    assert prepare.stack not in prepare.stacks()
    assert s3.get_bucket_versioning(Bucket=prepare.bucket).get("Status") is None


def test_what_an_earlier_stack_left_is_named_with_that_stack(prepare):
    prepare()
    cloudformation = prepare.aws("cloudformation")
    cloudformation.update_termination_protection(StackName=prepare.stack, EnableTerminationProtection=False)
    cloudformation.delete_stack(StackName=prepare.stack)
    with pytest.raises(RefusedError) as caught:
        prepare()
    assert f"left by stack {prepare.stack}" in caught.value.message
    assert f"alias/{prepare.account.prefix}-state: of key " in caught.value.message


def test_a_stack_of_the_same_name_that_is_not_ours_is_left_alone(prepare):
    other = {"Resources": {"Key": {"Type": "AWS::KMS::Key"}}}
    prepare.aws("cloudformation").create_stack(StackName=prepare.stack, TemplateBody=json.dumps(other))
    with pytest.raises(RefusedError, match=f"lacks bucket {prepare.bucket}, so somebody else made it"):
        prepare()


def test_a_creation_that_fails_says_why_and_the_next_run_starts_over(prepare):
    with pytest.raises(RefusedError) as caught:
        prepare(keys={"administrators": [NOBODY]})
    assert "ROLLBACK_COMPLETE" in caught.value.message
    assert "StateKey: " in caught.value.message
    assert prepare(keys={}) == "created"
    assert "an earlier creation failed" in prepare.said.getvalue()


def test_an_account_that_has_the_identity_provider_keeps_its_own(prepare):
    iam = prepare.aws("iam")
    delivery = {**CREATES, "identityProvider": "existing"}
    arn = iam.create_open_id_connect_provider(Url=f"https://{needs.GITHUB}", ClientIDList=["another"])[
        "OpenIDConnectProviderArn"
    ]
    try:
        with pytest.raises(RefusedError, match=r"audiences: wanted sts\.amazonaws\.com, found another"):
            prepare(delivery=delivery)
        assert "GitHubIdentityProvider" not in {change.logical_id for change in prepare.shown}
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert prepare() == "changed"
    assert [(one.action, one.logical_id) for one in prepare.shown] == [("Add", "GitHubIdentityProvider")]
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == ["sts.amazonaws.com"]
    assert prepare() == "nothing"


def test_no_way_to_the_account_is_not_said_to_be_a_refusal(prepare):
    settings = prepare.account.settings
    gone = Running("http://127.0.0.1:9", "000000000000", 1, prepare.running.started, Path("log"))
    with pytest.raises(MissingError, match="cannot be reached from this machine"), reaching(settings):
        Account(settings, gone)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("ExpiredToken", MissingError, "the credentials are not taken (DescribeStacks: ExpiredToken)"),
        ("AccessDenied", RefusedError, "the credentials may not do DescribeStacks"),
    ],
)
def test_credentials_that_do_not_do_are_told_from_rights_that_lack(prepare, code, kind, words):
    account = prepare.account
    order = {"service": "cloudformation", "operation": "DescribeStacks", "code": code, "status": 403}
    _control(prepare.running, order)
    with pytest.raises(kind) as caught, reaching(account.settings):
        prepare()
    assert words in caught.value.message


def test_a_run_that_is_killed_after_its_change_set_is_taken_up_by_the_next(prepare):
    _control(prepare.running, {"service": "cloudformation", "operation": "ExecuteChangeSet"})
    with pytest.raises(ClientError):
        prepare()
    found = prepare.aws("cloudformation").describe_stacks(StackName=prepare.stack)["Stacks"][0]
    assert found["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert prepare() == "created"


def _control(running: Running, fault: dict[str, Any]) -> None:
    request = urllib.request.Request(f"{running.endpoint}/_localcloud/faults", data=json.dumps(fault).encode())
    request.add_header("Content-Type", "application/octet-stream")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
