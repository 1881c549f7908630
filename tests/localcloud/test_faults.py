import json
import urllib.error
import urllib.request

import pytest

from tests.localcloud.conftest import REGION
from tests.localcloud.refusals import refused


@pytest.fixture
def faults(account):
    def order(**wanted):
        return _ask(account, "POST", wanted)

    yield order
    _ask(account, "DELETE")


def _ask(account, method, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{account.endpoint}/_localcloud/faults", data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_an_ordered_fault_strikes_as_often_as_ordered(aws, account, faults, name):
    faults(service="s3", operation="CreateBucket", count=2, status=403, code="AccessDenied", message="by order")
    for _ in range(2):
        with refused("AccessDenied", "by order"):
            aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert _ask(account, "GET") == []
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def test_a_fault_after_the_deed_loses_only_the_answer(aws, faults, name):
    faults(service="logs", operation="CreateLogGroup", when="after")
    with refused("InjectedFault"):
        aws("logs").create_log_group(logGroupName=name)
    assert aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["logGroupName"] == name


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"service": "s3"}, "operation: missing"),
        ({"service": "s3", "operation": "*", "counts": 1}, "counts: no field"),
        ({"service": "s3", "operation": "*", "count": "1"}, "count: found '1'"),
        ({"service": "s3", "operation": "*", "when": "later"}, "allowed are before, after"),
        ({"service": "s3", "operation": "*", "status": 200}, "status 400 to 599"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(faults, wanted, said):
    with pytest.raises(urllib.error.HTTPError) as caught:
        faults(**wanted)
    assert caught.value.code == 400
    assert said in json.load(caught.value)["error"]
