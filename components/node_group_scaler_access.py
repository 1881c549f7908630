"""What the Cluster Autoscaler may do in the account and in the cluster."""

from typing import Any

from components.account import arn, policy_document

NAME, NAMESPACE = "cluster-autoscaler", "kube-system"
PRIORITIES = "cluster-autoscaler-priority-expander"
"""The one name under which the program looks for priorities (Cluster Autoscaler, "Priority based expander")."""

READ = ["get", "list", "watch"]


def scaling_policy(*, account: str, region: str, cluster_name: str) -> dict[str, Any]:
    """What the pod may do in AWS: see all groups, which no condition narrows, and change those of the cluster alone
    (Cluster Autoscaler on AWS, "IAM Policy"). EKS tags the Auto Scaling groups of node groups itself (EKS user guide,
    "Simplify node lifecycle with managed node groups")."""
    return policy_document(
        {
            "Sid": "See",
            "Effect": "Allow",
            "Action": [
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
            ],
            "Resource": "*",
        },
        {
            "Sid": "ReadGroups",
            "Effect": "Allow",
            "Action": "eks:DescribeNodegroup",
            "Resource": arn("eks", region, account, f"nodegroup/{cluster_name}/*"),
        },
        {
            "Sid": "Resize",
            "Effect": "Allow",
            "Action": ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            "Resource": arn("autoscaling", region, account, "autoScalingGroup:*:autoScalingGroupName/eks-*"),
            "Condition": {"StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster_name}": "owned"}},
        },
    )


CLUSTER_RULES = [
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["update"]},
    {"apiGroups": [""], "resources": ["nodes"], "verbs": [*READ, "update"]},
    {
        "apiGroups": [""],
        "resources": [
            *("namespaces", "pods", "services", "replicationcontrollers"),
            *("persistentvolumeclaims", "persistentvolumes"),
        ],
        "verbs": READ,
    },
    {"apiGroups": ["apps"], "resources": ["daemonsets", "replicasets", "statefulsets"], "verbs": READ},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": READ},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": READ},
    {
        "apiGroups": ["storage.k8s.io"],
        "resources": ["storageclasses", "csinodes", "csidrivers", "csistoragecapacities", "volumeattachments"],
        "verbs": READ,
    },
]
"""What it reads, and nodes that it marks and drains (Cluster Autoscaler, charts/cluster-autoscaler, clusterrole.yaml,
without rights for locks that it does not use; `volumeattachments` are read since 1.32, its issue 8678)."""

RULES = [
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "list", "watch"]},
    {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["cluster-autoscaler-status", PRIORITIES],
        "verbs": ["delete", "get", "update", "watch"],
    },
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resourceNames": [NAME],
        "verbs": ["get", "update"],
    },
]
"""Its state, its priorities and its lock, all in its own namespace."""
