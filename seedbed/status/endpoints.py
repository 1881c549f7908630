"""Which models an environment serves."""

from collections.abc import Iterator

from seedbed.account import Account
from seedbed.status.section import Line

BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
"""States of SageMaker in which an endpoint is on its way to another one (DescribeEndpoint, EndpointStatus)."""


def endpoints(account: Account) -> Iterator[Line]:
    """Each endpoint of the file: what it does, or what it waits for."""
    sagemaker = account.client("sagemaker")
    for wanted in account.settings.environment.sagemaker_endpoints:
        if wanted.model is None:
            yield Line(wanted.name, "no model yet, so nothing is created: set its model in the file")
            continue
        name = f"{account.prefix}-{wanted.name}"
        try:
            about = sagemaker.describe_endpoint(EndpointName=name)
        except sagemaker.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
                raise
            yield Line(wanted.name, f"{name} is not there: `seedbed up {account.settings.name}` makes it", False)
            continue
        state = about["EndpointStatus"]
        instances = sum(variant.get("CurrentInstanceCount") or 0 for variant in about.get("ProductionVariants") or [])
        said = f"{name}: {state}" + (f", {instances} instances" if instances else "")
        if reason := about.get("FailureReason"):
            said += f": {reason}"
        yield Line(wanted.name, said, None if state in BUSY else state == "InService")
