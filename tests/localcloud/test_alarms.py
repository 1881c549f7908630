"""Alarms and dashboards as the CloudWatch API Reference and User Guide tell of them."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from localcloud import cbor
from localcloud.alarm_rule import RuleError, read
from tests.localcloud.conftest import REGION
from tests.localcloud.refusals import refused


@pytest.fixture
def cloudwatch(aws):
    return aws("cloudwatch")


def metric_alarm(cloudwatch, name, **more):
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": name,
            "Namespace": "AWS/RDS",
            "MetricName": "CPUUtilization",
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 3,
            "Threshold": 80.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **more,
        }
    )
    return name


def composite(cloudwatch, name):
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    return found


@pytest.mark.parametrize(
    ("rule", "in_alarm", "holds"),
    [
        ("ALARM(a) AND OK(b)", "a", True),
        ("ALARM(a) AND ALARM(b)", "a", False),
        ("ALARM(a) OR ALARM(b) AND FALSE", "a", True),
        ("(ALARM(a) OR ALARM(b)) AND FALSE", "a", False),
        ('NOT ALARM("b") AND TRUE', "a", True),
        ("INSUFFICIENT_DATA(a)", "a", False),
    ],
)
def test_a_rule_binds_as_the_guide_says(rule, in_alarm, holds):
    """User Guide, "Rule expressions for composite alarms"."""
    assert read(rule).holds(lambda alarm: "ALARM" if alarm == in_alarm else "OK") is holds


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("", "'the end' at 0"),
        ("ALARM()", "')' at 6"),
        ("ALARM(a", "wanted ')'"),
        ("ALARM(a) ALARM(b)", "'ALARM' at 9"),
        ("BROKEN(a)", "'BROKEN' at 0"),
        (" OR ".join(f"ALARM(a{number})" for number in range(101)), "101 alarms"),
        (f"ALARM({'a' * 10240})", "10247 characters"),
    ],
)
def test_a_rule_that_does_not_read_says_where(rule, found):
    with pytest.raises(RuleError, match=found.replace("(", r"\(").replace(")", r"\)")):
        read(rule)


def test_a_composite_alarm_follows_those_that_it_names(cloudwatch, name):
    """API Reference, PutCompositeAlarm and DescribeAlarms."""
    first, second = (metric_alarm(cloudwatch, f"{name}-{part}") for part in ("cpu", "disk"))
    topic = f"arn:aws:sns:{REGION}:000000000000:topic"
    kept = {
        "AlarmRule": f'ALARM("{first}") OR ALARM({second})',
        "AlarmDescription": "all",
        "AlarmActions": [topic],
        "ActionsEnabled": True,
    }
    cloudwatch.put_composite_alarm(AlarmName=name, Tags=[{"Key": "a", "Value": "1"}], **kept)
    found = composite(cloudwatch, name)
    assert {key: found[key] for key in kept} == kept
    assert found["StateValue"] == "OK"
    cloudwatch.set_alarm_state(AlarmName=second, StateValue="ALARM", StateReason="a test")
    assert composite(cloudwatch, name)["StateValue"] == "ALARM"
    tags = cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]
    assert tags == [{"Key": "a", "Value": "1"}]
    listed = cloudwatch.describe_alarms(AlarmNamePrefix=name)
    assert listed["CompositeAlarms"] == []
    assert [alarm["AlarmName"] for alarm in listed["MetricAlarms"]] == [first, second]
    assert cloudwatch.describe_alarms(AlarmNamePrefix=name, AlarmTypes=["CompositeAlarm"])["MetricAlarms"] == []


def test_alarms_go_in_order(cloudwatch, name):
    """API Reference, PutCompositeAlarm and DeleteAlarms."""
    with refused("ValidationError", "do not exist"):
        cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=f"ALARM({name}-cpu)")
    with refused("ValidationError", "AlarmRule: found"):
        cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule="ALARM(")
    metric_alarm(cloudwatch, f"{name}-cpu")
    cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=f"ALARM({name}-cpu)")
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-above", AlarmRule=f"ALARM({name})")
    with refused("ValidationError", "depend on itself"):
        cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=f"ALARM({name}-above)")
    with refused("ValidationError", "composite alarm(s) depending on it"):
        cloudwatch.delete_alarms(AlarmNames=[f"{name}-cpu"])
    with refused("ValidationError", "one composite alarm"):
        cloudwatch.delete_alarms(AlarmNames=[name, f"{name}-above"])
    for gone in (f"{name}-above", name, f"{name}-cpu"):
        cloudwatch.delete_alarms(AlarmNames=[gone])
    both = cloudwatch.describe_alarms(AlarmNamePrefix=name, AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    assert (both["CompositeAlarms"], both["MetricAlarms"]) == ([], [])


def test_a_metric_alarm_begins_without_data_and_keeps_its_state_when_changed(cloudwatch, name):
    """API Reference, PutMetricAlarm."""
    metric_alarm(cloudwatch, name, Tags=[{"Key": "a", "Value": "1"}])

    def state():
        return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]

    assert state() == "INSUFFICIENT_DATA"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    metric_alarm(cloudwatch, name, Threshold=90.0)
    assert state() == "ALARM"
    cloudwatch.delete_alarms(AlarmNames=[name])
    metric_alarm(cloudwatch, name)
    arn = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["never-there"])


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"Period": 45}, "Period"),
        ({"Period": 300, "EvaluationPeriods": 300}, "86400"),
        ({"DatapointsToAlarm": 4}, "DatapointsToAlarm"),
        ({"TreatMissingData": "shrug"}, "notBreaching"),
        ({"ExtendedStatistic": "p90"}, "ExtendedStatistic"),
    ],
)
def test_a_metric_alarm_that_cannot_be_evaluated_is_refused(cloudwatch, name, wrong, word):
    with refused("ValidationError", word):
        metric_alarm(cloudwatch, name, **wrong)


def rpc(account, operation, body):
    """The answer to a request in the protocol of newer clients: status, headers, body."""
    request = urllib.request.Request(
        f"{account.endpoint}/service/GraniteServiceVersion20100801/operation/{operation}",
        data=cbor.encoded(body),
        headers={
            "smithy-protocol": "rpc-v2-cbor",
            "Content-Type": "application/cbor",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/monitoring/aws4_request, "
            "SignedHeaders=host, Signature=none",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, cbor.decoded(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.headers, cbor.decoded(error.read())


def test_cloudwatch_speaks_the_protocol_of_newer_clients(account, cloudwatch, name):
    """Smithy 2.0, "Smithy RPC v2 CBOR protocol"; the AWS provider speaks nothing else to CloudWatch."""
    body = json.dumps({"widgets": []})
    assert rpc(account, "PutDashboard", {"DashboardName": name, "DashboardBody": body})[0] == 200
    assert json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]) == {"widgets": []}
    metric_alarm(cloudwatch, name)
    status, headers, said = rpc(account, "DescribeAlarms", {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm"]})
    assert (status, headers["smithy-protocol"]) == (200, "rpc-v2-cbor")
    (alarm,) = said["MetricAlarms"]
    assert alarm["Threshold"] == 80.0
    assert alarm["StateUpdatedTimestamp"] <= datetime.now(UTC)


def test_refusals_in_that_protocol_name_the_error_in_both_ways(account, name):
    status, headers, said = rpc(account, "GetDashboard", {"DashboardName": name})
    assert (status, said["__type"]) == (404, "DashboardNotFoundError")
    assert headers["x-amzn-query-error"] == "ResourceNotFound;Sender"
    status, headers, said = rpc(account, "PutCompositeAlarm", {"AlarmName": name, "AlarmRule": "?"})
    assert (status, said["__type"]) == (400, "ValidationException")
    assert "AlarmRule: found" in said["message"]
    assert headers["x-amzn-query-error"] == "ValidationError;Sender"
