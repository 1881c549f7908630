"""moto's databases take on every change at once, shrink, go back a version, and go without a last snapshot."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions import database_rules as rules
from localcloud.extensions.database_instances import is_postgres, set_insights, set_throughput, settle, told
from localcloud.extensions.database_versions import require_class
from localcloud.extensions.service_interfaces import regroup, remove
from localcloud.extensions.service_log_groups import written_by_a_service
from localcloud.refusal import Answer, Refusal

DEFERRED = (
    "AllocatedStorage", "CACertificateIdentifier", "DBInstanceClass", "DBPortNumber", "EnableIAMDatabaseAuthentication",
    "EngineVersion", "Iops", "LicenseModel", "MultiAZ", "StorageThroughput", "StorageType",
)  # fmt: skip
"""What waits for the maintenance window without ApplyImmediately; RDS User Guide, "Settings for DB instances"."""

PENDING = {"DBPortNumber": "Port", "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled"}


@overlay.checks("rds", "ModifyDBInstance")
def a_change_is_one_that_can_be(call: Call) -> None:
    """Amazon RDS API Reference, ModifyDBInstance, with its errors."""
    given = call.input
    if not is_postgres(call):
        return
    known = _database(call)
    if "DBInstanceClass" in given:
        require_class(given["DBInstanceClass"])
    managed = getattr(known, "master_user_secret", None)
    if managed and given.get("MasterUserSecretKmsKeyId", managed.kms_key_id) not in _names(managed.kms_key_id):
        raise rules.combination("The KMS key of a secret that RDS manages already can't be changed.")
    version = known.engine_version
    if "EngineVersion" in given:
        is_meant = str(given.get("AllowMajorVersionUpgrade")).lower() == "true"
        version = rules.require_upgrade(known.engine_version, given["EngineVersion"], is_major_meant=is_meant)
    group = given.get("DBParameterGroupName") or known.db_parameter_group_name
    if version.split(".")[0] == known.engine_version.split(".")[0] or "DBParameterGroupName" in given:
        rules.require_parameters(call, group, version)
    elif not group.startswith("default."):
        raise rules.combination(
            f"A major version upgrade needs a DBParameterGroupName of the new family; found {group}"
        )
    rules.require_keys(call, {name: text for name, text in given.items() if name != "KmsKeyId"})
    rules.require_sizes(given, given.get("StorageType", known.storage_type))
    size = int(given.get("AllocatedStorage") or known.allocated_storage)
    if size < int(known.allocated_storage):
        raise rules.combination(f"Invalid storage size: {size} GiB is less than the {known.allocated_storage} that are")
    if given.get("MaxAllocatedStorage") and int(given["MaxAllocatedStorage"]) < size:
        raise rules.combination("Max storage size must be greater than storage size")
    insights = {
        "EnablePerformanceInsights": known.performance_insights_enabled,
        "PerformanceInsightsRetentionPeriod": known.performance_insights_retention_period,
        "DatabaseInsightsMode": known.database_insights_mode,
    }
    rules.require_insights(given, insights)
    rules.require_logs(given.get("CloudwatchLogsExportConfiguration", {}).get("EnableLogTypes", []))
    rules.require_authority(given.get("CACertificateIdentifier"))
    rules.require_monitoring(call, given)
    if given.get("VpcSecurityGroupIds") and getattr(known, "db_subnet_group", None):
        rules.require_groups(call, given["VpcSecurityGroupIds"], known.db_subnet_group.vpc_id)


@overlay.answers("rds", "ModifyDBInstance")
def modify(call: Call) -> Answer | None:
    """What needs the maintenance window waits for it, unless the request says at once; no window ever comes here."""
    if not is_postgres(call):
        return None
    known, given = _database(call), call.input
    waits = () if str(given.get("ApplyImmediately")).lower() == "true" else DEFERRED
    pending = getattr(known, "pending_modified_values", None) or {}
    known.pending_modified_values = {**pending, **_waiting(known, given, waits)}
    if not waits:
        known.pending_modified_values = {}
    wanted = given.get("EngineVersion", known.engine_version)
    call.environ["localcloud.version"] = rules.require_upgrade(known.engine_version, wanted, is_major_meant=True)
    fields = parse_qsl(call.body.decode(), keep_blank_values=True)
    if getattr(known, "master_user_secret", None) and str(given.get("ManageMasterUserPassword")).lower() == "true":
        waits = (*waits, "ManageMasterUserPassword", "MasterUserSecretKmsKeyId")
    return call.forward(urlencode([(name, text) for name, text in fields if name not in waits]).encode())


@overlay.follows("rds", "ModifyDBInstance")
def what_changed_is_seen(call: Call, _: Answer) -> dict[str, Any] | None:
    """What moto takes in and does not use."""
    if not is_postgres(call):
        return None
    known, given = _database(call), call.input
    set_insights(call, known)
    if str(given.get("ApplyImmediately")).lower() == "true":
        if "DBPortNumber" in given:
            known.port = int(given["DBPortNumber"])
        known.engine_version = call.environ["localcloud.version"]
        set_throughput(known, given)
    if "MultiAZ" in given and known.multi_az != bool(known.secondary_availability_zone):
        settle(call, known)
    if given.get("VpcSecurityGroupIds"):
        regroup(call, known.interfaces, known.vpc_security_group_ids)
    for one in known.enabled_cloudwatch_logs_exports:
        written_by_a_service(call, f"/aws/rds/instance/{known.db_instance_identifier}/{one}")
    return told(call, known)


@overlay.checks("rds", "DeleteDBInstance")
def an_instance_goes_with_a_last_snapshot_or_expressly_without(call: Call) -> None:
    """Amazon RDS API Reference, DeleteDBInstance."""
    given, known = call.input, call.backend.databases.get(call.input["DBInstanceIdentifier"])
    if known is None or known.deletion_protection:
        return
    is_skipped, name = str(given.get("SkipFinalSnapshot")).lower() == "true", given.get("FinalDBSnapshotIdentifier")
    if not is_skipped and not name:
        raise rules.combination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
    if is_skipped and name:
        raise rules.combination("FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.")
    if name and name in call.backend.database_snapshots:
        raise Refusal(
            "DBSnapshotAlreadyExists", f"Cannot create the snapshot because one with the identifier {name} exists."
        )


@overlay.follows("rds", "DeleteDBInstance")
def an_instance_takes_its_interfaces_along(call: Call, answer: Answer) -> None:
    """Its last snapshot bears its tags, where it was told so."""
    gone = call.environ.get("localcloud.database")
    if gone is None:
        return
    remove(call, getattr(gone, "interfaces", []))
    name = call.input.get("FinalDBSnapshotIdentifier")
    if name and gone.copy_tags_to_snapshot:
        call.backend.database_snapshots[name].tags = gone.get_tags()


@overlay.checks("rds", "DeleteDBInstance")
def the_instance_is_remembered(call: Call) -> None:
    """What must go with it, while it can still be seen."""
    call.environ["localcloud.database"] = call.backend.databases.get(call.input["DBInstanceIdentifier"])


def _waiting(known: Any, given: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    found = {
        "DBInstanceClass": known.db_instance_class,
        "EngineVersion": known.engine_version,
        "AllocatedStorage": known.allocated_storage,
        "MultiAZ": known.multi_az,
        "StorageType": known.storage_type,
        "CACertificateIdentifier": known.ca_certificate_identifier,
    }
    return {
        PENDING.get(name, name): given[name]
        for name in names
        if name in given and str(found.get(name)).lower() != str(given[name]).lower()
    }


def _names(key_arn: str) -> tuple[str, str]:
    return key_arn, key_arn.rpartition("/")[2]


def _database(call: Call) -> Any:
    return call.backend.databases[call.input["DBInstanceIdentifier"]]
