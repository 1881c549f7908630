"""moto knows no versions of Kubernetes: it takes any and lacks DescribeClusterVersions."""

from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions.cluster_records import invalid, page

SUPPORT = {
    "1.29": "EXTENDED_SUPPORT",
    "1.30": "EXTENDED_SUPPORT",
    "1.31": "EXTENDED_SUPPORT",
    "1.32": "EXTENDED_SUPPORT",
    "1.33": "STANDARD_SUPPORT",
    "1.34": "STANDARD_SUPPORT",
    "1.35": "STANDARD_SUPPORT",
}
"""What the account offers; Amazon EKS User Guide, "Kubernetes version lifecycle". No time passes here."""

DEFAULT = "1.34"


def require_version(version: str) -> None:
    """Refuses a version that EKS does not offer."""
    if version not in SUPPORT:
        raise invalid(f"unsupported Kubernetes version {version}; the account offers {', '.join(SUPPORT)}")


def minor(version: str) -> int:
    """The minor version's number."""
    return int(version.split(".")[1])


@overlay.answers("eks", "DescribeClusterVersions")
def describe(call: Call) -> dict[str, Any]:
    """Amazon EKS API Reference, DescribeClusterVersions."""
    wanted, status = call.input.get("clusterVersions"), call.input.get("versionStatus")
    only_default = call.input.get("defaultOnly", False)
    said = [
        {
            "clusterVersion": version,
            "clusterType": "eks",
            "defaultPlatformVersion": "eks.1",
            "defaultVersion": version == DEFAULT,
            "status": support.lower().replace("_", "-"),
            "versionStatus": support,
        }
        for version, support in reversed(SUPPORT.items())
        if (not wanted or version in wanted)
        and (not status or support == status)
        and (not only_default or version == DEFAULT)
    ]
    return page(call, said, "clusterVersions")
