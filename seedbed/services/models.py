"""Served models: SageMaker and its autoscaling."""

from collections.abc import Callable, Iterator
from typing import Any

from seedbed.account import Account
from seedbed.services.kind import Inputs, Kind, Listed, as_mapping, asked, named

NAMESPACE = "sagemaker"
"""Of the services that application auto scaling scales, the one that an environment has."""


def _listing(operation: str, result: str, name: str, arn: str) -> Callable[[Account], Iterator[Listed]]:
    def listed(account: Account) -> Iterator[Listed]:
        for one in account.pages("sagemaker", operation, result):
            if one.get("EndpointStatus") == "Deleting":
                continue
            tags = _tags(account, one[arn])
            yield Listed(one[name], one[name], one[arn], tags)

    return listed


def _tags(account: Account, arn: str) -> Callable[[], Any]:
    return lambda: as_mapping(list(account.pages("sagemaker", "list_tags", "Tags", ResourceArn=arn)))


def _scaled(account: Account) -> Iterator[Listed]:
    service = "application-autoscaling"
    for one in account.pages(service, "describe_scalable_targets", "ScalableTargets", ServiceNamespace=NAMESPACE):
        arn = one.get("ScalableTargetARN", "")
        tags = asked(account, service, "list_tags_for_resource", "ResourceARN", arn, "Tags") if arn else None
        yield Listed(
            f"{NAMESPACE}/{one['ResourceId']}/{one['ScalableDimension']}",
            f"{one['ResourceId']}/{one['ScalableDimension']}",
            arn,
            tags,
        )


def _scalable(inputs: Inputs) -> str:
    return f"{inputs['resourceId']}/{inputs['scalableDimension']}"


KINDS = {
    "aws:sagemaker/model:Model": Kind(
        "SageMaker model", _listing("list_models", "Models", "ModelName", "ModelArn"), named("name"), "sagemaker:model/"
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": Kind(
        "SageMaker endpoint configuration",
        _listing("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", "EndpointConfigArn"),
        named("name"),
        "sagemaker:endpoint-config/",
    ),
    "aws:sagemaker/endpoint:Endpoint": Kind(
        "SageMaker endpoint",
        _listing("list_endpoints", "Endpoints", "EndpointName", "EndpointArn"),
        named("name"),
        "sagemaker:endpoint/",
    ),
    "aws:appautoscaling/target:Target": Kind(
        "scalable target", _scaled, _scalable, "application-autoscaling:scalable-target/"
    ),
}
