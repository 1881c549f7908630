"""What the account says to requests that it does not know, and to those that are not for it."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from localcloud import wait_until_quiet
from tests.localcloud.conftest import REGION, connect
from tests.localcloud.refusals import refused

UNKNOWN = "NotImplementedByLocalCloud"


def ask(account, method, path, headers=None, body=None):
    host, port = account.endpoint.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("logs", "put_query_definition", {"name": "a", "queryString": "b"}),
        ("iam", "get_context_keys_for_custom_policy", {"PolicyInputList": ["{}"]}),
        ("ec2", "create_placement_group", {"GroupName": "a"}),
        ("eks", "list_insights", {"clusterName": "a"}),
        ("s3", "get_bucket_metadata_configuration", {"Bucket": "some-bucket"}),
        ("grafana", "list_workspaces", {}),
    ],
)
def test_an_unknown_request_names_service_and_operation(aws, account, service, operation, arguments):
    with refused(UNKNOWN, "the local cloud does not know", service):
        getattr(aws(service), operation)(**arguments)
    last = account.log.read_text().splitlines()[-1]
    assert f"{UNKNOWN}: the local cloud does not know" in last
    assert service in last


def test_a_client_asks_once_for_what_the_account_does_not_know(account):
    before = json.loads(ask(account, "GET", "/_localcloud/requests")[1]).get("ec2:CreateCapacityReservation", 0)
    client = connect(account, "ec2")
    client.meta.config.retries = {"total_max_attempts": 5, "mode": "standard"}
    with refused(UNKNOWN):
        client.create_capacity_reservation(InstanceType="t3.micro", InstancePlatform="Linux/UNIX", InstanceCount=1)
    after = json.loads(ask(account, "GET", "/_localcloud/requests")[1])["ec2:CreateCapacityReservation"]
    assert after == before + 1


def test_an_error_of_the_accounts_own_code_is_told_and_not_worth_a_retry(aws, account):
    with refused("LocalCloudFailure", "the local cloud broke on inspector2 Enable", "Error"):
        aws("inspector2").enable(resourceTypes=["ECR"])
    assert "Traceback (most recent call last)" in account.log.read_text()


def test_it_is_no_proxy_to_elsewhere(account):
    assert ask(account, "GET", "http://example.com/", {"Host": "example.com"})[0] == 403
    assert ask(account, "CONNECT", "example.com:443", {"Host": "example.com:443"})[0] == 403


def test_a_web_page_cannot_order_faults_or_reset_the_account(account):
    assert ask(account, "POST", "/_localcloud/faults", {"Origin": "http://example.com"}, "{}")[0] == 403
    assert ask(account, "POST", "/moto-api/reset")[0] == 403


def test_health_tells_who_answers(account):
    status, body = ask(account, "GET", "/_localcloud/health")
    assert status == 200
    assert json.loads(body)["pid"] == account.pid
    assert json.loads(body)["account"] == account.account


def test_a_presigned_address_works_without_keys(aws, account, bucket):
    aws("s3").put_object(Bucket=bucket, Key="a/b", Body=b"bytes")
    address = aws("s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a/b"})
    assert ask(account, "GET", address.removeprefix(account.endpoint)) == (200, "bytes")


def test_regions_are_apart(aws):
    vpc = aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    elsewhere = aws("ec2", "eu-west-1").describe_vpcs()["Vpcs"]
    assert REGION != "eu-west-1"
    assert vpc not in [found["VpcId"] for found in elsewhere]


def test_what_a_client_asks_again_because_the_answer_was_lost_happens_once(account):
    kms = connect(account, "kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]

    def mark(request, **_):
        request.headers["amz-sdk-invocation-id"] = "one-call"

    kms.meta.events.register("before-send.kms.CreateAlias", mark)
    for _ in range(2):
        kms.create_alias(AliasName="alias/asked-again", TargetKeyId=key)
    with refused("AlreadyExistsException", "alias/asked-again"):
        connect(account, "kms").create_alias(AliasName="alias/asked-again", TargetKeyId=key)


def test_quiet_comes_when_all_that_was_asked_is_done(aws, account):
    kms = aws("kms")

    def made():
        return {key["KeyId"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]}

    before = made()
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(kms.create_key, KeySpec="RSA_4096", KeyUsage="SIGN_VERIFY") for _ in range(12)]
        wait_until_quiet(account)
        seen = made() - before
        assert seen == {one.result()["KeyMetadata"]["KeyId"] for one in asked}
