"""How pods get at the Elastic Fabric Adapter of nodes in managed groups."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.accelerators import EFA, TOLERATION
from components.kubernetes_object import KubernetesObject

NAME = "aws-efa-k8s-device-plugin"


@dataclass(frozen=True, kw_only=True)
class EfaPluginArgs:
    image: str
    """Image of AWS's device plugin, with its tag or digest."""


class EfaPlugin(pulumi.ComponentResource):
    """AWS's device plugin on nodes with EFA, which offers pods `vpc.amazonaws.com/efa`: Auto Mode has it for its nodes,
    an image of managed groups does not (EKS user guide, "Manage EFA devices", "Using EKS-optimized AMIs with EFA")."""

    def __init__(self, name: str, args: EfaPluginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:efa_plugin:EfaPlugin", name, vars(args), opts)

        KubernetesObject(
            f"{name}-daemon",
            {
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "metadata": {"name": NAME, "namespace": "kube-system"},
                "spec": {
                    "selector": {"matchLabels": {"app.kubernetes.io/name": NAME}},
                    "template": {
                        "metadata": {"labels": {"app.kubernetes.io/name": NAME}},
                        "spec": plugin_pod(args.image),
                    },
                },
            },
            pulumi.ResourceOptions(parent=self),
        )

        self.register_outputs({})


def plugin_pod(image: str) -> dict[str, Any]:
    """The plugin's pod: it tells the kubelet of devices, and needs no right in cluster or account for that."""
    folders = {"device-plugin": "/var/lib/kubelet/device-plugins", "infiniband": "/dev/infiniband"}
    return {
        "priorityClassName": "system-node-critical",
        "nodeSelector": {EFA: "true"},
        "tolerations": [dict(TOLERATION)],
        "automountServiceAccountToken": False,
        "hostNetwork": True,
        "containers": [
            {
                "name": "plugin",
                "image": image,
                "resources": {"requests": {"cpu": "10m", "memory": "20Mi"}, "limits": {"memory": "128Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "volumeMounts": [{"name": volume, "mountPath": path} for volume, path in folders.items()],
            }
        ],
        "volumes": [{"name": volume, "hostPath": {"path": path}} for volume, path in folders.items()],
    }
