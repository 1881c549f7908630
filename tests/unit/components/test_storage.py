import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.access_log import LogStore
from components.retention import retention_rules
from components.storage import DatasetStore
from tests.unit.components.instances import INSTANCES, KEY
from tests.unit.deploy import by_name

ARGS = next(i.args for i in INSTANCES if i.component is DatasetStore)
LOGS = next(i.args for i in INSTANCES if i.component is LogStore)
BUCKET = "arn:aws:s3:::seedbed-test-data"


def made(**changes) -> dict[str, dict]:
    return by_name(lambda: DatasetStore("data", replace(ARGS, **changes)))


def test_every_object_is_encrypted_with_the_callers_key():
    (rule,) = made()["data-encryption"]["rules"]

    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
    assert rule["bucketKeyEnabled"] is True


def test_nothing_about_the_bucket_is_public():
    block = made()["data-private"]

    assert block == {
        "bucket": "data-bucket-id",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert made()["data-ownership"]["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_plain_http_is_refused_to_everybody():
    policy = json.loads(made()["data-policy"]["policy"])

    (refusal,) = policy["Statement"]
    assert (refusal["Effect"], refusal["Principal"], refusal["Action"]) == ("Deny", "*", "s3:*")
    assert refusal["Resource"] == [BUCKET, f"{BUCKET}/*"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_team_reaches_its_own_remote_and_no_other():
    policy = json.loads(made(teams=["scoring", "fraud"])["data--scoring"]["policy"])

    (objects,) = [s for s in policy["Statement"] if "s3:GetObject" in s["Action"]]
    (listing,) = [s for s in policy["Statement"] if s["Action"] == "s3:ListBucket"]
    assert objects["Resource"] == f"{BUCKET}/dvc/scoring/*"
    assert listing["Condition"] == {"StringLikeIfExists": {"s3:prefix": ["dvc/scoring", "dvc/scoring/*"]}}
    assert "fraud" not in json.dumps(policy)


def test_a_team_decrypts_with_the_key_of_the_data_and_no_other():
    policy = json.loads(made()["data--scoring"]["policy"])

    (key,) = [s for s in policy["Statement"] if "kms:Decrypt" in s["Action"]]
    assert key["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/one"}}


def test_tags_say_what_is_known_and_guess_nothing():
    tags = made(recipients=["risk", "audit"])["data-bucket"]["tags"]

    assert tags["data-class"] == "personal"
    assert tags["retention-days"] == "730"
    assert tags["recipients"] == "risk audit"
    assert not {"controller", "register-id", "special-condition"} & tags.keys()


@given(st.integers(2, 3650), st.data())
def test_nothing_of_an_object_is_left_when_its_retention_ends(retention, data):
    noncurrent = data.draw(st.integers(1, retention - 1))
    rules = {r["id"]: r for r in retention_rules(retention, noncurrent, None)}

    current = rules["retention"]["expiration"]["days"]
    old = rules["old-versions"]["noncurrent_version_expiration"]["noncurrent_days"]
    assert current >= 1
    assert current + old == retention
    assert rules["unfinished-uploads"]["abort_incomplete_multipart_upload"]["days_after_initiation"] <= retention
    assert {r["filter"]["prefix"] for r in rules.values()} == {""}


def test_old_versions_that_outlive_the_data_are_refused():
    with pytest.raises(ValueError, match="30 noncurrent days: allowed is less than 30 retention days"):
        retention_rules(30, 30, None)


def test_an_archive_after_the_end_is_refused():
    with pytest.raises(ValueError, match="archive after 80 days: allowed is less than 70"):
        retention_rules(100, 30, 80)


def test_data_without_retention_never_expires():
    assert not any("days" in r.get("expiration", {}) for r in retention_rules(None, 30, None))


def test_access_logs_come_from_this_account_alone():
    policy = json.loads(by_name(lambda: LogStore("logs", LOGS))["logs-policy"]["policy"])

    (delivery,) = [s for s in policy["Statement"] if s["Effect"] == "Allow"]
    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert delivery["Condition"] == {"StringEquals": {"aws:SourceAccount": "000000000000"}}


def test_the_bucket_of_access_logs_does_not_log_into_itself():
    assert "logs-access-log" not in by_name(lambda: LogStore("logs", LOGS))
