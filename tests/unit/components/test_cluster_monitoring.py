"""Alarms inside a cluster."""

from dataclasses import replace
from typing import Any

from components.cluster_monitoring import ClusterMonitoring, predictor
from components.monitoring import Monitoring
from tests.unit.components.instances import INSTANCES
from tests.unit.components.instances_of_serving import MONITORING
from tests.unit.deploy import deploy


def alarms(**changes: Any) -> dict[str, Any]:
    args = replace(MONITORING.args, **changes)
    return {r.inputs["name"]: r.inputs for r in deploy(lambda: ClusterMonitoring("x", args))}


def queries(**changes: Any) -> dict[str, Any]:
    return {query["id"]: query for query in alarms(**changes)["seedbed-test-pending-pods"]["metricQueries"]}


def test_every_alarm_tells_the_topic_when_it_comes_and_when_it_goes():
    for alarm in alarms().values():
        assert alarm["alarmActions"] == alarm["okActions"] == [MONITORING.args.topic_arn]


def test_without_gpu_pools_nobody_watches_gpus():
    assert "seedbed-test-gpu-idle" not in alarms(gpu_idle_hours=None)


def test_gpus_are_idle_after_all_of_the_hours():
    alarm = alarms(gpu_idle_hours=24)["seedbed-test-gpu-idle"]

    assert alarm["evaluationPeriods"] * alarm["period"] == 24 * 3600
    assert alarm["comparisonOperator"] == "LessThanThreshold"
    assert alarm["treatMissingData"] == "notBreaching", "where no GPU node is, nothing is idle"


def test_pods_of_an_endpoint_may_wait_for_their_model():
    made = queries(waiting=[predictor("scoring", "credit")])

    assert made["pending"]["expression"] == "(every - FILL(off0, 0)) / 5"
    assert made["off0"]["metric"]["dimensions"] == {
        "ClusterName": "seedbed-test",
        "Namespace": "scoring",
        "PodName": "credit-predictor",
    }
    assert [q["id"] for q in made.values() if q.get("returnData")] == ["pending"]


def test_an_alarm_keeps_to_the_ten_metrics_that_cloudwatch_takes():
    many = [predictor("scoring", f"endpoint-{number}") for number in range(12)]

    assert sum("metric" in query for query in queries(waiting=many).values()) == 10
    assert alarms(waiting=many)["seedbed-test-pending-pods"]["threshold"] == 3


def test_restarts_are_counted_by_deployment():
    alarm = alarms(restarts={"endpoint-credit": predictor("scoring", "credit")})[
        "seedbed-test-endpoint-credit-restarts"
    ]

    assert alarm["dimensions"] == {
        "ClusterName": "seedbed-test",
        "Namespace": "scoring",
        "PodName": "credit-predictor",
    }


def test_the_composite_alarm_of_monitoring_takes_them_all():
    (monitoring,) = [i for i in INSTANCES if i.component is Monitoring]

    def program() -> None:
        inside = ClusterMonitoring("inside", MONITORING.args)
        Monitoring("whole", replace(monitoring.args, alarms=inside.alarm_names))

    made = deploy(program)
    (rule,) = [r.inputs["alarmRule"] for r in made if r.type == "aws:cloudwatch/compositeAlarm:CompositeAlarm"]
    names = [r.inputs["name"] for r in made if r.name.startswith("inside-")]
    assert names
    assert all(f'ALARM("{name}")' in rule for name in names)
