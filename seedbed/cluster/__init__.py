"""An environment's Kubernetes cluster, asked directly."""

from seedbed.cluster.address import Address, address_of
from seedbed.cluster.client import Kube, open_cluster
from seedbed.cluster.failures import ClusterError, NoClusterError, RefusalError, UnknownKindError, UnreachableError
from seedbed.cluster.kind import Kind, Object

__all__ = [
    "Address",
    "ClusterError",
    "Kind",
    "Kube",
    "NoClusterError",
    "Object",
    "RefusalError",
    "UnknownKindError",
    "UnreachableError",
    "address_of",
    "open_cluster",
]
