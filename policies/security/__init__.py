"""Controls that keep the environment closed, encrypted and accountable."""

from policies.security import (
    clusters,
    credentials,
    databases,
    exceptions,
    exposure,
    keys,
    logs,
    network,
    nodes,
    ownership,
    permissions,
    protection,
    registry,
    serving,
    storage,
    trust,
)

__all__ = [
    "clusters",
    "credentials",
    "databases",
    "exceptions",
    "exposure",
    "keys",
    "logs",
    "network",
    "nodes",
    "ownership",
    "permissions",
    "protection",
    "registry",
    "serving",
    "storage",
    "trust",
]
