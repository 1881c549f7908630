"""The watch for drift."""

import json
from dataclasses import replace
from typing import Any

from components.drift import DriftWatch
from components.pipeline import pod
from tests.unit.components.instances_of_serving import DRIFT, PIPELINE
from tests.unit.deploy import Declared, deploy


def made(**changes: Any) -> list[Declared]:
    args = replace(DRIFT.args, **changes)
    return deploy(lambda: DriftWatch("x", args))


def of(kind: str, **changes: Any) -> list[Any]:
    return [r.inputs for r in made(**changes) if r.inputs.get("kind") == kind]


def alarms(**changes: Any) -> dict[str, Any]:
    return {r.inputs["name"]: r.inputs for r in made(**changes) if r.type == "aws:cloudwatch/metricAlarm:MetricAlarm"}


def test_drift_and_a_watch_that_fails_are_told_to_the_topic():
    told = alarms(threshold=0.4)

    assert told["seedbed-test-credit-drift"]["threshold"] == 0.4
    assert all(alarm["alarmActions"] == [DRIFT.args.alarm_topic_arn] for alarm in told.values())
    assert {alarm["namespace"] for alarm in told.values()} == {"Seedbed/Drift"}


def test_it_measures_under_the_name_that_the_alarm_looks_at():
    ((container,),) = [job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"] for job in of("CronJob")]
    environment = {e["name"]: e["value"] for e in container["env"]}
    alarm = alarms()["seedbed-test-credit-drift"]

    assert alarm["dimensions"] == {"Endpoint": environment["ENDPOINT"]}
    assert (alarm["namespace"], alarm["metricName"]) == (environment["METRIC_NAMESPACE"], environment["METRIC"])


def test_its_role_reads_two_places_and_writes_metrics_of_one_namespace():
    (policy,) = [json.loads(r.inputs["policy"]) for r in made() if r.type == "aws:iam/rolePolicy:RolePolicy"]
    by_sid = {s["Sid"]: s for s in policy["Statement"]}

    assert by_sid["Read"]["Resource"] == [
        "arn:aws:s3:::seedbed-test-artifacts/reference/credit/*",
        "arn:aws:s3:::seedbed-test-capture/credit/*",
    ]
    assert by_sid["Tell"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Seedbed/Drift"}}
    assert {action for s in policy["Statement"] for action in [s["Action"]]} == {
        "cloudwatch:PutMetricData",
        "kms:Decrypt",
        "s3:GetObject",
        "s3:ListBucket",
    }


def test_without_a_pipeline_it_has_no_business_with_the_api_server():
    kinds = {r.inputs.get("kind") for r in made(retrain=None)}
    (job,) = of("CronJob", retrain=None)

    assert not kinds & {"Role", "RoleBinding", "NetworkPolicy", "ValidatingAdmissionPolicy"}
    assert job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["automountServiceAccountToken"] is False


def test_with_one_it_may_look_at_that_cron_job_and_make_jobs():
    (role,) = of("Role")

    assert role["rules"] == [
        {"apiGroups": ["batch"], "resources": ["cronjobs"], "resourceNames": ["credit-on-demand"], "verbs": ["get"]},
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"]},
    ]


def test_a_job_of_its_own_making_has_to_be_the_pipeline_to_the_letter():
    (policy,) = of("ValidatingAdmissionPolicy")
    expressions = " ".join(v["expression"] for v in policy["spec"]["validations"])
    (container,) = pod(PIPELINE.args)["containers"]

    assert policy["spec"]["matchConditions"][0]["expression"] == (
        'request.userInfo.username == "system:serviceaccount:scoring:drift-credit"'
    )
    for said in (container["image"], *container["command"], *(f"{e['name']}={e['value']}" for e in container["env"])):
        assert json.dumps(said) in expressions
    assert policy["spec"]["failurePolicy"] == "Fail"


def test_nobody_gets_leave_to_make_jobs_before_it_is_bounded():
    resources = made()
    (bound,) = [r.urn for r in resources if r.inputs.get("kind") == "ValidatingAdmissionPolicyBinding"]
    (role,) = [r for r in resources if r.inputs.get("kind") == "Role"]

    assert bound in role.depends_on


def test_its_jobs_wait_in_the_queue_as_all_of_a_workspace_do():
    (job,) = of("CronJob")

    assert job["spec"]["jobTemplate"]["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "main"
