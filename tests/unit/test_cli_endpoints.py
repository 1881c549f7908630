"""An account elsewhere is reached where the environment's file says, as the provider reaches it."""

from typing import Any

import boto3
import pytest

from seedbed.account import Account
from stacks.settings import Settings, read
from tests.unit.clone import shipped

OWN = {"s3": "https://s3.example.com", "cloudwatchlogs": "https://logs.example.com", "sts": "https://sts.example.com"}


def settings(**more: Any) -> Settings:
    return read("dev", {**shipped("dev"), **more})


@pytest.fixture
def unproved(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Account, "_prove", lambda _: None)


def test_a_service_with_an_address_of_its_own_is_asked_there_and_the_others_at_aws(unproved):
    account = Account(settings(**{"aws:endpoints": OWN}))
    found = {service: account.client(service).meta.endpoint_url for service in ("s3", "logs", "sts", "kms")}
    assert found == {
        "s3": "https://s3.example.com",
        "logs": "https://logs.example.com",
        "sts": "https://sts.example.com",
        "kms": "https://kms.eu-central-1.amazonaws.com",
    }


@pytest.mark.parametrize(("given", "style"), [({"aws:s3UsePathStyle": True}, "path"), ({}, None)])
def test_buckets_stand_in_the_path_where_the_file_says_so(unproved, given, style):
    config = Account(settings(**given)).client("s3").meta.config
    assert (config.s3 or {}).get("addressing_style") == style


def test_the_role_is_taken_on_at_the_address_that_the_file_gives(unproved, monkeypatch):
    asked = []

    class Sts:
        def assume_role(self, **given):
            asked.append(given["RoleArn"])
            return {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}}

    class Session:
        def __init__(self, **_given):
            pass

        def client(self, service, **how):
            asked.append((service, how["endpoint_url"]))
            return Sts()

    monkeypatch.setattr(boto3, "Session", Session)
    role = "arn:aws:iam::111111111111:role/deployer"
    Account(settings(**{"aws:endpoints": OWN, "aws:assumeRole": {"roleArn": role}}))
    assert asked == [("sts", "https://sts.example.com"), role]
