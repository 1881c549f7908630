"""What the evidence promises."""

import json
from dataclasses import replace

from components.audit import AuditTrail
from components.retention import retention_rules
from tests.unit.components.instances import INSTANCES
from tests.unit.deploy import by_name, deploy

ARGS = next(i.args for i in INSTANCES if i.component is AuditTrail)
MADE = by_name(lambda: AuditTrail("audit", ARGS))


def test_the_record_is_signed_encrypted_and_of_every_region():
    trail = MADE["audit-trail"]
    assert trail["enableLogFileValidation"]
    assert trail["isMultiRegionTrail"]
    assert trail["includeGlobalServiceEvents"]
    assert trail["kmsKeyId"] == "arn:aws:::audit-key"


def test_every_touch_of_an_object_of_the_data_stores_is_recorded():
    management, objects = MADE["audit-trail"]["advancedEventSelectors"]
    assert management["fieldSelectors"] == [{"field": "eventCategory", "equals": ["Management"]}]
    assert {"field": "resources.ARN", "startsWiths": ["arn:aws:s3:::seedbed-test-data/"]} in objects["fieldSelectors"]
    assert not [f for f in objects["fieldSelectors"] if f["field"] == "readOnly"], "reads and writes"


def test_without_data_stores_the_changes_of_the_account_are_still_recorded():
    trail = by_name(lambda: AuditTrail("audit", replace(ARGS, data_buckets=[])))["audit-trail"]
    assert [selector["name"] for selector in trail["advancedEventSelectors"]] == ["Changes of the account"]


def test_one_trail_of_one_account_writes_to_the_archive_and_uses_its_key():
    ours = "arn:aws:cloudtrail:eu-central-1:000000000000:trail/seedbed-test"
    policies = [MADE["audit-archive-policy"]["policy"], MADE["audit-key"]["policy"]]
    for policy in policies:
        for statement in json.loads(policy)["Statement"]:
            if statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}:
                assert statement["Condition"]["StringEquals"]["aws:SourceArn"] == ours


def test_evidence_ends():
    rules = MADE["audit-archive-lifecycle"]["rules"]
    ends = [rule["expiration"]["days"] for rule in rules if "days" in rule.get("expiration", {})]
    assert ends == [364]
    assert len(rules) == len(retention_rules(365, 1, None))


def test_the_trail_comes_after_the_right_to_write():
    (trail,) = [r for r in deploy(lambda: AuditTrail("audit", ARGS)) if r.name == "audit-trail"]
    assert any(urn.endswith("::audit-archive-policy") for urn in trail.dependencies["s3BucketName"])


def test_an_account_that_has_a_detector_keeps_it():
    there = by_name(lambda: AuditTrail("audit", replace(ARGS, detector="existing")))
    assert "audit-detector" in MADE
    assert "audit-detector" not in there
    assert not [name for name in there if name.startswith("audit-s3-data")]
