"""moto's SageMaker forgets network isolation, capture and deployment settings, and cannot change an endpoint."""

from typing import Any

from moto.core.utils import get_service_model, utcnow
from moto.sagemaker.models import FakeEndpointConfig

from localcloud import overlay
from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.extensions.key_users import find
from localcloud.extensions.service_trust import lets_in
from localcloud.refusal import Answer, Refusal

MODEL = (
    "ModelName", "PrimaryContainer", "Containers", "InferenceExecutionConfig", "ExecutionRoleArn", "VpcConfig",
    "EnableNetworkIsolation",
)  # fmt: skip
CONFIG = (
    "EndpointConfigName", "ProductionVariants", "DataCaptureConfig", "KmsKeyId", "AsyncInferenceConfig",
    "ExplainerConfig", "ShadowProductionVariants", "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation",
)  # fmt: skip
"""What a model and an endpoint configuration say of themselves; SageMaker API Reference."""


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


def _arn(call: Call, kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{call.region}:{call.account}:{kind}/{name}"


def _require_new(call: Call, kind: str, name: str, known: Any) -> None:
    if name in known:
        raise _invalid(f'Cannot create already existing {kind.replace("-", " ")} "{_arn(call, kind, name)}".')


@overlay.replaces(FakeEndpointConfig, "validate_instance_type")
def the_type_is_one_of_today(_: FakeEndpointConfig, instance_type: str) -> None:
    """API Reference, ProductionVariant: moto's list ends in 2021."""
    model: Any = get_service_model("sagemaker")
    known = model.shape_for("ProductionVariantInstanceType").enum
    if instance_type not in known:
        raise _invalid(f"InstanceType: found {instance_type}, which SageMaker does not offer for endpoints")


@overlay.checks("sagemaker", "CreateModel")
def a_model_is_new_and_its_surroundings_are_there(call: Call) -> None:
    """API Reference, CreateModel: a name once, a role that SageMaker may take on, subnets and groups that exist."""
    given = call.input
    _require_new(call, "model", given["ModelName"], call.backend._models)
    if bool(given.get("PrimaryContainer")) == bool(given.get("Containers")):
        raise _invalid("Exactly one of PrimaryContainer and Containers is needed")
    role = given.get("ExecutionRoleArn", "")
    if not lets_in(call, role, "sagemaker.amazonaws.com"):
        raise _invalid(
            f"Could not assume role {role}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        )
    network = given.get("VpcConfig", {})
    ec2 = backend_of("ec2", call.account, call.region)
    subnets = {name for zone in ec2.subnets.values() for name in zone}
    groups = {name for vpc in ec2.groups.values() for name in vpc}
    missing = (set(network.get("Subnets", [])) - subnets) | (set(network.get("SecurityGroupIds", [])) - groups)
    if missing:
        raise _invalid(f"VpcConfig: {', '.join(sorted(missing))} does not exist")


@overlay.follows("sagemaker", "CreateModel")
def keep_model(call: Call, _: Answer) -> None:
    """All that the request said."""
    kept = {name: call.input[name] for name in MODEL if name in call.input}
    for container in (kept.get("PrimaryContainer"), *kept.get("Containers", [])):
        if container is not None:
            container.setdefault("Mode", "SingleModel")
    call.backend._models[call.input["ModelName"]].said = {"EnableNetworkIsolation": False, **kept}


@overlay.follows("sagemaker", "DescribeModel")
def tell_model(call: Call, _: Answer) -> dict[str, Any] | None:
    """As it was kept."""
    model = call.backend._models[call.input["ModelName"]]
    said = vars(model).get("said")
    return None if said is None else {**said, "ModelArn": model.arn, "CreationTime": model.creation_time}


@overlay.checks("sagemaker", "DeleteModel")
def a_model_is_there(call: Call) -> None:
    """API Reference, DeleteModel; the same words as in DescribeModel, by which the provider knows."""
    name = call.input["ModelName"]
    if name not in call.backend._models:
        raise _invalid(f'Could not find model "{_arn(call, "model", name)}".')


@overlay.checks("sagemaker", "CreateEndpointConfig")
def a_configuration_is_new_and_whole(call: Call) -> None:
    """API Reference, CreateEndpointConfig and DataCaptureConfig."""
    given = call.input
    _require_new(call, "endpoint-config", given["EndpointConfigName"], call.backend.endpoint_configs)
    for key in (given.get("KmsKeyId"), given.get("DataCaptureConfig", {}).get("KmsKeyId")):
        if key and (find(call, key) is None or find(call, key).key_state != "Enabled"):
            raise _invalid(f"KmsKeyId: {key} does not exist or is not enabled")
    capture = given.get("DataCaptureConfig")
    if capture and not 0 <= capture["InitialSamplingPercentage"] <= 100:
        raise _invalid("DataCaptureConfig.InitialSamplingPercentage: allowed are 0 to 100")
    names = [variant["VariantName"] for variant in given["ProductionVariants"]]
    if len(set(names)) < len(names):
        raise _invalid("ProductionVariants: each VariantName may be there once")


@overlay.follows("sagemaker", "CreateEndpointConfig")
def keep_configuration(call: Call, _: Answer) -> None:
    """All that the request said; moto's own ARN of it is no text."""
    kept = {name: call.input[name] for name in CONFIG if name in call.input}
    for variant in kept["ProductionVariants"]:
        variant.setdefault("InitialVariantWeight", 1.0)
    config = call.backend.endpoint_configs[call.input["EndpointConfigName"]]
    config.said, config.arn = kept, config.endpoint_config_arn


@overlay.follows("sagemaker", "DescribeEndpointConfig")
def tell_configuration(call: Call, _: Answer) -> dict[str, Any] | None:
    """As it was kept."""
    config = call.backend.endpoint_configs[call.input["EndpointConfigName"]]
    said = vars(config).get("said")
    more = {"EndpointConfigArn": config.endpoint_config_arn, "CreationTime": config.creation_time}
    return None if said is None else {**said, **more}


def _config(call: Call) -> Any:
    name = call.input["EndpointConfigName"]
    found = call.backend.endpoint_configs.get(name)
    if found is None:
        raise _invalid(f'Could not find endpoint configuration "{_arn(call, "endpoint-config", name)}".')
    return found


@overlay.checks("sagemaker", "CreateEndpoint")
def an_endpoint_is_new(call: Call) -> None:
    """API Reference, CreateEndpoint: a name once, a configuration that exists."""
    _require_new(call, "endpoint", call.input["EndpointName"], call.backend.endpoints)
    _config(call)


@overlay.follows("sagemaker", "CreateEndpoint")
def keep_deployment(call: Call, _: Answer) -> None:
    """How it was rolled out."""
    call.backend.endpoints[call.input["EndpointName"]].last_deployment = call.input.get("DeploymentConfig")


@overlay.answers("sagemaker", "UpdateEndpoint")
def update(call: Call) -> dict[str, Any]:
    """API Reference, UpdateEndpoint: at once on the new configuration; the counts stay where that is asked for."""
    name, config = call.input["EndpointName"], _config(call)
    endpoint = call.backend.endpoints.get(name)
    if endpoint is None:
        raise _invalid(f'Could not find endpoint "{_arn(call, "endpoint", name)}".')
    old = {variant["VariantName"]: variant for variant in endpoint.production_variants}
    endpoint.production_variants = endpoint._process_production_variants(config.production_variants)
    excluded = {one["VariantPropertyType"] for one in call.input.get("ExcludeRetainedVariantProperties", [])}
    if call.input.get("RetainAllVariantProperties"):
        for variant in endpoint.production_variants:
            before = old.get(variant["VariantName"], {})
            kept = {"DesiredInstanceCount", "DesiredWeight"} - excluded
            names = kept | {name.replace("Desired", "Current") for name in kept}
            variant |= {name: before[name] for name in names if name in before}
    endpoint.endpoint_config_name = config.endpoint_config_name
    endpoint.data_capture_config = config.data_capture_config
    endpoint.last_modified_time = utcnow()
    if not call.input.get("RetainDeploymentConfig"):
        endpoint.last_deployment = call.input.get("DeploymentConfig")
    return {"EndpointArn": endpoint.arn}


@overlay.follows("sagemaker", "DescribeEndpoint")
def tell_endpoint(call: Call, answer: Answer) -> dict[str, Any]:
    """API Reference, DescribeEndpoint: with the last deployment, and what is captured now."""
    endpoint = call.backend.endpoints[call.input["EndpointName"]]
    output = call.read(answer)
    output.pop("ResponseMetadata", None)
    output.pop("DataCaptureConfig", None)
    capture = endpoint.data_capture_config
    if capture:
        output["DataCaptureConfig"] = {
            "EnableCapture": capture.get("EnableCapture", False),
            "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
    if vars(endpoint).get("last_deployment"):
        output["LastDeploymentConfig"] = endpoint.last_deployment
    return output


@overlay.follows("sagemaker", "AddTags")
def a_tag_has_one_value(call: Call, _: Answer) -> dict[str, Any]:
    """API Reference, AddTags: "If you add a tag with a key that already exists, the new value overwrites"."""
    resource = call.backend._get_resource_from_arn(call.input["ResourceArn"])
    resource.tags = list({tag["Key"]: tag for tag in resource.tags}.values())
    return {"Tags": resource.tags}
