"""What the engine remembers of an environment, layer by layer."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from seedbed.layers import layer_of, outermost, place
from seedbed.status.section import Line


def layers(deployment: Mapping[str, Any]) -> Iterator[Line]:
    """How many resources each layer has, and in which components."""
    resources = deployment.get("resources", [])
    parents = {str(one["urn"]): str(one.get("parent", "")) for one in resources}
    counts: dict[str, Counter[str]] = {}
    for one in resources:
        if one.get("custom") and str(one["type"]).startswith(("aws:", "kubernetes:")) and not one.get("delete"):
            token, name = outermost(str(one["urn"]), parents)
            named = f"{token.rpartition(':')[2]} {name}".strip() or "outside of components"
            counts.setdefault(layer_of(token), Counter())[named] += 1
    for layer, inside in sorted(counts.items(), key=lambda item: place(item[0])):
        yield Line(layer, f"{sum(inside.values())} resources: {', '.join(sorted(inside))}")
    if pending := deployment.get("pending_operations"):
        yield Line("cut short", f"{len(pending)} resources were not finished: the next `up` goes on", False)


def exported(deployment: Mapping[str, Any], name: str) -> Any:
    """An output of the program as it was when it ran last; None where there is none."""
    stack = next((one for one in deployment.get("resources", []) if one["type"] == "pulumi:pulumi:Stack"), {})
    return (stack.get("outputs") or {}).get(name)
