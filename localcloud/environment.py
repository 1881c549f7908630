"""The variables that point a program at a running account."""

from localcloud.running import Running


def environment(running: Running, region: str) -> dict[str, str]:
    """For AWS clients (boto3, the AWS command line, DVC, MLflow): address, region and keys that mean nothing."""
    return {
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def provider_environment(running: Running, region: str) -> dict[str, str]:
    """The same for the AWS provider, with a way to S3 Control, which it asks under a name that begins with the account.

    That one name is reached through the account as a proxy. No port enters the provider's arguments, and so the state.
    """
    return {
        **environment(running, region),
        "AWS_ENDPOINT_URL_S3_CONTROL": f"http://s3-control.{region}.amazonaws.com",
        "HTTP_PROXY": running.endpoint,
        "http_proxy": running.endpoint,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
