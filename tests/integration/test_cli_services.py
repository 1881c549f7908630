"""What a cut-short creation or a forgotten deletion leaves is found, whatever its kind, by asking the account."""

from collections.abc import Iterator

import pytest

from localcloud import temporary
from seedbed import inventory, pending
from seedbed.account import Account
from seedbed.inventory import Left, leftovers
from seedbed.pending import ForeignError
from seedbed.services import KINDS
from stacks import bootstrap
from stacks.settings import load
from tests.integration.house import ROOT
from tests.integration.made_by_hand import OURS, TAGGED, event_rule, pairs, topic

RESOURCES = ROOT / "engine" / "aws" / "resources.txt"
THEIRS = {"system": "seedbed", "env": "prod"}

OTHERWISE = {
    "aws:accessanalyzer/analyzer:Analyzer",
    "aws:guardduty/detector:Detector",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/eventTarget:EventTarget",
}
"""Kinds with a test of their own below: one an account, or without tags."""


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with temporary() as cloud:
        yield Account(load(ROOT / "Pulumi.local.yaml"), cloud)


def test_every_kind_has_a_test_here():
    assert set(TAGGED) | OTHERWISE == set(KINDS)


@pytest.mark.parametrize("type_", TAGGED)
def test_a_cut_short_creation_is_found_and_one_of_another_environment_is_not_taken_over(account, type_):
    word = type_.rpartition(":")[2].lower()
    inputs, id_ = TAGGED[type_](account, f"seedbed-local-mine-{word}", OURS)
    assert pending.find(account, type_, inputs, set()) == id_
    assert pending.find(account, type_, inputs, {id_}) is None
    foreign, other = TAGGED[type_](account, f"seedbed-local-other-{word}", THEIRS)
    with pytest.raises(ForeignError) as raised:
        pending.find(account, type_, foreign, set())
    assert str(raised.value) == other


def test_the_one_detector_of_an_account_is_taken_over_by_its_tags(account):
    guardduty = account.client("guardduty")
    detector = guardduty.create_detector(Enable=True, Tags=THEIRS)["DetectorId"]
    with pytest.raises(ForeignError, match=detector):
        pending.find(account, "aws:guardduty/detector:Detector", {}, set())
    assert Left("GuardDuty detector", detector) not in leftovers(account, []).left
    guardduty.delete_detector(DetectorId=detector)
    detector = guardduty.create_detector(Enable=True, Tags=OURS)["DetectorId"]
    assert pending.find(account, "aws:guardduty/detector:Detector", {}, set()) == detector
    assert Left("GuardDuty detector", detector) in leftovers(account, []).left


def test_the_one_analyzer_of_an_account_is_found_by_its_name_and_taken_over_by_its_tags(account):
    client, type_ = account.client("accessanalyzer"), "aws:accessanalyzer/analyzer:Analyzer"
    client.create_analyzer(analyzerName="seedbed-local", type="ACCOUNT", tags=THEIRS)
    with pytest.raises(ForeignError, match="seedbed-local"):
        pending.find(account, type_, {"analyzerName": "seedbed-local"}, set())
    client.delete_analyzer(analyzerName="seedbed-local")
    client.create_analyzer(analyzerName="seedbed-local", type="ACCOUNT", tags=OURS)
    assert pending.find(account, type_, {"analyzerName": "seedbed-local"}, set()) == "seedbed-local"
    assert Left("access analyzer", "seedbed-local") in leftovers(account, []).left


def test_an_identity_provider_is_found_by_its_address_and_its_tags(account):
    iam, type_ = account.client("iam"), "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    url = "https://token.actions.githubusercontent.com"
    arn = iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"], Tags=pairs(OURS))
    arn = arn["OpenIDConnectProviderArn"]
    assert pending.find(account, type_, {"url": url}, set()) == arn
    assert pending.find(account, type_, {"url": "https://example.com"}, set()) is None
    assert Left("identity provider", arn) in leftovers(account, []).left


def test_what_bears_no_tags_is_found_by_its_name(account):
    account.client("cloudwatch").put_dashboard(DashboardName="seedbed-local", DashboardBody='{"widgets": []}')
    dashboard = {"dashboardName": "seedbed-local"}
    assert pending.find(account, "aws:cloudwatch/dashboard:Dashboard", dashboard, set()) == "seedbed-local"
    assert Left("dashboard", "seedbed-local") in leftovers(account, []).left


def test_a_target_is_found_by_what_its_rule_calls_whatever_id_the_provider_invented(account):
    event_rule(account, "seedbed-local-findings", OURS)
    _, arn = topic(account, "seedbed-local-told", OURS)
    account.client("events").put_targets(Rule="seedbed-local-findings", Targets=[{"Id": "terraform-1", "Arn": arn}])
    type_ = "aws:cloudwatch/eventTarget:EventTarget"
    inputs = {"rule": "seedbed-local-findings", "arn": arn}
    assert pending.find(account, type_, inputs, set()) == "seedbed-local-findings/terraform-1"
    assert pending.find(account, type_, {**inputs, "arn": f"{arn}-2"}, set()) is None


def test_keys_of_one_data_class_are_told_apart_by_what_they_are_for(account):
    kms, type_ = account.client("kms"), "aws:kms/key:Key"
    tags = [{"TagKey": name, "TagValue": value} for name, value in OURS.items()]
    made = {
        purpose: kms.create_key(Description=purpose, Tags=tags)["KeyMetadata"]["KeyId"]
        for purpose in ("alerts on their way", "internal data")
    }
    for purpose, id_ in made.items():
        assert pending.find(account, type_, {"description": purpose, "tags": OURS}, set()) == id_
    assert pending.find(account, type_, {"description": "evidence", "tags": OURS}, set()) is None


def test_a_sweep_finds_one_of_each_kind_and_asks_every_service(account):
    # In any order of the tests: what is not there yet is made.
    for type_, make in TAGGED.items():
        make(account, f"seedbed-local-swept-{type_.rpartition(':')[2].lower()}"[:60], OURS)
    sweep = leftovers(account, ["local", "prod"])
    assert sweep.unasked == []
    kinds = {left.kind for left in sweep.left}
    assert {KINDS[type_].noun for type_ in TAGGED if KINDS[type_].swept} <= kinds
    assert not [left for left in sweep.left if left.kind == "tagged" and ":seedbed-local-" in left.id]


def test_a_disk_that_a_pod_asked_for_is_left_when_its_cluster_goes(account):
    ec2 = account.client("ec2")

    def disk(key: str, value: str) -> str:
        tags = [{"ResourceType": "volume", "Tags": [{"Key": key, "Value": value}]}]
        return ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1, TagSpecifications=tags)["VolumeId"]

    ours = {disk("kubernetes.io/cluster/seedbed-local", "owned"), disk("eks:eks-cluster-name", "seedbed-local")}
    disk("kubernetes.io/cluster/seedbed-prod", "owned")
    disk("kubernetes.io/cluster/seedbed-local", "shared")
    assert {left.id for left in leftovers(account, []).left if left.kind == "disk of the cluster"} == ours


def test_machines_of_the_cluster_are_found_while_they_run(account):
    ec2 = account.client("ec2")

    def machine(key: str, value: str) -> str:
        wanted = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value}]}]
        made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=wanted)
        return made["Instances"][0]["InstanceId"]

    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ours = {machine("eks:cluster-name", "seedbed-local"), machine("eks:eks-cluster-name", "seedbed-local")}
    machine("eks:cluster-name", "seedbed-another")

    def found() -> set[str]:
        return {one.id for one in leftovers(account, []).left if one.kind == "machine of the cluster"}

    assert found() == ours
    ec2.terminate_instances(InstanceIds=list(ours))
    assert found() == set()


def test_what_keeps_the_state_outlives_the_environment(account):
    settings = account.settings
    account.client("s3").create_bucket(
        Bucket=bootstrap.bucket_name(settings), CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    key = account.client("kms").create_key()["KeyMetadata"]["KeyId"]
    account.client("kms").create_alias(AliasName=bootstrap.key_alias(settings), TargetKeyId=key)
    for name in bootstrap.policy_names(settings):
        document = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
        account.client("iam").create_policy(PolicyName=name, PolicyDocument=document)
    ids = {left.id for left in leftovers(account, []).left}
    kept = {bootstrap.bucket_name(settings), bootstrap.key_alias(settings), *bootstrap.policy_names(settings)}
    assert not kept & ids


def test_a_service_that_does_not_answer_is_named_and_keeps_no_other_from_being_asked(account, monkeypatch):
    topic(account, "seedbed-local-asked", OURS)

    def broken(_account: Account) -> Iterator[str]:
        yield from account.pages("rds", "describe_db_snapshots", "DBSnapshots", DBSnapshotIdentifier="none")

    monkeypatch.setitem(inventory.NAMED, "role", broken)
    sweep = leftovers(account, [])
    (words,) = sweep.unasked
    assert words.startswith("role: An error occurred (DBSnapshotNotFound")
    assert Left("topic", "seedbed-local-asked") in sweep.left


def test_no_type_that_the_provider_has_is_forgotten():
    listed = {line.split()[1] for line in RESOURCES.read_text().splitlines() if line.strip() and line[0] != "#"}
    answered = {*pending.REPEATABLE, *pending.FINDERS, *inventory.EC2_KINDS, *KINDS}
    assert listed - answered == set()
    assert not pending.REPEATABLE & {*pending.FINDERS, *inventory.EC2_KINDS, *KINDS}
