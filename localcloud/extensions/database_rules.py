"""moto's PostgreSQL takes settings that RDS refuses."""

import re
from typing import Any

from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.extensions.cluster_records import role, trusts
from localcloud.extensions.database_versions import AUTHORITIES, LOGS, full_version
from localcloud.extensions.key_users import find
from localcloud.refusal import Refusal

RESERVED_USERS = {"admin", "rdsadmin", "rds_superuser", "rdsrepladmin", "rds_replication", "replication", "public"}
"""Names that the first user cannot have; Amazon RDS API Reference, CreateDBInstance, MasterUsername."""

INSIGHT_DAYS = {7, 731, *(31 * months for months in range(1, 24))}
"""Days that Performance Insights may keep; Amazon RDS API Reference, CreateDBInstance."""

INSIGHTS_MODES = ("standard", "advanced")
STORAGE = {"gp2": (20, 65536), "gp3": (20, 65536), "io1": (100, 65536), "io2": (100, 65536), "standard": (10, 3072)}
"""GiB that PostgreSQL can have by type of storage; RDS User Guide, "Amazon RDS DB instance storage"."""


def value(message: str) -> Refusal:
    """One parameter that RDS cannot use."""
    return Refusal("InvalidParameterValue", message)


def combination(message: str) -> Refusal:
    """Parameters that do not go together."""
    return Refusal("InvalidParameterCombination", message)


def require_names(given: dict[str, Any]) -> None:
    """Names of the first user and the first database."""
    user, database = given.get("MasterUsername", ""), given.get("DBName")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", user) or user.lower().startswith("pg_"):
        raise value(f"MasterUsername: found '{user}', allowed are a letter and up to 62 letters, digits, underscores")
    if user.lower() in RESERVED_USERS:
        raise value(f"MasterUsername {user} cannot be used as it is a reserved word used by the engine")
    if database is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", database):
        raise value(f"DBName must begin with a letter and contain only alphanumeric characters; found '{database}'")
    is_managed = _is_on(given.get("ManageMasterUserPassword"))
    if is_managed and "MasterUserPassword" in given:
        raise combination("You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled.")
    if not is_managed and len(given.get("MasterUserPassword", "")) < 8:
        raise value("MasterUserPassword must have at least 8 characters, or ManageMasterUserPassword must be true")


def require_keys(call: Call, given: dict[str, Any]) -> None:
    """Keys exist and are enabled; with encryption of the storage where one is named for it."""
    for name in ("KmsKeyId", "PerformanceInsightsKMSKeyId", "MasterUserSecretKmsKeyId"):
        wanted = given.get(name)
        key = find(call, wanted) if wanted else None
        if wanted and (key is None or key.key_state != "Enabled"):
            raise Refusal(
                "KMSKeyNotAccessibleFault",
                f"The specified KMS key [{wanted}] does not exist, is not enabled or you do not have permissions to "
                f"access it. ({name})",
            )
    if given.get("KmsKeyId") and "StorageEncrypted" in given and not _is_on(given["StorageEncrypted"]):
        raise combination("KmsKeyId can only be given with StorageEncrypted")


def require_sizes(given: dict[str, Any], storage_type: str) -> None:
    """Sizes and days in their ranges."""
    least, most = STORAGE.get(storage_type, (0, 0))
    if not most:
        raise value(f"Invalid storage type: {storage_type}; allowed are {', '.join(STORAGE)}")
    size = _number(given, "AllocatedStorage")
    if size is not None and not least <= size <= most:
        raise value(
            f"Invalid storage size for engine name postgres and storage type {storage_type}: {size}; "
            f"{least} to {most} GiB are allowed"
        )
    days = _number(given, "BackupRetentionPeriod")
    if days is not None and not 0 <= days <= 35:
        raise value(f"Invalid backup retention period: {days}. Must be between 0 and 35")


def require_insights(given: dict[str, Any], known: dict[str, Any]) -> None:
    """Performance Insights: how long, and in which mode."""
    merged = {**known, **given}
    days = _number(merged, "PerformanceInsightsRetentionPeriod")
    is_on = _is_on(merged.get("EnablePerformanceInsights"))
    if days is not None and days not in INSIGHT_DAYS:
        raise value(
            f"Invalid Performance Insights retention period: {days}. Valid values are: [7, 31, 62, 93, ..., 713, 731]"
        )
    if not is_on and ("PerformanceInsightsKMSKeyId" in given or "PerformanceInsightsRetentionPeriod" in given):
        raise combination("To set Performance Insights' key or retention, EnablePerformanceInsights must be true")
    mode = merged.get("DatabaseInsightsMode", "standard")
    if mode not in INSIGHTS_MODES:
        raise value(f"DatabaseInsightsMode: found {mode}, allowed are {', '.join(INSIGHTS_MODES)}")
    if mode == "advanced" and not (is_on and (days or 7) >= 465):
        raise combination("The advanced mode of Database Insights needs Performance Insights with 465 days or more")


def require_logs(types: list[str]) -> None:
    """Logs that PostgreSQL can export."""
    wrong = [one for one in types if one not in LOGS]
    if wrong:
        raise combination(
            f"You cannot use the log types '{', '.join(wrong)}' with the engine postgres; allowed are {', '.join(LOGS)}"
        )


def require_authority(name: str | None) -> None:
    """A certificate authority that there is."""
    if name and name not in AUTHORITIES:
        raise Refusal("CertificateNotFound", f"Certificate not found: {name}; there are {', '.join(AUTHORITIES)}", 404)


def require_parameters(call: Call, name: str | None, version: str) -> None:
    """The parameter group exists and is of the version's family."""
    if not name or name.startswith("default."):
        return
    group, family = call.backend.db_parameter_groups.get(name), f"postgres{version.split('.')[0]}"
    if group is None:
        raise Refusal("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}", 404)
    if group.family != family:
        raise combination(
            f"The parameter group {name} with DBParameterGroupFamily {group.family} can't be used for this instance. "
            f"Please use a parameter group with DBParameterGroupFamily {family}"
        )


def require_groups(call: Call, names: list[str], vpc: str) -> None:
    """Security groups of the database's VPC."""
    ec2 = backend_of("ec2", call.account, call.region)
    for name in names:
        known = ec2.get_security_group_from_id(name)
        if known is None:
            raise value(f"Invalid security group , groupId= {name}, groupName=.")
        if known.vpc_id != vpc:
            raise combination(
                f"The DB instance and EC2 security group are in different VPCs. The DB instance is in {vpc} and the "
                f"EC2 security group is in {known.vpc_id}"
            )


def require_monitoring(call: Call, given: dict[str, Any]) -> None:
    """The role of enhanced monitoring exists and lets RDS take it on."""
    name = given.get("MonitoringRoleArn")
    known = role(call, name) if name else None
    if name and (known is None or not trusts(known, "monitoring.rds.amazonaws.com", "sts:AssumeRole")):
        raise value(
            "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING "
            f"({name})"
        )


def require_upgrade(found: str, wanted: str, *, is_major_meant: bool) -> str:
    """The full version after an upgrade: never back, another major version only where that is meant."""
    target = full_version(wanted)
    before, after = ([int(part) for part in one.split(".")] for one in (found, target))
    if wanted == found.split(".")[0]:
        return found
    if after < before:
        raise combination(f"Cannot upgrade postgres from {found} to {target}")
    if after[0] != before[0] and not is_major_meant:
        raise combination("The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")
    return target


def _is_on(given: Any) -> bool:
    return str(given).lower() == "true"


def _number(given: dict[str, Any], name: str) -> int | None:
    return None if given.get(name) is None else int(given[name])
