"""Who gives managed node groups the nodes that pods wait for, and takes them away again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.kubernetes_object import KubernetesObject
from components.node_group_scaler_access import CLUSTER_RULES, NAME, NAMESPACE, PRIORITIES, RULES, scaling_policy
from components.pod_identity import PodIdentity, PodIdentityArgs
from components.restricted_pod import container_security, folder, pod_security, resources

PORT = 8085
"""Where it tells of its health and metrics."""

LABELS = {"app.kubernetes.io/name": NAME}
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

LEAST_USE = 0.001
"""Part of a node's GPUs below which it is idle: less than one turn of the most shared one."""


@dataclass(frozen=True, kw_only=True)
class NodeGroupScalerArgs:
    cluster_name: str
    """Known before the cluster is made."""

    cluster: pulumi.Input[str]
    """The same name, known once the cluster answers."""

    image: str
    """Image of the Cluster Autoscaler, of the cluster's own minor version, with its tag or digest."""

    groups: Sequence[Sequence[str]]
    """Names of each pool's node groups, in the order in which the pool wants them. Groups of the cluster that are not
    named grow and shrink too."""

    idle_minutes: int
    """How long a node of a group has nothing to do before it goes, 1 or more."""

    account: str
    """Account of the cluster, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class NodeGroupScaler(pulumi.ComponentResource):
    """The Cluster Autoscaler: Karpenter does not know managed node groups, and EKS itself leaves their size alone."""

    def __init__(self, name: str, args: NodeGroupScalerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:node_group_scaler:NodeGroupScaler", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        identity = PodIdentity(
            f"{name}-identity",
            PodIdentityArgs(
                role_name=f"{args.cluster_name}-{NAME}",
                namespace=NAMESPACE,
                service_account=NAME,
                policy=scaling_policy(account=args.account, region=args.region, cluster_name=args.cluster_name),
                policy_arns={},
                cluster_name=args.cluster_name,
                cluster=args.cluster,
                account=args.account,
                region=args.region,
                permissions_boundary=args.permissions_boundary,
                tags=args.tags,
            ),
            child,
        )
        # A pod gets the identity and the rights that are there when it starts.
        there: list[pulumi.Resource] = [identity]
        for role, document in documents(args).items():
            waits = pulumi.ResourceOptions(parent=self, depends_on=list(there))
            there.append(KubernetesObject(f"{name}-{role}", document, waits))

        self.register_outputs({})


def documents(args: NodeGroupScalerArgs) -> dict[str, dict[str, Any]]:
    """Its objects in the cluster by their role here, each after what it needs."""
    place = {"name": NAME, "namespace": NAMESPACE, "labels": LABELS}
    rbac = "rbac.authorization.k8s.io"
    subjects = [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}]
    return {
        "account": {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": place},
        "cluster-role": {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": NAME, "labels": LABELS},
            "rules": CLUSTER_RULES,
        },
        "cluster-binding": {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": NAME, "labels": LABELS},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": NAME},
            "subjects": subjects,
        },
        "role": {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": place, "rules": RULES},
        "binding": {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": place,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": NAME},
            "subjects": subjects,
        },
        "priorities": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {**place, "name": PRIORITIES},
            "data": {"priorities": priorities(args.groups)},
        },
        "deployment": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": place,
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": LABELS},
                "template": {"metadata": {"labels": LABELS}, "spec": pod(args)},
            },
        },
    }


def priorities(groups: Sequence[Sequence[str]]) -> str:
    """The table of the expander `priority`, in YAML: the first groups of all pools have the highest number.

    Pools do not compete: a pod names its pool, or none of them takes it. Groups go by the names of their Auto Scaling
    groups, which EKS makes of theirs and a UUID.
    """
    most = max((len(pool) for pool in groups), default=0)
    ranks = [[pool[rank] for pool in groups if rank < len(pool)] for rank in range(most)]
    lines = [
        line
        for rank, names in enumerate(ranks)
        for line in (f"{10 * (most - rank)}:", *(f"  - ^eks-{name}-{UUID}$" for name in names))
    ]
    return "\n".join(lines) + "\n" if lines else "{}\n"


def arguments(cluster_name: str, idle_minutes: int) -> list[str]:
    """How the program is started (Cluster Autoscaler, FAQ, "What are the parameters to CA?")."""
    tags = f"k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/{cluster_name}"
    return [
        "--cloud-provider=aws",
        f"--namespace={NAMESPACE}",
        f"--node-group-auto-discovery=asg:tag={tags}",
        "--expander=priority",
        "--balance-similar-node-groups=false",  # groups of one pool are alike but for their price
        f"--scale-down-unneeded-time={idle_minutes}m",
        f"--scale-down-delay-after-add={idle_minutes}m",
        f"--scale-down-gpu-utilization-threshold={LEAST_USE}",  # a node that works is never emptied
        "--ignore-daemonsets-utilization=true",
        "--leader-elect=true",
        f"--address=:{PORT}",
        "--v=2",
    ]


def pod(args: NodeGroupScalerArgs) -> dict[str, Any]:
    """The program's pod. It never runs on nodes with GPUs, whose taint it does not tolerate."""
    health = {"httpGet": {"path": "/health-check", "port": PORT}, "periodSeconds": 10}
    return {
        "serviceAccountName": NAME,
        "priorityClassName": "system-cluster-critical",
        "securityContext": pod_security(),
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
        "containers": [
            {
                "name": NAME,
                "image": args.image,
                "command": ["./cluster-autoscaler"],
                "args": arguments(args.cluster_name, args.idle_minutes),
                # Not asked of the instance, which does not answer pods.
                "env": [{"name": "AWS_REGION", "value": args.region}],
                "ports": [{"name": "http", "containerPort": PORT}],
                "livenessProbe": {**health, "initialDelaySeconds": 30, "failureThreshold": 5},
                "readinessProbe": health,
                "resources": resources(0.1, 0.5),
                "securityContext": container_security(),
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
            }
        ],
        "volumes": [folder("tmp", 0.25)],
    }
