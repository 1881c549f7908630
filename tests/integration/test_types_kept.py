"""What the local account keeps of each type: what the real provider reads of it by its id is what was sent."""

import json
import shutil
from collections import defaultdict

import boto3
import pytest

from localcloud import environment, temporary
from tests.integration.house import REGION, ROOT
from tests.integration.read_back import Runner, Sent, is_told, read_back, resources
from tests.localcloud.types_page import types

SAMPLES = ROOT / "tests" / "integration" / "samples"
DATABASE = "aws:rds/instance:Instance"
SAME = {
    (DATABASE, "engineVersion"): lambda sent, told: str(told).startswith(f"{sent}."),
    ("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "url"): lambda sent, told: sent == f"https://{told}",
}
"""What AWS tells in other words: the minor version of the major one that was asked for, an issuer without scheme."""


def database(running):
    """A database with what the environment leaves to AWS, made without the provider, which waits 80 s for one."""
    variables = environment(running, REGION)

    def client(service):
        connect = {"service_name": service, "region_name": REGION, "endpoint_url": running.endpoint}
        keys = {"aws_access_key_id": variables["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": "local"}
        make = boto3.client
        return make(**connect, **keys)

    trust = {"Effect": "Allow", "Principal": {"Service": "monitoring.rds.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = client("iam").create_role(RoleName="watcher", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    sent = {
        "identifier": ("DBInstanceIdentifier", "by-hand"),
        "engineVersion": ("EngineVersion", "16.9"),
        "engineLifecycleSupport": ("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
        "databaseInsightsMode": ("DatabaseInsightsMode", "standard"),
        "backupWindow": ("PreferredBackupWindow", "01:00-01:30"),
        "maintenanceWindow": ("PreferredMaintenanceWindow", "sun:02:00-sun:03:00"),
        "monitoringInterval": ("MonitoringInterval", 60),
        "monitoringRoleArn": ("MonitoringRoleArn", role),
        "port": ("Port", 5433),
        "multiAz": ("MultiAZ", True),
        "publiclyAccessible": ("PubliclyAccessible", True),
        "deletionProtection": ("DeletionProtection", True),
    }
    client("rds").create_db_instance(
        Engine="postgres",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=20,
        MasterUsername="tracking",
        ManageMasterUserPassword=True,
        **dict(sent.values()),
    )
    return Sent(DATABASE, "by-hand", "by-hand", {name: value for name, (_, value) in sent.items()}, {})


@pytest.fixture(scope="module")
def proven(whole_for_a_file, tmp_path_factory):
    """Type by type, for each property that was sent, whether it came back wherever it was sent."""
    folder = tmp_path_factory.mktemp("types")
    runner = Runner(whole_for_a_file.running, folder)
    pairs = read_back(runner, resources(whole_for_a_file.saved("local")), folder / "of-whole")
    with temporary() as running:
        runner = Runner(running, folder)
        shutil.copytree(SAMPLES, folder / "samples", ignore=shutil.ignore_patterns("__pycache__"))
        pairs += read_back(runner, [*runner.up(folder / "samples"), database(running)], folder / "of-samples")
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for one, told in pairs:
        for name, value in one.inputs.items():
            is_same = SAME.get((one.type, name), lambda *_: False)(value, told.get(name))
            back = value if is_same else told.get(name)
            for path, part in _paths(name, value, back):
                found[one.type][path] = found[one.type].get(path, True) and part
    return found


def _paths(name, sent, told):
    """A property, or, where only parts of it came back, each part for itself.

    What was sent as nothing, zero or false is left out: it comes back from an account that keeps nothing, too.
    """
    if name == "__defaults" or not sent:
        return
    if not is_told(sent, told) and isinstance(sent, dict) and isinstance(told, dict):
        for part, value in sent.items():
            yield from _paths(part if part == "__defaults" else f"{name}.{part}", value, told.get(part))
    else:
        yield name, is_told(sent, told)


def test_every_property_on_the_page_comes_back(proven):
    missing = {
        token: sorted(set(facts.kept) - {name for name, is_back in proven[token].items() if is_back})
        for token, facts in types().items()
    }
    assert {token: names for token, names in missing.items() if names} == {}


def test_every_property_that_is_sent_is_on_the_page(proven):
    """What the provider keeps to itself may come back as its own default, and is still not told by the account."""
    unsaid: dict[str, list[str]] = defaultdict(list)
    for token, found in proven.items():
        facts = types()[token]
        for name, is_back in found.items():
            if name not in facts.untold and not (is_back and name in facts.kept):
                unsaid[token].append(name)
    assert unsaid == {}
