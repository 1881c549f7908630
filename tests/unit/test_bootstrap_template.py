"""The CloudFormation template of a bootstrap."""

import json
import subprocess
from copy import deepcopy

import pytest
import yaml

from stacks import bootstrap
from stacks.settings import Settings, read
from tests.unit.clone import ROOT, shipped

ADMINISTRATOR = "arn:aws:iam::111111111111:role/key-administrators"


def settings(**changes: object) -> Settings:
    config = deepcopy(shipped("dev"))
    config["seedbed:environment"] |= {"delivery": {"repository": "example/risk-models"}, **changes}
    return read("dev", config)


def resources(**changes: object) -> dict:
    return bootstrap.template(settings(**changes))["Resources"]


def lint(template: dict, folder) -> str:
    file = folder / "template.json"
    file.write_text(json.dumps(template))
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / "cfn-lint"), "--regions", "eu-central-1", "--", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("with_provider", [True, False])
def test_cfn_lint_finds_nothing_in_the_template(tmp_path, with_provider):
    made = bootstrap.template(settings(keys={"administrators": [ADMINISTRATOR]}), with_provider)
    assert lint(made, tmp_path) == ""


def test_cfn_lint_would_find_a_fault_in_it(tmp_path):
    made = bootstrap.template(settings())
    made["Resources"]["StateBucket"]["Properties"]["Versioned"] = True
    assert "Versioned" in lint(made, tmp_path)


def test_the_bucket_is_versioned_closed_encrypted_and_forgets_old_versions():
    bucket = resources()["StateBucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": ["StateKey", "Arn"]},
    }
    old, broken_off = bucket["LifecycleConfiguration"]["Rules"]
    assert old["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90, "NewerNoncurrentVersions": 50}
    assert broken_off["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_the_bucket_refuses_whoever_comes_without_tls():
    (statement,) = resources()["StateBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [
        "arn:aws:s3:::seedbed-dev-state-111111111111",
        "arn:aws:s3:::seedbed-dev-state-111111111111/*",
    ]


def test_nothing_that_a_state_hangs_on_goes_with_the_stack():
    for name in ("StateKey", "StateKeyAlias", "StateBucket", "StateBucketPolicy", "GitHubIdentityProvider"):
        made = resources()[name]
        assert made["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert made["UpdateReplacePolicy"] == "Retain", name


def test_readers_cannot_write_and_nobody_takes_versions_away():
    made = resources()
    actions = {
        name: {
            action
            for statement in made[name]["Properties"]["PolicyDocument"]["Statement"]
            for action in statement["Action"]
        }
        for name in ("StateReaders", "StateWriters")
    }
    assert actions["StateReaders"] == {"s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "kms:Decrypt"}
    assert actions["StateWriters"] - actions["StateReaders"] == {
        "s3:PutObject",
        "s3:DeleteObject",
        "kms:Encrypt",
        "kms:GenerateDataKey",
    }


def test_the_keys_settings_reach_the_key():
    key = resources(keys={"rotationDays": 200, "deletionWindowDays": 14, "administrators": [ADMINISTRATOR]})["StateKey"]
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["Properties"]["RotationPeriodInDays"] == 200
    assert key["Properties"]["PendingWindowInDays"] == 14
    through_iam, administration = key["Properties"]["KeyPolicy"]["Statement"]
    assert through_iam["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    assert administration["Principal"] == {"AWS": [ADMINISTRATOR]}
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"} & set(administration["Action"])


@pytest.mark.parametrize(
    ("delivery", "made"),
    [
        (None, False),
        ({"repository": "example/risk-models"}, True),
        ({"repository": "example/risk-models", "identityProvider": "existing"}, True),
        ({"repository": "example/risk-models", "identityProvider": "create"}, False),
    ],
)
def test_the_identity_provider_is_made_where_the_environment_counts_on_one(delivery, made):
    config = deepcopy(shipped("dev"))
    config["seedbed:environment"].pop("delivery", None)
    if delivery:
        config["seedbed:environment"]["delivery"] = delivery
    found = bootstrap.template(read("dev", config))["Resources"]
    assert ("GitHubIdentityProvider" in found) is made
    if made:
        properties = found["GitHubIdentityProvider"]["Properties"]
        assert properties["Url"] == "https://token.actions.githubusercontent.com"
        assert properties["ClientIdList"] == ["sts.amazonaws.com"]


def test_nothing_in_it_bears_the_tag_by_which_down_finds_an_environment():
    made = bootstrap.template(settings())
    keys = {tag["Key"] for one in made["Resources"].values() for tag in one["Properties"].get("Tags", [])}
    assert "env" not in keys
    assert {"owner", "system", "bootstrap-of"} <= keys


def test_the_addresses_name_the_bucket_and_key_that_it_makes():
    made = bootstrap.template(settings())
    values = {name: output["Value"] for name, output in made["Outputs"].items()}
    assert values["Backend"].startswith("s3://seedbed-dev-state-111111111111?")
    assert values["SecretsProvider"] == "awskms://alias/seedbed-dev-state?region=eu-central-1"
    assert made["Resources"]["StateKeyAlias"]["Properties"]["AliasName"] == "alias/seedbed-dev-state"


def test_it_is_the_same_for_the_same_file():
    assert yaml.safe_dump(bootstrap.template(settings())) == yaml.safe_dump(bootstrap.template(settings()))
