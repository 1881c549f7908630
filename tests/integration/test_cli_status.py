"""What `seedbed status ENV` asks an account, in an account filled by hand."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud import temporary
from seedbed.account import Account
from seedbed.status.alarms import alarms
from seedbed.status.backups import backups
from seedbed.status.endpoints import endpoints
from seedbed.status.keys import keys
from seedbed.status.section import Line
from seedbed.status.spend import quotas, spend
from stacks.file.monitoring import Budget
from stacks.file.serving import Model, SageMakerEndpoint
from stacks.settings import load
from tests.integration.house import ROOT
from tests.integration.made_by_hand import OURS, TAGGED, pairs

ALARM, DATABASE = TAGGED["aws:cloudwatch/metricAlarm:MetricAlarm"], TAGGED["aws:rds/instance:Instance"]
COMPOSITE, BUDGET = TAGGED["aws:cloudwatch/compositeAlarm:CompositeAlarm"], TAGGED["aws:budgets/budget:Budget"]
PLACE: Any = {"LocationConstraint": "eu-central-1"}
DIGEST = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    settings = load(ROOT / "Pulumi.local.yaml")
    wanted = (
        SageMakerEndpoint(name="waiting"),
        SageMakerEndpoint(name="scoring", model=Model(image=f"serving@{DIGEST}", artifact="m.tar.gz")),
        SageMakerEndpoint(name="missing", model=Model(image=f"serving@{DIGEST}", artifact="m.tar.gz")),
    )
    budget = Budget(monthlyUsd=100, anomalyUsd=10)
    changed = settings.environment.model_copy(update={"sagemaker_endpoints": wanted, "budget": budget})
    with temporary() as cloud:
        yield Account(settings.model_copy(update={"environment": changed}), cloud)


def said(lines: Iterator[Line]) -> dict[str, Line]:
    return {line.what: line for line in lines}


def test_alarms_are_counted_by_state_and_those_in_alarm_are_named(account):
    assert said(alarms(account, ["local"])) == {}
    cloudwatch = account.client("cloudwatch")
    for name in ("seedbed-local-database-cpu", "seedbed-local-database-storage", "seedbed-local-eu-x", "another"):
        ALARM(account, name, OURS)
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
    cloudwatch.set_alarm_state(AlarmName="seedbed-local-database-cpu", StateValue="ALARM", StateReason="a test")
    found = said(alarms(account, ["local", "local-eu"]))
    assert found["alarms"] == Line("alarms", "1 quiet, 1 in alarm", False)
    assert found["seedbed-local-database-cpu"].state.startswith("in alarm since 20")
    assert not {"seedbed-local-eu-x", "another"} & set(found)


def test_the_composite_alarm_speaks_for_the_environment(account):
    COMPOSITE(account, "seedbed-local", OURS)
    account.client("cloudwatch").set_alarm_state(
        AlarmName="seedbed-local-inside", StateValue="OK", StateReason="a test"
    )
    assert "environment" in said(alarms(account, ["local"]))


def test_a_database_tells_its_backups_and_buckets_their_versions(account):
    DATABASE(account, "seedbed-local-tracking", OURS)
    account.client("rds").create_db_snapshot(
        DBInstanceIdentifier="seedbed-local-tracking", DBSnapshotIdentifier="seedbed-local-tracking-now"
    )
    s3 = account.client("s3")
    for name in ("seedbed-local-kept", "seedbed-local-once"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=PLACE)
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs(OURS)})
    s3.put_bucket_versioning(Bucket="seedbed-local-kept", VersioningConfiguration={"Status": "Enabled"})
    found = said(backups(account))
    database = found["database seedbed-local-tracking"]
    assert re.search(r"kept \d+ days, .*newest snapshot 20\d\d-", database.state)
    assert database.good is True
    assert found["buckets"] == Line("buckets", "1 of 2 keep old versions; not: seedbed-local-once", False)


def test_keys_tell_their_rotation_and_a_key_on_its_way_out_is_not_passed_over(account):
    kms = account.client("kms")
    made = {}
    for name in ("turning", "still", "going"):
        tags = [{"TagKey": key, "TagValue": value} for key, value in OURS.items()]
        made[name] = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/seedbed-local-{name}", TargetKeyId=made[name])
    kms.create_key()
    kms.enable_key_rotation(KeyId=made["turning"], RotationPeriodInDays=180)
    kms.schedule_key_deletion(KeyId=made["going"], PendingWindowInDays=7)
    found = {line.what: line for line in keys(account)}
    assert found["alias/seedbed-local-turning"].state.startswith("rotates every 180 days")
    assert found["alias/seedbed-local-still"] == Line("alias/seedbed-local-still", "does not rotate", False)
    assert found["alias/seedbed-local-going"].state.startswith("is deleted on 20")
    assert len(found) == 3


def test_a_budget_tells_its_limit_and_what_is_not_known_is_said_to_be_unknown(account):
    assert said(spend(account))["budget"].state.startswith("seedbed-local: not in the account")
    BUDGET(account, "seedbed-local", OURS)
    found = said(spend(account))
    assert found["budget"] == Line("budget", "10 USD a month")
    for what in ("spent", "forecast"):
        assert found[what].good is None or "USD" in found[what].state


def test_an_environment_without_a_budget_says_so(account):
    environment = account.settings.environment.model_copy(update={"budget": None})
    bare = Account.__new__(Account)
    bare.__dict__.update(
        {**vars(account), "settings": account.settings.model_copy(update={"environment": environment})}
    )
    (line,) = spend(bare)
    assert line.state.startswith("none in the file: add budget:")


def test_an_endpoint_says_what_it_does_or_what_it_waits_for(account):
    TAGGED["aws:sagemaker/endpoint:Endpoint"](account, "seedbed-local-scoring", OURS)
    found = said(endpoints(account))
    assert found["waiting"].state.startswith("no model yet")
    assert found["scoring"].state.startswith("seedbed-local-scoring: InService")
    assert found["scoring"].good is True
    assert found["missing"].good is False


def test_a_quota_stands_beside_what_the_account_allows_and_unknown_is_an_answer(account):
    needed = [
        {"service": "ec2", "code": "L-0263D0A3", "name": "EC2-VPC Elastic IPs", "needed": 3},
        {"service": "ec2", "code": "L-00000000", "name": "Nobody's", "needed": 1},
        {"service": "sagemaker", "code": None, "name": "Nobody's either", "needed": 1},
    ]
    found = said(quotas(account, needed))
    assert found["EC2-VPC Elastic IPs"].state.startswith("needs 3, the account allows 5")
    assert found["EC2-VPC Elastic IPs"].good is True
    (more,) = quotas(account, [{**needed[0], "needed": 6}])
    assert (more.good, more.state) == (
        False,
        "needs 6, the account allows 5: ask for more at Service Quotas (ec2 L-0263D0A3)",
    )
    for name in ("Nobody's", "Nobody's either"):
        assert "allowed: unknown" in found[name].state
        assert found[name].good is None
