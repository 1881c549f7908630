"""moto lacks DescribeDBEngineVersions and takes any version and any class of PostgreSQL."""

import re
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal

VERSIONS = {
    "13": ("13.22", "13.23"),
    "14": ("14.18", "14.19", "14.20"),
    "15": ("15.13", "15.14", "15.15"),
    "16": ("16.9", "16.10", "16.11"),
    "17": ("17.5", "17.6", "17.7"),
}
"""What the account offers, the default of each major version last; Amazon RDS for PostgreSQL Release Notes.

No time passes here: no version comes or goes by itself.
"""

DEFAULT = "17"
LOGS = ("iam-db-auth-error", "postgresql", "upgrade")
AUTHORITIES = ("rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1")
"""Certificate authorities, the default first; RDS User Guide, "Using SSL/TLS to encrypt a connection"."""

BURSTABLE = ("t3", "t4g")
FAMILIES = (
    "m5", "m5d", "m6g", "m6gd", "m6i", "m6id", "m6idn", "m6in", "m7g", "m7gd", "m7i", "m8g", "r5", "r5b", "r5d", "r6g",
    "r6gd", "r6i", "r6id", "r6idn", "r6in", "r7g", "r7gd", "r7i", "r8g", "x2g", "x2iedn",
)  # fmt: skip
SIZES = ("large", "xlarge", *(f"{n}xlarge" for n in (2, 4, 8, 12, 16, 24, 32)))
CLASSES = tuple(
    [
        f"db.{family}.{size}"
        for family in BURSTABLE
        for size in ("micro", "small", "medium", "large", "xlarge", "2xlarge")
    ]
    + [f"db.{family}.{size}" for family in FAMILIES for size in SIZES]
)
"""Instance classes of RDS for PostgreSQL; RDS User Guide, "DB instance class types"."""


def full_version(wanted: str | None) -> str:
    """The version that an instance gets who asks for a major, a full or no version. Raises Refusal."""
    asked = wanted or DEFAULT
    for major, known in VERSIONS.items():
        if asked == major:
            return known[-1]
        if asked in known:
            return asked
    raise Refusal("InvalidParameterCombination", f"Cannot find version {asked} for postgres")


def require_class(name: str) -> None:
    """Refuses a class that PostgreSQL cannot have."""
    if name not in CLASSES:
        code = "InvalidParameterCombination" if re.fullmatch(r"db\.[a-z0-9]+\.\w+", name) else "InvalidParameterValue"
        raise Refusal(code, f"Invalid DB Instance class: {name}; PostgreSQL runs on classes such as db.t4g.medium")


@overlay.answers("rds", "DescribeDBEngineVersions")
def describe(call: Call) -> dict[str, Any] | None:
    """Amazon RDS API Reference, DescribeDBEngineVersions; of PostgreSQL only."""
    given = call.input
    only_default = given.get("DefaultOnly") in (True, "true")
    said = []
    for major, known in VERSIONS.items() if given.get("Engine") in (None, "postgres") else ():
        if given.get("DBParameterGroupFamily") not in (None, f"postgres{major}"):
            continue
        for version in known:
            is_default = version == known[-1] and (major == DEFAULT or given.get("EngineVersion") == major)
            if given.get("EngineVersion") in (None, major, version) and (is_default or not only_default):
                said.append(_said(major, version))
    return {"DBEngineVersions": said}


@overlay.answers("rds", "DescribeOrderableDBInstanceOptions")
def describe_orderable(call: Call) -> dict[str, Any] | None:
    """Amazon RDS API Reference, DescribeOrderableDBInstanceOptions; of PostgreSQL only, in pages of 100."""
    given = call.input
    if given.get("Engine") != "postgres":
        return None
    versions = [full_version(given["EngineVersion"])] if given.get("EngineVersion") else sum(VERSIONS.values(), ())
    every = [
        {
            "Engine": "postgres",
            "EngineVersion": version,
            "DBInstanceClass": name,
            "LicenseModel": "postgresql-license",
            "AvailabilityZones": [{"Name": f"{call.region}{zone}"} for zone in "abc"],
            "MultiAZCapable": True,
            "Vpc": True,
            "SupportsStorageEncryption": True,
            "StorageType": "gp3",
            "SupportsIAMDatabaseAuthentication": True,
            "SupportsPerformanceInsights": True,
            "MinStorageSize": 20,
            "MaxStorageSize": 65536,
            "SupportsStorageAutoscaling": True,
            "SupportedNetworkTypes": ["IPV4"],
        }
        for version in versions
        for name in CLASSES
        if given.get("DBInstanceClass") in (None, name)
    ]
    start = int(given.get("Marker") or 0)
    end = start + int(given.get("MaxRecords") or 100)
    return {"OrderableDBInstanceOptions": every[start:end], **({"Marker": str(end)} if end < len(every) else {})}


def _said(major: str, version: str) -> dict[str, Any]:
    targets = [
        {
            "Engine": "postgres",
            "EngineVersion": later,
            "Description": f"PostgreSQL {later}",
            "AutoUpgrade": other == major,
            "IsMajorVersionUpgrade": other != major,
        }
        for other, known in VERSIONS.items()
        for later in known
        if tuple(map(int, later.split("."))) > tuple(map(int, version.split(".")))
        and (other == major or later == known[-1])
    ]
    return {
        "Engine": "postgres",
        "MajorEngineVersion": major,
        "EngineVersion": version,
        "DBParameterGroupFamily": f"postgres{major}",
        "DBEngineDescription": "PostgreSQL",
        "DBEngineVersionDescription": f"PostgreSQL {version}-R1",
        "ValidUpgradeTarget": targets,
        "ExportableLogTypes": list(LOGS),
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": True,
        "Status": "available",
        "SupportsCertificateRotationWithoutRestart": True,
        "SupportedCACertificateIdentifiers": list(AUTHORITIES),
    }
