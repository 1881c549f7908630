import json
from dataclasses import replace

from components.account import arn, bucket_arn
from components.images import ImageRegistry
from components.keys import KeyRing
from tests.unit.components.instances import INSTANCES, KEY
from tests.unit.deploy import by_name, deploy

KEYS = next(i.args for i in INSTANCES if i.component is KeyRing)
IMAGES = next(i.args for i in INSTANCES if i.component is ImageRegistry)


def test_each_class_of_data_has_a_key_that_rotates():
    made = by_name(lambda: KeyRing("keys", replace(KEYS, data_classes=["internal", "personal"])))

    assert all(made[f"keys-{c}"]["enableKeyRotation"] for c in ("internal", "personal"))
    assert made["keys-personal-alias"]["name"] == "alias/seedbed-test-personal"


def test_a_store_of_its_own_purpose_has_a_key_of_its_own():
    made = by_name(
        lambda: KeyRing("keys", replace(KEYS, data_classes=["personal"], stores={"data-credit": "personal"}))
    )

    assert made["keys-data-credit-alias"]["name"] == "alias/seedbed-test-data-credit"
    assert made["keys-data-credit"]["tags"]["data-class"] == "personal"
    assert made["keys-data-credit"]["description"] != made["keys-personal"]["description"]


def test_administrators_of_a_key_cannot_read_with_it():
    role = "arn:aws:iam::000000000000:role/keys"
    made = by_name(lambda: KeyRing("keys", replace(KEYS, administrators=[role])))

    statements = json.loads(made["keys-internal"]["policy"])["Statement"]
    (theirs,) = [s for s in statements if s["Principal"] == {"AWS": [role]}]
    assert not {a for a in theirs["Action"] if "crypt" in a or "GenerateDataKey" in a or a == "kms:*"}


def test_cloudwatch_uses_a_key_for_groups_of_this_account_alone():
    made = by_name(lambda: KeyRing("keys", KEYS))

    statements = json.loads(made["keys-internal"]["policy"])["Statement"]
    (logs,) = [s for s in statements if "Service" in s["Principal"]]
    assert logs["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-central-1:000000000000:log-group:*"}
    }


def test_an_image_never_changes_under_its_tag_and_is_scanned():
    image = by_name(lambda: ImageRegistry("images", IMAGES))["images-training"]

    assert image["name"] == "seedbed-test/training"
    assert image["imageTagMutability"] == "IMMUTABLE"
    assert image["imageScanningConfiguration"] == {"scanOnPush": True}
    assert image["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]


def test_a_mirror_is_opened_after_the_template_that_makes_its_repositories_safe():
    rule = next(r for r in deploy(lambda: ImageRegistry("images", IMAGES)) if r.name == "images-quay")

    assert any(urn.endswith("::images-quay-template") for urn in rule.depends_on)


def test_a_mirror_is_called_by_the_host_of_its_region():
    urls = []
    deploy(lambda: urls.append(ImageRegistry("images", replace(IMAGES, region="eusc-de-east-1")).mirror_urls))
    assert urls == [{"quay": "000000000000.dkr.ecr.eusc-de-east-1.amazonaws.eu/seedbed-test/quay"}]


def test_names_follow_the_partition_of_the_region():
    assert bucket_arn("cn-north-1", "b") == "arn:aws-cn:s3:::b"
    assert arn("kms", "eusc-de-east-1", "1", "key/x") == "arn:aws-eusc:kms:eusc-de-east-1:1:key/x"
    assert arn("kms", "us-gov-west-1", "1", "key/x") == "arn:aws-us-gov:kms:us-gov-west-1:1:key/x"
