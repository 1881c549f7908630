"""What a cluster and its nodes may do in the account."""

from typing import Any

from components.account import policy_document

CLUSTER_POLICIES = {
    "managed": ("AmazonEKSClusterPolicy",),
    "auto": (
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSNetworkingPolicy",
    ),
}
"""What the control plane may do, by who runs the nodes (EKS user guide, "Auto Mode cluster IAM role")."""

NODE_POLICIES = {
    "managed": ("AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"),
    "auto": ("AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodeMinimalPolicy"),
}
"""What a node may do (EKS user guide, "Auto Mode node IAM role" and "node IAM role")."""


def node_trust() -> dict[str, Any]:
    """Trust policy of a node's role; EC2 names no source account when it hands out an instance's credentials."""
    return policy_document(
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
