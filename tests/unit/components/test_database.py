"""What the database promises."""

from dataclasses import replace

import pulumi

from components.database import Database
from tests.unit.components.instances import INSTANCES, KEY
from tests.unit.deploy import by_name, deploy

ARGS = next(i.args for i in INSTANCES if i.component is Database)
INSTANCE = by_name(lambda: Database("db", ARGS))["db-instance"]


def test_nobody_sees_its_password():
    assert INSTANCE["manageMasterUserPassword"] is True
    assert INSTANCE["masterUserSecretKmsKeyId"] == KEY
    assert not {"password", "passwordWo"} & INSTANCE.keys()


def test_every_connection_is_over_tls():
    parameters = by_name(lambda: Database("db", ARGS))["db-parameters"]
    assert {"name": "rds.force_ssl", "value": "1"} in parameters["parameters"]
    assert parameters["family"] == "postgres16"


def test_it_is_private_and_encrypted():
    assert INSTANCE["publiclyAccessible"] is False
    assert (INSTANCE["storageEncrypted"], INSTANCE["kmsKeyId"]) == (True, KEY)
    assert (INSTANCE["performanceInsightsKmsKeyId"], INSTANCE["performanceInsightsRetentionPeriod"]) == (KEY, 7)


def test_backups_end_with_the_database_and_their_tags_follow_them():
    assert (INSTANCE["backupRetentionPeriod"], INSTANCE["deleteAutomatedBackups"]) == (7, True)
    assert INSTANCE["copyTagsToSnapshot"] is True


def test_a_protected_one_resists_and_leaves_a_snapshot():
    (kept,) = [r for r in deploy(lambda: Database("db", replace(ARGS, protect=True))) if r.name == "db-instance"]
    assert kept.protect
    assert (kept.inputs["deletionProtection"], kept.inputs["skipFinalSnapshot"]) == (True, False)
    assert kept.inputs["finalSnapshotIdentifier"] == "seedbed-test-tracking-final"


def test_its_logs_have_groups_that_end_before_it_writes_to_them():
    made = {r.name: r for r in deploy(lambda: Database("db", ARGS))}
    logs = {name for name, r in made.items() if r.type == "aws:cloudwatch/logGroup:LogGroup"}
    assert {made[name].inputs["name"] for name in logs} == {
        f"/aws/rds/instance/seedbed-test-tracking/{log}" for log in INSTANCE["enabledCloudwatchLogsExports"]
    }
    assert logs == {urn.rpartition("::")[2] for urn in made["db-instance"].depends_on} & logs


def test_it_tells_when_it_is_busy_full_short_of_memory_or_silent():
    names = []
    made = by_name(lambda: pulumi.Output.all(*Database("db", ARGS).alarm_names).apply(names.extend))
    alarms = [inputs for inputs in made.values() if inputs.get("namespace") == "AWS/RDS"]
    assert sorted(alarm["name"] for alarm in alarms) == sorted(names)
    assert {a["metricName"] for a in alarms} == {"CPUUtilization", "FreeStorageSpace", "FreeableMemory"}
    for alarm in alarms:
        assert alarm["treatMissingData"] == "breaching"
        assert alarm["alarmActions"] == alarm["okActions"] == [ARGS.alarm_topic_arn]


def test_nobody_is_let_in_unless_by_name():
    assert not [r for r in deploy(lambda: Database("db", ARGS)) if "Ingress" in r.type]
