"""Layers of the program, and which of them a resource belongs to."""

from collections.abc import Mapping

from seedbed.engine_run import name_of, type_of

LAYERS = {
    "foundation": ("keys", "delivery", "network", "existing_network", "alerts", "access_log", "audit"),
    "stores": ("storage", "images", "database"),
    "cluster": (
        "cluster",
        "observability",
        "network_policies",
        "pool_rights",
        "pools",
        "node_group_role",
        "node_group_pool",
        "node_group_scaler",
        "efa_plugin",
        "chart",
        "queue",
    ),
    "platform": ("tracking", "modeldb", "sagemaker", "captured_requests", "erasure"),
    "teams": ("workspace", "pipeline", "serving", "drift", "spend"),
    "watch": ("monitoring", "cluster_monitoring"),
}
"""Layers in their order, by the component files that they place."""

OTHER = "other"
"""Layer of what the program makes in no component, or in one that it does not place."""


def outermost(urn: str, parents: Mapping[str, str]) -> tuple[str, str]:
    """Token and name of the outermost component above a resource; both empty where there is none."""
    found = ("", "")
    above = parents.get(urn, "")
    while above and "pulumi:pulumi:Stack" not in type_of(above):
        found = (type_of(above), name_of(above))
        above = parents.get(above, "")
    return found


def layer_of(token: str) -> str:
    """The layer of a component by its token: `seedbed:storage:DatasetStore` lies in `stores`."""
    file = token.split(":")[1] if token.count(":") == 2 else ""
    return next((layer for layer, files in LAYERS.items() if file in files), OTHER)


def place(layer: str) -> int:
    """Where a layer stands among the others, the lowest first."""
    return [*LAYERS, OTHER].index(layer)
