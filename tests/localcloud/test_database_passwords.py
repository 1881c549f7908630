"""Passwords that RDS manages, as the Amazon RDS User Guide tells of them."""

import json

import pytest

from tests.localcloud.refusals import refused


@pytest.fixture(scope="module")
def key(aws):
    return aws("kms").create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def rds(aws):
    return aws("rds")


@pytest.fixture
def wish(name):
    return {
        "DBInstanceIdentifier": name,
        "DBInstanceClass": "db.t4g.medium",
        "Engine": "postgres",
        "EngineVersion": "16",
        "AllocatedStorage": 20,
        "MasterUsername": "tracking",
        "ManageMasterUserPassword": True,
    }


@pytest.fixture
def look(rds, name):
    return lambda: rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def test_nobody_but_the_secret_knows_the_password(rds, aws, wish, look, key, name):
    """User Guide, "Password management with Amazon RDS and AWS Secrets Manager"."""
    rds.create_db_instance(**wish, MasterUserSecretKmsKeyId=key)
    said, secrets = look()["MasterUserSecret"], aws("secretsmanager")
    assert (said["KmsKeyId"], said["SecretStatus"]) == (key, "active")
    secret = json.loads(secrets.get_secret_value(SecretId=said["SecretArn"])["SecretString"])
    assert (secret["username"], len(secret["password"])) == ("tracking", 28)
    told = secrets.describe_secret(SecretId=said["SecretArn"])
    assert (told["OwningService"], told["RotationEnabled"]) == ("rds", True)
    assert told["RotationRules"]["AutomaticallyAfterDays"] == 7
    with refused("InvalidRequestException", "rds"):
        secrets.delete_secret(SecretId=said["SecretArn"])
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    with refused("ResourceNotFoundException"):
        secrets.get_secret_value(SecretId=said["SecretArn"])


def test_a_password_that_rds_manages_already_keeps_its_secret(rds, aws, wish, look, key, name):
    rds.create_db_instance(**wish, MasterUserSecretKmsKeyId=key)
    made, secrets = look()["MasterUserSecret"], aws("secretsmanager")
    before = secrets.list_secrets()["SecretList"]
    again = {"DBInstanceIdentifier": name, "ManageMasterUserPassword": True}

    rds.modify_db_instance(**again, MasterUserSecretKmsKeyId=key, ApplyImmediately=True)

    assert look()["MasterUserSecret"] == made
    assert secrets.list_secrets()["SecretList"] == before
    other = aws("kms").create_key()["KeyMetadata"]["Arn"]
    with refused("InvalidParameterCombination", "can't be changed"):
        rds.modify_db_instance(**again, MasterUserSecretKmsKeyId=other)
