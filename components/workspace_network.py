"""Whom a team's pods may speak to."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.openings import SERVED_MODEL, beside, https, pod_identity, to_pods
from components.tracking_place import LABELS as TRACKING
from components.tracking_place import PORT as TRACKING_PORT

MODEL_PORT = 8080
"""Where KServe's runtimes answer (KServe docs, "predict protocol")."""

TEAM_PODS = {"match_expressions": [{"key": SERVED_MODEL, "operator": "DoesNotExist"}]}
"""All pods but served models, whose openings are their endpoint's own: the rules of several policies add up."""


def openings(
    *, cidr: str, s3_cidrs: pulumi.Input[Sequence[str]], tracking: str | None, calls: Mapping[str, str]
) -> dict[str, Any]:
    """Specifications of the network policies of a workspace, by name; what none of them names stays shut.

    `tracking`: namespace of the tracking server. `calls`: endpoints that the team may call, to the namespace of each.
    """
    opened: dict[str, Any] = {
        "own-namespace": {
            "policy_types": ["Ingress", "Egress"],
            "ingress": [{"from_": beside()}],
            "egress": [{"to": beside()}],
        },
        "aws": _out(pod_identity(), https(cidr, s3_cidrs)),
    }
    if tracking is not None:
        opened["tracking"] = _out(to_pods(tracking, TRACKING, TRACKING_PORT))
    if calls:
        opened["endpoints"] = _out(
            *(to_pods(namespace, {SERVED_MODEL: endpoint}, MODEL_PORT) for endpoint, namespace in calls.items())
        )
    return {name: {"pod_selector": TEAM_PODS, **spec} for name, spec in opened.items()}


def _out(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"policy_types": ["Egress"], "egress": list(rules)}
