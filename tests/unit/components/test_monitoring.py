import json
from dataclasses import replace

import pytest

from components.monitoring import MOST_CHILDREN, Monitoring, any_of
from components.notices import LEAST_SEVERITY, Notices
from tests.unit.components.instances_of_operations import OPERATIONS, OTHER_TOPIC, ROLE
from tests.unit.deploy import by_name, deploy

ARGS = next(i.args for i in OPERATIONS if i.component is Monitoring)
NOTICES = next(i.args for i in OPERATIONS if i.component is Notices)
BUCKET = "seedbed-test-artifacts"


def made(**changes) -> dict[str, dict]:
    return by_name(lambda: Monitoring("m", replace(ARGS, **changes)))


def told(**changes) -> dict[str, dict]:
    return by_name(lambda: Notices("n", replace(NOTICES, **changes)))


def test_the_requests_that_an_alarm_looks_at_are_counted():
    counted, alarm = made()[f"m-{BUCKET}-requests"], made()[f"m-{BUCKET}-5xx"]

    assert alarm["dimensions"] == {"BucketName": BUCKET, "FilterId": counted["name"]}
    assert counted["bucket"] == "artifacts-id"
    assert "filter" not in counted


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_ends():
    alarms = [r.inputs for r in deploy(lambda: Monitoring("m", ARGS)) if r.type.endswith(":MetricAlarm")]

    assert len(alarms) == 5
    assert all(a["alarmActions"] == a["okActions"] == [ARGS.topic_arn] for a in alarms)


def test_the_composite_alarm_looks_at_all_alarms_and_is_made_after_them():
    resources = {r.name: r for r in deploy(lambda: Monitoring("m", ARGS))}
    own = [r for r in resources.values() if r.type.endswith(":MetricAlarm")]
    whole = resources["m-alarm"]

    assert whole.inputs["alarmName"] == "seedbed-test"
    names = [r.inputs["name"] for r in own] + ["seedbed-test-tracking-cpu"]
    assert sorted(whole.inputs["alarmRule"].split(" OR ")) == sorted(f'ALARM("{name}")' for name in names)
    assert {r.urn for r in own} <= set(whole.dependencies["alarmRule"])


@pytest.mark.parametrize(("others", "parts"), [(MOST_CHILDREN - 5, 0), (MOST_CHILDREN - 4, 2), (3 * MOST_CHILDREN, 4)])
def test_no_composite_alarm_looks_at_more_alarms_than_cloudwatch_allows(others, parts):
    rules = {
        name: inputs["alarmRule"].count("ALARM(")
        for name, inputs in made(alarms=[f"other-{number}" for number in range(others)]).items()
        if "alarmRule" in inputs
    }

    assert max(rules.values()) <= MOST_CHILDREN
    assert len(rules) == parts + 1
    assert rules["m-alarm"] == (parts or others + 5)
    assert sum(rules.values()) == others + 5 + parts


def test_without_anything_to_watch_the_composite_alarm_is_never_on():
    assert any_of([]) == "FALSE"


def test_the_dashboard_shows_the_state_and_a_widget_for_each_thing_without_overlap():
    body = json.loads(made()["m-dashboard"]["dashboardBody"])

    assert [w["properties"]["title"] for w in body["widgets"]] == [
        "State",
        BUCKET,
        "seedbed-test",
        "seedbed-test-tracking",
        "seedbed-test-scoring",
    ]
    assert body["widgets"][0]["properties"]["alarms"] == [
        "arn:aws:cloudwatch:eu-central-1:000000000000:alarm:seedbed-test"
    ]
    places = {(w["x"], w["y"]) for w in body["widgets"]}
    assert len(places) == len(body["widgets"])
    assert all(w["x"] + w["width"] <= 24 for w in body["widgets"])


def test_what_is_not_there_is_neither_watched_nor_shown():
    without = made(cluster=None, database=None, endpoints=[])

    assert not [name for name in without if "api" in name or "unschedulable" in name]
    assert len(json.loads(without["m-dashboard"]["dashboardBody"])["widgets"]) == 2


def test_notices_go_to_the_privacy_contact_and_alarms_do_not():
    for name, inputs in made().items():
        if name.endswith("-target"):
            assert inputs["arn"] == ARGS.privacy_topic_arn == OTHER_TOPIC, name


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("trail-tampering", {"StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"}),
        ("key-loss", {"DisableKey", "ScheduleKeyDeletion"}),
    ],
)
def test_whoever_blinds_the_record_or_takes_a_key_is_told_of(rule, events):
    pattern = json.loads(told()[f"n-{rule}"]["eventPattern"])

    assert set(pattern["detail"]["eventName"]) == events


def test_a_use_of_the_root_user_is_told_of_even_if_it_only_reads():
    rule = told()["n-root-use"]
    pattern = json.loads(rule["eventPattern"])

    assert rule["state"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    assert pattern["detail"]["userIdentity"] == {"type": ["Root"], "invokedBy": [{"exists": False}]}
    assert "AWS Console Sign In via CloudTrail" in pattern["detail-type"]


def test_taking_on_an_emergency_role_is_told_of_by_whatever_way():
    rule = told(break_glass_roles=[ROLE])["n-break-glass"]
    detail = json.loads(rule["eventPattern"])["detail"]

    assert detail["requestParameters"] == {"roleArn": [ROLE]}
    assert set(detail["eventName"]) == {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}
    assert rule["state"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def test_without_emergency_roles_no_rule_matches_every_role():
    assert "n-break-glass" not in told()


def test_findings_are_told_of_from_medium_on():
    pattern = json.loads(told()["n-findings"]["eventPattern"])

    assert pattern["detail"]["severity"] == [{"numeric": [">=", LEAST_SEVERITY]}]


def test_a_notice_names_only_facts_that_its_event_has_been_asked_for():
    for name, inputs in told(break_glass_roles=[ROLE]).items():
        if name.endswith("-target"):
            transformer = inputs["inputTransformer"]
            message = json.loads(transformer["inputTemplate"])
            named = {part.split(">")[0] for part in message.split("<")[1:]}
            assert named == set(transformer["inputPaths"]), name
            assert "72 hours" in message
