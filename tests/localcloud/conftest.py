"""One account for all tests of extensions; each test brings its own names."""

from functools import cache
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localcloud import Running, temporary
from tests.localcloud import running_clusters

REGION = "eu-central-1"


def connect(running: Running, service: str, region: str = REGION, key: str = "local", **options: Any) -> Any:
    """A boto3 client of a running account that tries once."""
    make: Any = boto3.client
    return make(
        service,
        region_name=region,
        endpoint_url=options.pop("endpoint_url", running.endpoint),
        aws_access_key_id=key,
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, **options),
    )


@pytest.fixture(scope="session")
def account():
    with temporary() as running:
        yield running


@pytest.fixture(scope="session")
def aws(account):
    return cache(lambda service, region=REGION: connect(account, service, region))


_numbers = count()


@pytest.fixture
def name():
    return f"thing-{next(_numbers)}"


@pytest.fixture
def bucket(aws, name):
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@pytest.fixture(scope="session")
def live():
    """An account whose clusters run."""
    with temporary(programs=running_clusters.programs(), instances=running_clusters.INSTANCES) as running:
        yield running


@pytest.fixture(scope="session")
def live_aws(live):
    return cache(lambda service, region=REGION: connect(live, service, region))


@pytest.fixture(scope="session")
def shop(live_aws):
    """What EKS says of a cluster that runs, for all tests that bring their own names."""
    return running_clusters.make_cluster(live_aws, "shop")


@pytest.fixture(scope="session")
def root(shop):
    """A Kubernetes client of the account's root user."""
    return running_clusters.as_root(shop)
