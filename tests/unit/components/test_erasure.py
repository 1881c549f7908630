"""Erasure on request."""

import json
from dataclasses import replace
from typing import Any

from components.erasure import FOLDER, METRICS, Erasure
from components.storage import team_policy
from tests.unit.components.instances_of_operations import ERASURE
from tests.unit.deploy import Declared, deploy


def made(**changes: Any) -> list[Declared]:
    args = replace(ERASURE.args, **changes)
    return deploy(lambda: Erasure("x", args))


def job() -> Any:
    (found,) = [r.inputs for r in made() if r.inputs.get("kind") == "CronJob"]
    return found


def statements(**changes: Any) -> dict[str, Any]:
    (policy,) = [json.loads(r.inputs["policy"]) for r in made(**changes) if r.type == "aws:iam/rolePolicy:RolePolicy"]
    return {one["Sid"]: one for one in policy["Statement"]}


def test_the_job_says_which_way_of_erasure_it_is():
    assert job()["metadata"]["annotations"] == {"erasure-path": "dvc-rewrite"}


def test_it_deletes_every_version_in_its_buckets_and_reads_nothing_but_records():
    by_sid = statements(buckets=["a", "b"])

    assert by_sid["Erase"]["Action"] == ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    assert by_sid["Erase"]["Resource"] == ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]
    reading = [one for one in by_sid.values() if "s3:GetObject" in one["Action"]]
    assert [one["Resource"] for one in reading] == [["arn:aws:s3:::a/erasures/*", "arn:aws:s3:::b/erasures/*"]]


def test_no_team_can_record_an_erasure():
    allowed = team_policy("arn:aws:s3:::a", "scoring", keys="arn:aws:kms:::key/*", alias="alias/one")
    writing = [one["Resource"] for one in allowed["Statement"] if "s3:PutObject" in one["Action"]]

    assert writing == ["arn:aws:s3:::a/dvc/scoring/*"]
    assert not FOLDER.startswith("dvc/")


def test_it_measures_under_the_name_that_the_alarm_looks_at():
    (container,) = job()["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    environment = {e["name"]: e["value"] for e in container["env"]}
    (alarm,) = [r.inputs for r in made() if r.type == "aws:cloudwatch/metricAlarm:MetricAlarm"]

    assert (alarm["namespace"], alarm["metricName"]) == (METRICS, "Failures")
    assert alarm["dimensions"] == {"Environment": environment["ENVIRONMENT"]}
    assert environment["METRIC_NAMESPACE"] == METRICS
    assert alarm["alarmActions"] == [ERASURE.args.alarm_topic_arn]
