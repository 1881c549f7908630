"""Whether anybody heeds network policies."""

import pulumi

from components.kubernetes_object import KubernetesObject


class NetworkPolicies(pulumi.ComponentResource):
    """Turns on the controller of network policies in EKS Auto Mode, where it is off (EKS user guide, "Use Network
    Policies with EKS Auto Mode")."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:network_policies:NetworkPolicies", name, None, opts)

        KubernetesObject(
            f"{name}-controller",
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "amazon-vpc-cni", "namespace": "kube-system"},
                "data": {"enable-network-policy-controller": "true"},
            },
            pulumi.ResourceOptions(parent=self),
        )

        self.register_outputs({})
