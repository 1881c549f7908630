"""What the configuration registers: processors, sinks, the account's baseline, contacts and emergency roles."""

import json
from typing import Any

import pytest
import yaml

from policies.levels import Config
from policies.rule import Stack, controls, judge
from tests.policies.cases import FIXTURES, TODAY, Loader, resources

LOG_04 = yaml.load((FIXTURES / "LOG-04.yaml").read_text(), Loader)["good"]
DETECTED = yaml.load((FIXTURES / "LOG-05.yaml").read_text(), Loader)["good"]
RULE, FILTER = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/logMetricFilter:LogMetricFilter"
VENDOR = {"name": "Labels Ltd", "country": "IE", "contract": "C-7", "accounts": ["222222222222"]}
POLICY = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:GetObject"}]}
BASELINE = {"services": ["configuration-recording"], "owner": "a@example.com", "reference": "SEC-1"}


def found(control: str, entries: list[dict[str, Any]], **given: Any) -> list[str]:
    """Messages of a control that asks for something, with these parameters and no others."""
    (one,) = [one for one in controls() if one.id == control]
    levels = Config(environment="staging", levels={control: "mandatory"}, parameters={control: given})
    verdict = judge(Stack(resources(entries, "staging")), levels, today=TODAY, only=[one])
    return [finding.message for finding in verdict.findings if finding.state in ("fail", "undetermined")]


def test_a_processor_counts_with_name_country_and_contract():
    policy = {"type": "aws:s3/bucketPolicy:BucketPolicy", "name": "raw", "props": {"policy": json.dumps(POLICY)}}

    assert found("RES-04", [policy], processors=[VENDOR]) == []
    for key in ("name", "country", "contract"):
        assert len(found("RES-04", [policy], processors=[{**VENDOR, key: ""}])) == 1


def test_a_whole_organisation_is_no_processor():
    entry = {**POLICY["Statement"][0], "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}
    policy = {
        "type": "aws:s3/bucketPolicy:BucketPolicy",
        "name": "raw",
        "props": {"policy": json.dumps({"Statement": [entry]})},
    }

    assert "a whole organisation is a principal" in found("RES-04", [policy], processors=[VENDOR])[0]


def test_a_registered_sink_takes_telemetry():
    stream = {
        "type": "kubernetes:monitoring.coreos.com/v1:Prometheus",
        "name": "prometheus",
        "props": {"spec": {"remoteWrite": [{"url": "https://metrics.example.net/push"}]}},
    }

    assert found("RES-05", [stream], sinks=["metrics.example.net"]) == []
    assert len(found("RES-05", [stream], sinks=["example.net"])) == 1


def test_what_the_account_does_need_not_be_in_the_stack():
    without = found("LOG-05", DETECTED, baseline=[])
    macie = {**BASELINE, "services": ["sensitive-data-discovery", "configuration-recording"]}

    assert len(without) == 2
    assert any("how resources are configured" in one for one in without)
    assert found("LOG-05", DETECTED, baseline=[macie]) == []
    assert len(found("LOG-05", DETECTED, baseline=[{**macie, "owner": ""}])) == 2


def test_the_baseline_of_another_stack_counts_where_this_stack_refers_to_it():
    reference = {"type": "pulumi:pulumi:StackReference", "name": "base", "props": {"name": "org/account/prod"}}
    baseline = [{**BASELINE, "services": ["trail"], "stack": "org/account/prod"}]

    assert len(found("LOG-01", DETECTED, baseline=baseline)) == 1
    assert found("LOG-01", [*DETECTED, reference], baseline=baseline) == []


def test_recorder_and_macie_of_the_stack_itself_have_to_be_on():
    recorder = {"type": "aws:cfg/recorder:Recorder", "name": "recorder", "props": {}}
    started = {"type": "aws:cfg/recorderStatus:RecorderStatus", "name": "started", "props": {"isEnabled": True}}
    macie = {"type": "aws:macie2/account:Account", "name": "macie", "props": {}}

    assert found("LOG-05", [*DETECTED, recorder, started, macie]) == []
    assert found("LOG-05", [*DETECTED, recorder, macie])[0].startswith("the recorder is not started")
    paused = {**macie, "props": {"status": "PAUSED"}}
    assert found("LOG-05", [*DETECTED, recorder, started, paused])[0].startswith("nothing looks for sensitive data")


@pytest.mark.parametrize(("region", "heard"), [("eu-central-1", False), ("us-east-1", True)])
def test_calls_of_iam_are_heard_where_they_are_told_and_nowhere_else(region, heard):
    names = ["CreateUser", "CreateAccessKey", "AttachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy"]
    pattern = json.dumps({"source": ["aws.iam"], "detail": {"eventName": names}})
    some = [one for one in LOG_04 if one["name"] != "analyzer"]
    rule = {"name": "outside-access", "type": RULE, "props": {"name": "outside-access", "region": region}}
    some = [
        {**rule, "props": {**rule["props"], "eventPattern": pattern}} if o["name"] == rule["name"] else o for o in some
    ]

    assert (found("LOG-04", some) == []) is heard


def test_a_metric_filter_with_an_alarm_hears_what_its_pattern_names():
    some = [one for one in LOG_04 if not one["name"].startswith("key-loss")]
    words = "{ ($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion) }"
    metric = {"name": "KeyLoss", "namespace": "Audit", "value": "1"}
    filtered = {"type": FILTER, "name": "keys", "props": {"pattern": words, "metricTransformation": metric}}
    alarm = {
        "type": "aws:cloudwatch/metricAlarm:MetricAlarm",
        "name": "key-alarm",
        "from": {"alarmActions": "tell"},
        "props": {"namespace": "Audit", "metricName": "KeyLoss", "alarmActions": []},
    }

    assert found("LOG-04", [*some, filtered, alarm]) == []
    silent = {**alarm, "props": {**alarm["props"], "actionsEnabled": False}}
    assert found("LOG-04", [*some, filtered, silent])[0].startswith("nobody is told when a key is disabled")


def test_the_configuration_may_name_another_privacy_contact_and_emergency_roles():
    assert found("LOG-04", LOG_04, emergencyRoles=["break-glass"]) == []
    assert "the emergency role 1 is taken on" in found("LOG-04", LOG_04, emergencyRoles=["firefighter"])[0]
    assert found("LOG-04", LOG_04, privacyContacts=["oncall@example.com"]) == []
    assert found("LOG-04", LOG_04, privacyContacts=["dpo@example.com"])[0].startswith("the privacy contact is not")
