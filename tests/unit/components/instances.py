"""One smallest good instance of each component, and another good value for each of its settings."""

from dataclasses import MISSING, fields, replace
from typing import Any, NamedTuple

import pulumi

from components.access_log import LogStore, LogStoreArgs
from components.bucket import PrivateBucket, PrivateBucketArgs
from components.endpoints import ServiceEndpoints, ServiceEndpointsArgs
from components.existing_network import ExistingNetwork, ExistingNetworkArgs
from components.flow_log import FlowLog, FlowLogArgs
from components.images import ImageRegistry, ImageRegistryArgs
from components.keys import KeyRing, KeyRingArgs
from components.network import Network, NetworkArgs
from components.storage import ArtifactStore, ArtifactStoreArgs, DatasetStore, DatasetStoreArgs

KEY = "arn:aws:kms:eu-central-1:000000000000:key/one"
OTHER_KEY = "arn:aws:kms:eu-central-1:000000000000:key/two"
PLACE = {"account": "000000000000", "region": "eu-central-1"}
OTHER_PLACE = {"account": "111111111111", "region": "eu-west-1"}
TAGS = {"owner": "ml@example.com"}


class Instance(NamedTuple):
    component: type[pulumi.ComponentResource]
    args: Any
    changes: dict[str, Any]
    """Another allowed value by field."""


def _instance(component: type, args_class: type, **settings: tuple[Any, Any]) -> Instance:
    both = {
        **{key: (value, OTHER_PLACE[key]) for key, value in PLACE.items()},
        "tags": (TAGS, {"owner": "other@example.com"}),
        "prefix": ("seedbed-test", "seedbed-other"),
        "kms_key_arn": (KEY, OTHER_KEY),
        **settings,
    }
    names = {f.name for f in fields(args_class)}
    used = {key: value for key, value in both.items() if key in names}
    assert set(settings) <= names, f"{args_class.__name__} has no {sorted(set(settings) - names)}"
    without = {f.name for f in fields(args_class) if f.default is MISSING and f.default_factory is MISSING} - set(used)
    assert not without, f"{args_class.__name__}: no value given for {sorted(without)}"
    return Instance(
        component, args_class(**{k: v for k, (v, _) in used.items()}), {k: other for k, (_, other) in used.items()}
    )


INSTANCES = [
    _instance(
        KeyRing,
        KeyRingArgs,
        data_classes=(["internal"], ["internal", "personal"]),
        administrators=([], ["arn:aws:iam::000000000000:role/keys"]),
        rotation_days=(365, 180),
        deletion_window_days=(30, 14),
    ),
    _instance(FlowLog, FlowLogArgs, vpc_id=("vpc-1", "vpc-2"), retention_days=(90, 30)),
    _instance(
        ServiceEndpoints,
        ServiceEndpointsArgs,
        vpc_id=("vpc-1", "vpc-2"),
        cidr=("10.0.0.0/16", "10.1.0.0/16"),
        services=(["sts"], ["sts", "ecr.api"]),
        subnet_ids=(["subnet-1"], ["subnet-1", "subnet-2"]),
        route_table_ids=(["rtb-1"], []),
    ),
    _instance(
        Network,
        NetworkArgs,
        cidr=("10.0.0.0/16", "10.1.0.0/16"),
        zones=(["eu-central-1a", "eu-central-1b"], ["eu-central-1a", "eu-central-1b", "eu-central-1c"]),
        egress=("single-nat", "nat-per-zone"),
        endpoint_services=(["sts"], []),
        flow_log_retention_days=(90, 30),
    ),
    _instance(
        ExistingNetwork,
        ExistingNetworkArgs,
        vpc_id=("vpc-1", "vpc-2"),
        cidr=("10.0.0.0/16", "10.1.0.0/16"),
        subnet_ids=(["subnet-1", "subnet-2"], ["subnet-1", "subnet-3"]),
        endpoint_services=(["sts"], []),
        flow_log_retention_days=(90, 30),
    ),
    _instance(
        PrivateBucket,
        PrivateBucketArgs,
        bucket_name=("seedbed-test", "seedbed-other"),
        region=("eu-central-1", "cn-north-1"),
        log_bucket=("logs", None),
        policy_statements=([], [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]),
        lifecycle_rules=([{"id": "one", "status": "Enabled"}], [{"id": "two", "status": "Enabled"}]),
    ),
    _instance(
        LogStore,
        LogStoreArgs,
        bucket_name=("seedbed-test-logs", "seedbed-other-logs"),
        region=("eu-central-1", "cn-north-1"),
        retention_days=(365, 90),
    ),
    _instance(
        ArtifactStore,
        ArtifactStoreArgs,
        bucket_name=("seedbed-test-artifacts", "seedbed-other-artifacts"),
        region=("eu-central-1", "cn-north-1"),
        log_bucket=("logs", "other-logs"),
        data_class=("internal", "personal"),
        noncurrent_days=(90, 30),
    ),
    _instance(
        DatasetStore,
        DatasetStoreArgs,
        bucket_name=("seedbed-test-data", "seedbed-other-data"),
        kms_alias=("alias/one", "alias/two"),
        log_bucket=("logs", "other-logs"),
        teams=(["scoring"], ["scoring", "fraud"]),
        data_class=("personal", "special"),
        data_origin=("real", "synthetic"),
        purpose=("credit scoring", "fraud detection"),
        legal_basis=("contract", "consent"),
        special_condition=(None, "explicit-consent"),
        controller=(None, "Example Bank"),
        register_id=(None, "PR-7"),
        recipients=([], ["risk-models"]),
        erasure_path=(None, "dvc-rewrite"),
        retention_days=(730, 365),
        noncurrent_days=(30, 14),
        archive_after_days=(None, 90),
    ),
    _instance(
        ImageRegistry,
        ImageRegistryArgs,
        repositories=(["training"], ["training", "serving"]),
        keep_images=(50, 10),
        mirrors=({"quay": "quay.io"}, {"quay": "quay.io", "k8s": "registry.k8s.io"}),
        mirror_credentials=(
            {},
            {"quay": "arn:aws:secretsmanager:eu-central-1:000000000000:secret:ecr-pullthroughcache/q"},
        ),
        kms_alias=("alias/one", "alias/two"),
    ),
]


def changed(instance: Instance, field: str) -> Any:
    """The instance's arguments with one field changed."""
    return replace(instance.args, **{field: instance.changes[field]})
