"""Training pipelines."""

from dataclasses import replace
from typing import Any

import pytest

from components.pipeline import TrainingPipeline
from tests.unit.components.instances_of_serving import PIPELINE
from tests.unit.deploy import deploy


def cron_jobs(**changes: Any) -> dict[str, Any]:
    args = replace(PIPELINE.args, **changes)
    made = deploy(lambda: TrainingPipeline("x", args))
    return {r.inputs["metadata"]["name"]: r.inputs["spec"] for r in made if r.inputs["kind"] == "CronJob"}


def job(**changes: Any) -> dict[str, Any]:
    return cron_jobs(**changes)["credit"]["jobTemplate"]


def pod(**changes: Any) -> dict[str, Any]:
    return job(**changes)["spec"]["template"]["spec"]


def test_without_a_schedule_nothing_runs_by_itself():
    assert {name: spec["suspend"] for name, spec in cron_jobs(schedule=None).items()} == {
        "credit": True,
        "credit-on-demand": True,
    }


def test_with_one_the_other_still_waits_for_a_person():
    both = cron_jobs(schedule="0 3 * * 1")

    assert {name: spec["suspend"] for name, spec in both.items()} == {"credit": False, "credit-on-demand": True}
    assert both["credit"]["schedule"] == "0 3 * * 1"
    assert both["credit"]["jobTemplate"] == both["credit-on-demand"]["jobTemplate"]


def test_runs_wait_in_the_queue_of_the_team_and_do_not_pile_up():
    assert job()["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "main"
    assert job()["metadata"]["labels"]["kueue.x-k8s.io/priority-class"] == "training"
    assert cron_jobs()["credit"]["concurrencyPolicy"] == "Forbid"


def test_a_run_is_of_one_commit_in_one_image_with_the_data_of_the_team():
    (container,) = pod(stages=["train", "evaluate"])["containers"]
    environment = {e["name"]: e["value"] for e in container["env"]}

    assert container["image"].endswith("/seedbed-test/training@sha256:" + 64 * "0")
    assert environment["REVISION"] == 40 * "a"
    assert environment["DVC_REMOTE"] == "s3://seedbed-test-data/dvc/scoring"
    assert container["command"][-2:] == ["train", "evaluate"]
    assert pod()["serviceAccountName"] == "team"


def test_a_lost_spot_node_is_no_try():
    (rule,) = job()["spec"]["podFailurePolicy"]["rules"]

    assert rule["action"] == "Ignore"
    assert rule["onPodConditions"][0]["type"] == "DisruptionTarget"
    assert pod()["restartPolicy"] == "Never", "Kubernetes takes such a policy with no other"


def test_a_run_ends_and_is_tidied_away():
    assert job(deadline_hours=1.5)["spec"]["activeDeadlineSeconds"] == 5400
    assert job()["spec"]["ttlSecondsAfterFinished"] > 0


def test_karpenter_leaves_a_run_where_it_is():
    assert job()["spec"]["template"]["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true"


@pytest.mark.parametrize(("hours", "seconds"), [(0.1, 3600), (12, 43200), (72, 86400)])
def test_a_run_has_a_token_for_tracking_that_lasts_as_long_as_it_may(hours, seconds):
    tokens = [
        source["serviceAccountToken"]
        for volume in pod(tracking_url="http://tracking.tracking.svc:5000", deadline_hours=hours)["volumes"]
        for source in volume.get("projected", {}).get("sources", [])
    ]

    assert tokens == [{"audience": "tracking", "path": "token", "expirationSeconds": seconds}]


def test_without_tracking_it_has_none():
    assert "token" not in {volume["name"] for volume in pod(tracking_url=None)["volumes"]}


def test_everything_that_a_run_writes_to_is_bounded():
    (container,) = pod()["containers"]
    written = {m["name"] for m in container["volumeMounts"] if not m.get("readOnly")}
    bounded = {v["name"] for v in pod()["volumes"] if v.get("emptyDir", {}).get("sizeLimit")}

    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert written == bounded
