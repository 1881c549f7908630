"""moto knows no add-ons of EKS and none of their versions."""

import re
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions.cluster_records import invalid, page
from localcloud.extensions.cluster_versions import SUPPORT, minor

OFFERED = {
    "adot": "v0.131.0-eksbuild.1",
    "amazon-cloudwatch-observability": "v6.0.1-eksbuild.1",
    "aws-ebs-csi-driver": "v1.58.0-eksbuild.1",
    "aws-efs-csi-driver": "v2.1.13-eksbuild.1",
    "aws-guardduty-agent": "v1.11.0-eksbuild.4",
    "aws-mountpoint-s3-csi-driver": "v2.1.0-eksbuild.1",
    "cert-manager": "v1.18.2-eksbuild.2",
    "coredns": "v1.13.2-eksbuild.4",
    "eks-node-monitoring-agent": "v1.4.0-eksbuild.2",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
    "external-dns": "v0.19.0-eksbuild.2",
    "kube-proxy": "v1.{minor}.6-eksbuild.2",
    "kube-state-metrics": "v2.17.0-eksbuild.1",
    "metrics-server": "v0.8.1-eksbuild.5",
    "prometheus-node-exporter": "v1.9.1-eksbuild.4",
    "snapshot-controller": "v8.3.0-eksbuild.1",
    "vpc-cni": "v1.21.1-eksbuild.7",
}
"""Add-ons of AWS, and what an account gives who names no version; Amazon EKS User Guide, "AWS add-ons".

Which other versions were ever published is not known here: every well-formed one is taken.
"""

NAMESPACES = {"amazon-cloudwatch-observability": "amazon-cloudwatch", "aws-guardduty-agent": "amazon-guardduty"}
WITH_ROLE = ("adot", "amazon-cloudwatch-observability", "aws-ebs-csi-driver", "aws-efs-csi-driver", "vpc-cni")
VERSION = re.compile(r"v\d+\.(\d+)\.\d+-eksbuild\.\d+")


def default(name: str, kubernetes: str) -> str:
    """The version that an add-on has on a version of Kubernetes where none is asked for; empty for what is none."""
    return OFFERED.get(name, "").format(minor=minor(kubernetes))


def require(name: str, version: str, kubernetes: str) -> None:
    """Refuses an add-on that AWS does not have, and a version that it cannot have on this version of Kubernetes.

    Amazon EKS User Guide, "Manage kube-proxy": not newer than the control plane and at most three minor versions older.
    """
    if name not in OFFERED:
        raise invalid(f"Addon {name} specified is not supported in {kubernetes} kubernetes version")
    shape = VERSION.fullmatch(version)
    behind = minor(kubernetes) - int(shape[1]) if shape and name == "kube-proxy" else 0
    if shape is None or not 0 <= behind <= 3:
        raise invalid(
            f"Addon version specified is not supported: {name} {version} on Kubernetes {kubernetes}; one looks like "
            f"{default(name, kubernetes)}"
        )


@overlay.answers("eks", "DescribeAddonVersions")
def describe(call: Call) -> dict[str, Any]:
    """Amazon EKS API Reference, DescribeAddonVersions: of each add-on the version that the account offers first."""
    kubernetes, name = call.input.get("kubernetesVersion"), call.input.get("addonName")
    said = []
    for one in OFFERED if name is None else [name] if name in OFFERED else []:
        versions: dict[str, list[str]] = {}
        for on in SUPPORT:
            if kubernetes in (None, on):
                versions.setdefault(default(one, on), []).append(on)
        said.append({
            "addonName": one,
            "type": "networking" if one in ("vpc-cni", "coredns", "kube-proxy") else "observability",
            "publisher": "eks",
            "owner": "aws",
            "defaultNamespace": NAMESPACES.get(one, "kube-system"),
            "addonVersions": [
                {
                    "addonVersion": version,
                    "architecture": ["amd64", "arm64"],
                    "computeTypes": ["ec2", "auto"],
                    "requiresConfiguration": False,
                    "requiresIamPermissions": one in WITH_ROLE,
                    "compatibilities": [
                        {"clusterVersion": on, "platformVersions": ["*"], "defaultVersion": True} for on in on_versions
                    ],
                }
                for version, on_versions in versions.items()
            ],
        })  # fmt: skip
    return page(call, said, "addons")
