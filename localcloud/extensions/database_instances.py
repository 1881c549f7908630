"""moto's PostgreSQL is in no network, shares its resource id with every other, and drops how it is watched."""

import secrets
import string
from typing import Any
from urllib.parse import urlencode

from botocore.parsers import create_parser
from moto.core.utils import get_service_model
from moto.rds.models import DBInstance

from localcloud import overlay
from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.extensions import database_rules as rules
from localcloud.extensions.database_versions import AUTHORITIES, full_version, require_class
from localcloud.extensions.key_users import find
from localcloud.extensions.service_interfaces import place, remove
from localcloud.extensions.service_log_groups import written_by_a_service
from localcloud.refusal import Answer, Refusal

ZONE = "Z1RLNUO7B9Q6NB"
"""Hosted zone of the addresses."""


def is_postgres(call: Call) -> bool:
    """Whether the request makes, or is about, an instance of PostgreSQL that is no part of a cluster."""
    if "Engine" in call.input and call.operation == "CreateDBInstance":
        return call.input["Engine"] == "postgres" and not call.input.get("DBClusterIdentifier")
    known = call.backend.databases.get(call.input.get("DBInstanceIdentifier", ""))
    return known is not None and known.engine == "postgres" and known.db_cluster_identifier is None


@overlay.checks("rds", "CreateDBInstance")
def an_instance_is_asked_for_as_it_can_be(call: Call) -> None:
    """Amazon RDS API Reference, CreateDBInstance, with its errors."""
    given = call.input
    if not is_postgres(call):
        return
    require_class(given["DBInstanceClass"])
    version = full_version(given.get("EngineVersion"))
    rules.require_names(given)
    rules.require_keys(call, given)
    rules.require_sizes(given, given.get("StorageType", "gp3"))
    _require_room(given)
    rules.require_insights(given, {})
    rules.require_logs(given.get("EnableCloudwatchLogsExports", []))
    rules.require_authority(given.get("CACertificateIdentifier"))
    rules.require_parameters(call, given.get("DBParameterGroupName"), version)
    rules.require_monitoring(call, given)
    if given.get("AvailabilityZone") and str(given.get("MultiAZ")).lower() == "true":
        raise rules.combination("Requesting a specific availability zone is not valid for Multi-AZ instances.")
    group = call.backend.subnet_groups.get(given.get("DBSubnetGroupName", ""))
    if given.get("DBSubnetGroupName") and group is None:
        name = given["DBSubnetGroupName"]
        raise Refusal("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.", 404)
    if group is not None:
        rules.require_groups(call, given.get("VpcSecurityGroupIds", []), group.vpc_id)
        zones = {one.availability_zone for one in group._subnets}
        if given.get("AvailabilityZone", next(iter(zones))) not in zones:
            raise rules.combination(f"AvailabilityZone must be one of the subnet group's: {', '.join(sorted(zones))}")


@overlay.follows("rds", "CreateDBInstance")
def an_instance_is_what_was_asked_for(call: Call, _: Answer) -> dict[str, Any] | None:
    """What moto drops or gets wrong; Amazon RDS API Reference, DBInstance."""
    if not is_postgres(call):
        return None
    given = call.input
    made = call.backend.databases[given["DBInstanceIdentifier"]]
    alphabet = string.ascii_uppercase + string.digits
    made.dbi_resource_id = "db-" + "".join(secrets.choice(alphabet) for _ in range(26))
    made.engine_version = full_version(given.get("EngineVersion"))
    major = made.engine_version.split(".")[0]
    made.db_parameter_group_name = given.get("DBParameterGroupName") or f"default.postgres{major}"
    made.option_group_name = given.get("OptionGroupName") or f"default:postgres-{major}"
    made.license_model = "postgresql-license"
    made.storage_type = given.get("StorageType", "gp3")
    made.ca_certificate_identifier = given.get("CACertificateIdentifier", AUTHORITIES[0])
    made.network_type = given.get("NetworkType", "IPV4")
    made.backup_target = given.get("BackupTarget", "region")
    made.dedicated_log_volume = str(given.get("DedicatedLogVolume")).lower() == "true"
    made.customer_owned_ip_enabled = False
    made.publicly_accessible = str(given.get("PubliclyAccessible")).lower() == "true"
    made.engine_lifecycle_support = given.get("EngineLifecycleSupport", "open-source-rds-extended-support")
    made.kms_key_id = _key(call, given.get("KmsKeyId")) if made.storage_encrypted else None
    made.upgrade_rollout_order = "second"
    set_insights(call, made)
    set_throughput(made, given)
    if not made.backup_retention_period:
        for name in [one for one, kept in call.backend.database_snapshots.items() if kept.database is made]:
            call.backend.delete_db_snapshot(name)
    group = getattr(made, "db_subnet_group", None)
    if group is not None and not given.get("VpcSecurityGroupIds"):
        default = backend_of("ec2", call.account, call.region).get_default_security_group(group.vpc_id)
        made.vpc_security_group_ids = [default.id]
    if group is not None:
        made.availability_zone = given.get(
            "AvailabilityZone", sorted(one.availability_zone for one in group._subnets)[0]
        )
    made.interfaces = []
    settle(call, made)
    for one in made.enabled_cloudwatch_logs_exports:
        written_by_a_service(call, f"/aws/rds/instance/{made.db_instance_identifier}/{one}")
    return told(call, made)


def told(call: Call, database: Any) -> dict[str, Any]:
    """The answer about an instance as it is now: what moto wrote is of before."""
    asked = {"Action": "DescribeDBInstances", "Version": "2014-10-31"}
    asked["DBInstanceIdentifier"] = database.db_instance_identifier
    answer = call.forward(urlencode(asked).encode())
    shape = get_service_model("rds").operation_model("DescribeDBInstances").output_shape
    parts = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
    (said,) = create_parser("query").parse(parts, shape)["DBInstances"]
    return {"DBInstance": said}


def settle(call: Call, database: Any) -> None:
    """Puts the interfaces of the instance, and of its standby, into the subnets of their zones."""
    group = getattr(database, "db_subnet_group", None)
    remove(call, database.interfaces)
    database.secondary_availability_zone = None
    if group is None:
        return
    by_zone = {one.availability_zone: one.id for one in sorted(group._subnets, key=lambda one: one.id)}
    zones = [database.availability_zone]
    if database.multi_az:
        zones.append(next(zone for zone in sorted(by_zone) if zone != database.availability_zone))
        database.secondary_availability_zone = zones[1]
    places = [by_zone[zone] for zone in zones]
    groups = database.vpc_security_group_ids
    database.interfaces = place(call, places, groups, "RDSNetworkInterface", "interface")


def set_insights(call: Call, database: Any) -> None:
    """Performance Insights as the request has it; what it leaves out stays, or is the default."""
    given, known = call.input, vars(database)
    is_on = given.get("EnablePerformanceInsights", known.get("performance_insights_enabled", False))
    database.performance_insights_enabled = str(is_on).lower() == "true"
    database.database_insights_mode = given.get("DatabaseInsightsMode", known.get("database_insights_mode", "standard"))
    key, days = "performance_insights_kms_key_id", "performance_insights_retention_period"
    if not database.performance_insights_enabled:
        setattr(database, key, None)
        setattr(database, days, None)
        return
    wanted = given.get("PerformanceInsightsKMSKeyId")
    setattr(database, key, _key(call, wanted) if wanted or not known.get(key) else known[key])
    setattr(database, days, int(given.get("PerformanceInsightsRetentionPeriod", known.get(days) or 7)))


def set_throughput(database: Any, given: dict[str, Any]) -> None:
    """gp3 has a baseline that grows with its size; RDS User Guide, "gp3 storage"."""
    if database.storage_type != "gp3":
        return
    is_large = int(database.allocated_storage) >= 400
    database.iops = int(given.get("Iops") or (12000 if is_large else 3000))
    database.storage_throughput = int(given.get("StorageThroughput") or (500 if is_large else 125))


@overlay.replaces(DBInstance, "latest_restorable_time")
@property
def restorable_since_it_was_made(self: DBInstance) -> Any:
    """No time passes here, and no backup is taken: what can be restored is the instance as it was made."""
    return self.instance_create_time


@overlay.replaces(DBInstance, "endpoint")
@property
def an_endpoint_has_a_zone(self: DBInstance) -> dict[str, Any]:
    """Amazon RDS API Reference, Endpoint."""
    return {"Address": self.address, "Port": self.port, "HostedZoneId": ZONE}


def _require_room(given: dict[str, Any]) -> None:
    size, most = given.get("AllocatedStorage"), given.get("MaxAllocatedStorage")
    if size and most and int(most) <= int(size):
        raise rules.combination("Max storage size must be greater than storage size")


def _key(call: Call, name: str | None) -> str:
    """The ARN of the key that is named, or of the one that RDS has for an account."""
    found = find(call, name) if name else None
    return found.arn if found else f"arn:aws:kms:{call.region}:{call.account}:alias/aws/rds"
