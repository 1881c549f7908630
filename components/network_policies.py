"""Whether anybody heeds network policies."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.closed_namespace import said
from components.kubernetes_object import KubernetesObject


@dataclass(frozen=True, kw_only=True)
class NetworkPoliciesArgs:
    tags: Mapping[str, str]


class NetworkPolicies(pulumi.ComponentResource):
    """Turns on the controller of network policies in EKS Auto Mode, where it is off (EKS user guide, "Use Network
    Policies with EKS Auto Mode")."""

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:network_policies:NetworkPolicies", name, vars(args), opts)

        KubernetesObject(
            f"{name}-controller",
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "amazon-vpc-cni", "namespace": "kube-system", "annotations": said(args.tags)},
                "data": {"enable-network-policy-controller": "true"},
            },
            pulumi.ResourceOptions(parent=self),
        )

        self.register_outputs({})
