"""Endpoints of SageMaker."""

from __future__ import annotations  # a service in an annotation would be loaded at import

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from components.served_model import ServedModel, ServedModelArgs, versioned
from components.served_model_access import log_group

VARIANT = "main"
"""The one production variant of an endpoint."""

NO_MODEL = "no model yet: nothing is made until an image and an artifact are named"
SERVING = "serving"

BAKING_SECONDS = 300
"""How long the alarms are watched before the old fleet goes, 0 to 3600 (API reference, TrafficRoutingConfig)."""


@dataclass(frozen=True, kw_only=True)
class SageMakerEndpointArgs:
    endpoint_name: str
    """Name of the endpoint, known before it is made; at most 63 characters."""

    repository: str | None
    """Repository of the serving image in the account's registry; None while there is no model."""

    image_digest: str | None
    """`sha256:` and 64 hexadecimal digits; None while there is no model."""

    artifact_bucket: str
    """Bucket of the model, by name."""

    artifact: str | None
    """Key of the model, a .tar.gz; None while there is no model."""

    instance_type: str
    """For example ml.m7i.large; types of the families ml.t2 do not scale."""

    min_instances: int
    """Instances at first and at least, 1 or more."""

    max_instances: int
    """Instances at most."""

    invocations_per_instance: int = 600
    """Invocations a minute for an instance; above it instances are added, below it they go."""

    latency_limit_ms: int = 1000
    """Milliseconds of the slowest hundredth of the answers from which it is an alarm."""

    vpc_id: pulumi.Input[str]

    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets with a way to S3, in two zones at least."""

    capture_percent: int | None
    """Percent of the requests that are kept, 1 to 100; None keeps nothing."""

    capture_bucket_name: str | None
    """Bucket for kept requests, by name; needed with `capture_percent`."""

    capture_bucket: pulumi.Input[str] | None
    """The same bucket, known once it is there."""

    capture_kms_key_arn: pulumi.Input[str] | None
    """Key of that bucket."""

    capture_kms_alias: str | None
    """Alias of that key."""

    kms_key_arn: pulumi.Input[str]
    """Key of the artifacts; it encrypts volumes and log too."""

    kms_alias: str
    """Alias of that key, by which the role's policy names it."""

    data_class: Literal["internal", "confidential"]
    """How sensitive model and log are."""

    log_retention_days: int
    """Days that the log is kept; one of the values that CloudWatch Logs allows (PutRetentionPolicy)."""

    alarm_topic_arn: pulumi.Input[str]
    """Topic that is told of every alarm."""

    account: str
    """Account of the endpoint, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class SageMakerEndpoint(pulumi.ComponentResource):
    """A model behind an endpoint that scales, without any network of its own; a bad version takes itself back."""

    status: str
    """Whether there is something to serve, and else what is missing."""

    endpoint_name: str | None
    """None while there is no model."""

    alarm_names: list[pulumi.Output[str]]
    """Each known once the alarm is there."""

    def __init__(self, name: str, args: SageMakerEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:sagemaker:SageMakerEndpoint", name, vars(args), opts)

        self.status, self.endpoint_name, self.alarm_names = NO_MODEL, None, []
        if args.repository is not None and args.image_digest is not None and args.artifact is not None:
            self.status, self.endpoint_name = SERVING, args.endpoint_name
            model = ServedModel(
                f"{name}-model",
                ServedModelArgs(
                    endpoint_name=args.endpoint_name,
                    repository=args.repository,
                    image_digest=args.image_digest,
                    artifact_bucket=args.artifact_bucket,
                    artifact=args.artifact,
                    capture_bucket_name=args.capture_bucket_name,
                    kms_aliases=[alias for alias in (args.kms_alias, args.capture_kms_alias) if alias],
                    vpc_id=args.vpc_id,
                    subnet_ids=args.subnet_ids,
                    account=args.account,
                    region=args.region,
                    permissions_boundary=args.permissions_boundary,
                    tags=args.tags,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            self._endpoint(name, args, self._configuration(name, args, model))

        self.register_outputs(
            {"status": self.status, "endpoint_name": self.endpoint_name, "alarm_names": self.alarm_names}
        )

    def _configuration(
        self, name: str, args: SageMakerEndpointArgs, model: ServedModel
    ) -> aws.sagemaker.EndpointConfiguration:
        key = None if local_storage(args.instance_type) else args.kms_key_arn
        inside = pulumi.Output.all(model.name, key, args.capture_bucket, args.capture_kms_key_arn).apply(
            lambda known: [*known, args.instance_type, args.min_instances, args.capture_percent]
        )
        capture: Any = None
        if args.capture_percent is not None and args.capture_bucket is not None:
            capture = {
                "enable_capture": True,
                "initial_sampling_percentage": args.capture_percent,
                "destination_s3_uri": pulumi.Output.concat("s3://", args.capture_bucket),
                "kms_key_id": args.capture_kms_key_arn,
                "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
                "capture_content_type_header": {
                    "csv_content_types": ["text/csv"],
                    "json_content_types": ["application/json"],
                },
            }
        return aws.sagemaker.EndpointConfiguration(
            f"{name}-configuration",
            name=inside.apply(lambda known: versioned(args.endpoint_name, known)),
            kms_key_arn=key,
            production_variants=[
                {
                    "variant_name": VARIANT,
                    "model_name": model.name,
                    "instance_type": args.instance_type,
                    "initial_instance_count": args.min_instances,
                    "initial_variant_weight": 1,
                }
            ],
            data_capture_config=capture,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _endpoint(
        self, name: str, args: SageMakerEndpointArgs, configuration: aws.sagemaker.EndpointConfiguration
    ) -> None:
        child = pulumi.ResourceOptions(parent=self)
        log = aws.cloudwatch.LogGroup(
            f"{name}-log",
            name=log_group(args.endpoint_name),
            kms_key_id=args.kms_key_arn,
            retention_in_days=args.log_retention_days,
            tags={**args.tags, "data-class": args.data_class, "data-stage": "log"},
            opts=child,
        )
        self._alarms(name, args)
        rollout: Any = {
            "auto_rollback_configuration": {"alarms": [{"alarm_name": alarm} for alarm in self.alarm_names]},
            "blue_green_update_policy": {
                "traffic_routing_configuration": traffic(args.min_instances),
                "termination_wait_in_seconds": BAKING_SECONDS,
                "maximum_execution_timeout_in_seconds": 3600,
            },
        }
        endpoint = aws.sagemaker.Endpoint(
            f"{name}-endpoint",
            name=args.endpoint_name,
            endpoint_config_name=configuration.name,
            deployment_config=rollout,
            tags=args.tags,
            # SageMaker would make a group of its own, which keeps everything for ever.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[log]),
        )
        scaled = {
            "service_namespace": "sagemaker",
            "scalable_dimension": "sagemaker:variant:DesiredInstanceCount",
        }
        target = aws.appautoscaling.Target(
            f"{name}-instances",
            resource_id=pulumi.Output.format("endpoint/{0}/variant/{1}", endpoint.name, VARIANT),
            min_capacity=args.min_instances,
            max_capacity=args.max_instances,
            tags=args.tags,
            opts=child,
            **scaled,
        )
        aws.appautoscaling.Policy(
            f"{name}-scaling",
            name=args.endpoint_name,
            resource_id=target.resource_id,
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration={
                "predefined_metric_specification": {
                    "predefined_metric_type": "SageMakerVariantInvocationsPerInstance",
                },
                "target_value": args.invocations_per_instance,
                # An instance takes minutes to come; one that is not needed costs little for as long.
                "scale_out_cooldown": 60,
                "scale_in_cooldown": 600,
            },
            opts=child,
            **scaled,
        )

    def _alarms(self, name: str, args: SageMakerEndpointArgs) -> None:
        # The metric of the latency counts microseconds.
        slow = args.latency_limit_ms * 1000
        for role, metric, statistic, threshold, meaning in (
            ("5xx", "Invocation5XXErrors", "Average", 0.01, "fails more than one call in a hundred"),
            ("model-errors", "InvocationModelErrors", "Average", 0.05, "has a model that fails one call in twenty"),
            ("latency", "ModelLatency", "p99", slow, f"is slower than {args.latency_limit_ms} ms once in a hundred"),
        ):
            percentile = statistic.startswith("p")
            alarm = aws.cloudwatch.MetricAlarm(
                f"{name}-{role}-alarm",
                name=f"{args.endpoint_name}-{role}",
                alarm_description=f"The endpoint {args.endpoint_name} {meaning}",
                namespace="AWS/SageMaker",
                metric_name=metric,
                dimensions={"EndpointName": args.endpoint_name, "VariantName": VARIANT},
                statistic=None if percentile else statistic,
                extended_statistic=statistic if percentile else None,
                period=60,
                evaluation_periods=3,
                comparison_operator="GreaterThanThreshold",
                threshold=threshold,
                # Nobody asks: nothing is wrong.
                treat_missing_data="notBreaching",
                alarm_actions=[args.alarm_topic_arn],
                ok_actions=[args.alarm_topic_arn],
                tags=args.tags,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.alarm_names.append(alarm.name)


def traffic(instances: int) -> dict[str, Any]:
    """How callers move to a new fleet of `instances`: one instance first, where that is half of it or less.

    A canary is at most half of the fleet (SageMaker developer guide, "canary traffic shifting").
    """
    routing: dict[str, Any] = {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": BAKING_SECONDS}
    if instances > 1:
        routing |= {"type": "CANARY", "canary_size": {"type": "INSTANCE_COUNT", "value": 1}}
    return routing


_LOCAL = re.compile(r"ml\.([a-z]+\d+[a-z]*d[a-z]*|g5|g6|g6e|gr6|i\d\w*|p5\w*|trn[12]n?)\.")


def local_storage(instance_type: str) -> bool:
    """Whether an instance type has disks of its own, which its hardware encrypts: CreateEndpointConfig refuses a key
    for those (SageMaker API reference; EC2 instance types guide, "instance store volumes").
    """
    return bool(_LOCAL.match(instance_type))
