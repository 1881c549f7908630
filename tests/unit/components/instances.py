"""One smallest good instance of each component, and another good value for each of its settings."""

from dataclasses import replace
from typing import Any

from components.access_log import LogStore, LogStoreArgs
from components.bucket import PrivateBucket, PrivateBucketArgs
from components.endpoints import ServiceEndpoints, ServiceEndpointsArgs
from components.existing_network import ExistingNetwork, ExistingNetworkArgs
from components.flow_log import FlowLog, FlowLogArgs
from components.images import ImageRegistry, ImageRegistryArgs
from components.keys import KeyRing, KeyRingArgs
from components.network import Network, NetworkArgs
from components.storage import ArtifactStore, ArtifactStoreArgs, DatasetStore, DatasetStoreArgs
from tests.unit.components.instance import KEY, OTHER_KEY, Instance, instance
from tests.unit.components.instances_of_operations import OPERATIONS
from tests.unit.components.instances_of_platform import PLATFORM
from tests.unit.components.instances_of_pools import POOLS
from tests.unit.components.instances_of_serving import SERVING
from tests.unit.components.instances_of_workspaces import WORKSPACES

__all__ = ["INSTANCES", "KEY", "OTHER_KEY", "Instance", "changed"]

INSTANCES = [
    instance(
        KeyRing,
        KeyRingArgs,
        data_classes=(["internal"], ["internal", "personal"]),
        administrators=([], ["arn:aws:iam::000000000000:role/keys"]),
        disk_classes=([], ["internal"]),
        rotation_days=(365, 180),
        deletion_window_days=(30, 14),
    ),
    instance(FlowLog, FlowLogArgs, vpc_id=("vpc-1", "vpc-2"), retention_days=(90, 30)),
    instance(
        ServiceEndpoints,
        ServiceEndpointsArgs,
        vpc_id=("vpc-1", "vpc-2"),
        cidr=("10.0.0.0/16", "10.1.0.0/16"),
        services=(["sts"], ["sts", "ecr.api"]),
        subnet_ids=(["subnet-1"], ["subnet-1", "subnet-2"]),
        route_table_ids=(["rtb-1"], []),
    ),
    instance(
        Network,
        NetworkArgs,
        cidr=("10.0.0.0/16", "10.1.0.0/16"),
        zones=(["eu-central-1a", "eu-central-1b"], ["eu-central-1a", "eu-central-1b", "eu-central-1c"]),
        egress=("single-nat", "nat-per-zone"),
        endpoint_services=(["sts"], []),
        flow_log_retention_days=(90, 30),
    ),
    instance(
        ExistingNetwork,
        ExistingNetworkArgs,
        vpc_id=("vpc-1", "vpc-2"),
        cidr=("10.0.0.0/16", "10.1.0.0/16"),
        subnet_ids=(["subnet-1", "subnet-2"], ["subnet-1", "subnet-3"]),
        endpoint_services=(["sts"], []),
        flow_log_retention_days=(90, 30),
    ),
    instance(
        PrivateBucket,
        PrivateBucketArgs,
        bucket_name=("seedbed-test", "seedbed-other"),
        region=("eu-central-1", "cn-north-1"),
        log_bucket=("logs", None),
        policy_statements=([], [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]),
        lifecycle_rules=([{"id": "one", "status": "Enabled"}], [{"id": "two", "status": "Enabled"}]),
    ),
    instance(
        LogStore,
        LogStoreArgs,
        bucket_name=("seedbed-test-logs", "seedbed-other-logs"),
        region=("eu-central-1", "cn-north-1"),
        retention_days=(365, 90),
    ),
    instance(
        ArtifactStore,
        ArtifactStoreArgs,
        bucket_name=("seedbed-test-artifacts", "seedbed-other-artifacts"),
        region=("eu-central-1", "cn-north-1"),
        log_bucket=("logs", "other-logs"),
        data_class=("internal", "personal"),
        noncurrent_days=(90, 30),
    ),
    instance(
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
    instance(
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
    *OPERATIONS,
    *PLATFORM,
    *WORKSPACES,
    *POOLS,
    *SERVING,
]


def changed(of: Instance, field: str) -> Any:
    """The instance's arguments with one field changed."""
    return replace(of.args, **{field: of.changes[field]})
