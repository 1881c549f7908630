"""Database, cluster, audit trail and delivery: smallest good instances, and another good value for each setting."""

from components.audit import AuditTrail, AuditTrailArgs
from components.cluster import Cluster, ClusterArgs
from components.cluster_access import ClusterAccess, ClusterAccessArgs
from components.database import Database, DatabaseArgs, DatabaseClients, DatabaseClientsArgs
from components.delivery import DeliveryIdentity, DeliveryIdentityArgs
from components.observability import ClusterObservability, ClusterObservabilityArgs
from components.system_nodes import SystemNodes, SystemNodesArgs
from tests.unit.components.instance import instance

ROLES = "arn:aws:iam::000000000000:role"
SUBNETS = (["subnet-1", "subnet-2"], ["subnet-1", "subnet-3"])
ADD_ONS = {"vpc-cni": "v1", "kube-proxy": "v1", "coredns": "v1"}
BOTH = {"lead": f"{ROLES}/lead", "analyst": f"{ROLES}/analyst"}
ACCESS = {
    "role_arns": (BOTH, {**BOTH, "guest": f"{ROLES}/guest"}),
    "administrators": (["lead"], ["lead", "analyst"]),
    "viewers": ([], ["analyst"]),
    "teams": ({}, {"scoring": ["analyst"]}),
}

PLATFORM = [
    instance(
        Database,
        DatabaseArgs,
        identifier=("seedbed-test-tracking", "seedbed-other-tracking"),
        database_name=("tracking", "mlflow"),
        vpc_id=("vpc-1", "vpc-2"),
        subnet_ids=SUBNETS,
        engine_version=("16", "17"),
        instance_class=("db.t4g.medium", "db.m7g.large"),
        storage_gib=(20, 50),
        max_storage_gib=(100, 200),
        backup_days=(7, 14),
        multi_az=(False, True),
        data_class=("internal", "confidential"),
        log_retention_days=(90, 30),
        alarm_topic_arn=("arn:aws:sns:eu-central-1:000000000000:one", "arn:aws:sns:eu-central-1:000000000000:two"),
    ),
    instance(
        DatabaseClients,
        DatabaseClientsArgs,
        security_group_id=("sg-1", "sg-2"),
        client_security_group_id=("sg-3", "sg-4"),
    ),
    instance(
        Cluster,
        ClusterArgs,
        cluster_name=("seedbed-test", "seedbed-other"),
        version=("1.34", "1.33"),
        subnet_ids=SUBNETS,
        public_cidrs=([], ["192.0.2.0/24"]),
        compute=("managed", "auto"),
        node_instance_type=("m7i.large", "m7i.xlarge"),
        node_count_min=(2, 3),
        node_count_max=(4, 5),
        node_disk_gib=(50, 100),
        add_ons=(ADD_ONS, {**ADD_ONS, "coredns": "v2"}),
        log_retention_days=(90, 30),
        support=("standard", "extended"),
        region=("eu-central-1", "cn-north-1"),
        **ACCESS,
    ),
    instance(
        SystemNodes,
        SystemNodesArgs,
        cluster_name=("seedbed-test", "seedbed-other"),
        group_name=("system", "other"),
        subnet_ids=SUBNETS,
        role_arn=(f"{ROLES}/node", f"{ROLES}/other"),
        instance_type=("m7i.large", "m7i.xlarge"),
        count_min=(2, 3),
        count_max=(4, 5),
        disk_gib=(50, 100),
    ),
    instance(
        ClusterAccess,
        ClusterAccessArgs,
        region=("eu-central-1", "cn-north-1"),
        cluster_name=("seedbed-test", "seedbed-other"),
        **ACCESS,
    ),
    instance(
        ClusterObservability,
        ClusterObservabilityArgs,
        cluster_name=("seedbed-test", "seedbed-other"),
        cluster=("seedbed-test", "seedbed-other"),
        version=("v4", "v5"),
        log_retention_days=(90, 30),
    ),
    instance(
        AuditTrail,
        AuditTrailArgs,
        trail_name=("seedbed-test", "seedbed-other"),
        bucket_name=("seedbed-test-audit", "seedbed-other-audit"),
        data_buckets=(["seedbed-test-data"], ["seedbed-test-data", "seedbed-test-more"]),
        log_bucket=("logs", "other-logs"),
        retention_days=(365, 730),
        detector=("create", "existing"),
        rotation_days=(365, 180),
        deletion_window_days=(30, 14),
    ),
    instance(
        DeliveryIdentity,
        DeliveryIdentityArgs,
        system=("seedbed", "other"),
        environment=("test", "prod"),
        repository=("example/environments", "example/other"),
        identity_provider=("create", "existing"),
        key_aliases=(["alias/seedbed-test-personal"], ["alias/seedbed-test-internal"]),
        state_bucket=("seedbed-test-state", "seedbed-other-state"),
        state_key_alias=("alias/seedbed-test-state", "alias/seedbed-other-state"),
    ),
]
