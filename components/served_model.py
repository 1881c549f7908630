"""Models that SageMaker runs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.account import dns_suffix, service_trust
from components.served_model_access import log_group, serving_policy

LONGEST_NAME = 63
"""Of a model and of an endpoint's configuration (SageMaker API reference, CreateModel, CreateEndpointConfig)."""


@dataclass(frozen=True, kw_only=True)
class ServedModelArgs:
    endpoint_name: str
    """Name of the endpoint that serves the model; role and security group bear it too."""

    repository: str
    """Repository of the serving image in the account's registry."""

    image_digest: str
    """`sha256:` and 64 hexadecimal digits."""

    artifact_bucket: str
    """Bucket of the model, by name."""

    artifact: str
    """Key of the model, a .tar.gz."""

    capture_bucket_name: str | None
    """Bucket that requests are kept in, by name; None where none are."""

    kms_aliases: Sequence[str]
    """Aliases of the keys of artifacts, volumes and kept requests, by which the role's policy names them."""

    vpc_id: pulumi.Input[str]

    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets with a way to S3, in two zones at least."""

    account: str
    """Account of the model, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class ServedModel(pulumi.ComponentResource):
    """An image and an artifact that run together, without any network of their own, under a role for this alone."""

    name: pulumi.Output[str]
    """Says what is inside: another image, artifact or network is another model beside this one."""

    def __init__(self, name: str, args: ServedModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:served_model:ServedModel", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        role = aws.iam.Role(
            f"{name}-role",
            name=args.endpoint_name,
            description=f"Runs the model of the endpoint {args.endpoint_name}",
            assume_role_policy=json.dumps(service_trust("sagemaker.amazonaws.com", args.account)),
            permissions_boundary=args.permissions_boundary,
            tags=args.tags,
            opts=child,
        )
        policy = serving_policy(
            account=args.account,
            region=args.region,
            repository=args.repository,
            artifact=f"{args.artifact_bucket}/{args.artifact}",
            capture_bucket=args.capture_bucket_name,
            log_group=log_group(args.endpoint_name),
            kms_aliases=args.kms_aliases,
        )
        access = aws.iam.RolePolicy(
            f"{name}-access", name="serve", role=role.name, policy=json.dumps(policy), opts=child
        )
        group = aws.ec2.SecurityGroup(
            f"{name}-network",
            name=args.endpoint_name,
            description="A served model: nobody comes in, SageMaker fetches the model over HTTPS",
            vpc_id=args.vpc_id,
            tags={**args.tags, "Name": args.endpoint_name},
            opts=child,
        )
        way_out = aws.vpc.SecurityGroupEgressRule(
            f"{name}-https-out",
            security_group_id=group.id,
            description="HTTPS to S3, whose addresses are many; the container has no network",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            tags=args.tags,
            opts=child,
        )
        registry = f"{args.account}.dkr.ecr.{args.region}.{dns_suffix(args.region)}"
        container: Any = {
            "image": f"{registry}/{args.repository}@{args.image_digest}",
            "model_data_url": f"s3://{args.artifact_bucket}/{args.artifact}",
        }
        inside = pulumi.Output.all(group.id, *args.subnet_ids).apply(lambda ids: [container, ids])
        model = aws.sagemaker.Model(
            f"{name}-model",
            name=inside.apply(lambda contents: versioned(args.endpoint_name, contents)),
            execution_role_arn=role.arn,
            primary_container=container,
            enable_network_isolation=True,
            vpc_config={"security_group_ids": [group.id], "subnets": args.subnet_ids},
            tags=args.tags,
            # SageMaker tries role and network when the model is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access, way_out]),
        )

        self.name = model.name
        self.register_outputs({"name": self.name})


def versioned(start: str, contents: Any) -> str:
    """A name of at most 63 characters that other contents change, so that old and new exist side by side.

    `contents` is what JSON can hold.
    """
    digest = hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:8]
    return f"{start[: LONGEST_NAME - len(digest) - 1].rstrip('-')}-{digest}"
