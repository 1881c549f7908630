"""What a team may do in its namespace, beyond what roles can say."""

import json
from collections.abc import Sequence
from typing import Any

QUEUE = "main"
"""The local queue of every workspace."""

QUEUE_NAME = "kueue.x-k8s.io/queue-name"
"""Label by which a job says in which queue it waits (Kueue docs, "run jobs")."""

CONTROLLERS = ("system:serviceaccount:kube-system:", "system:serviceaccount:kserve:", "system:kube-controller-manager")
"""Starts of the names of those who make pods of what was let in already: Kubernetes itself, and KServe."""

_QUEUED = f"object.metadata.?labels[?'{QUEUE_NAME}'].orValue('') == '{QUEUE}'"
_BY_A_CONTROLLER = " || ".join(f"request.userInfo.username.startsWith('{start}')" for start in CONTROLLERS)
_ADVICE = f"set the label {QUEUE_NAME}: {QUEUE}"


def subjects(groups: Sequence[str]) -> Any:
    """Groups as a role binding names them."""
    return [{"kind": "Group", "name": group, "api_group": "rbac.authorization.k8s.io"} for group in groups]


def guards(namespace: str, groups: Sequence[str]) -> dict[str, Any]:
    """Specifications of the admission policies of a workspace, by what they guard.

    The role `edit` allows more than a team shall do: its openings would be its own to widen, and a pod that asks for a
    GPU would pass by the queue (Kubernetes docs, "Validating Admission Policy", for the language).
    """
    return {
        "openings": _policy(
            [_of("networking.k8s.io", ["networkpolicies"], ["CREATE", "UPDATE", "DELETE"])],
            f"!request.userInfo.groups.exists(g, g in {_list([*groups, f'system:serviceaccounts:{namespace}'])})",
            f"the network policies of {namespace} are the environment's: ask for an opening in its file",
        ),
        "jobs": _policy(
            [_of("batch", ["jobs"], ["CREATE"])],
            _QUEUED,
            f"a job of {namespace} waits in its queue: {_ADVICE}",
        ),
        "schedules": _policy(
            [_of("batch", ["cronjobs"], ["CREATE", "UPDATE"])],
            f"object.spec.jobTemplate.?metadata.?labels[?'{QUEUE_NAME}'].orValue('') == '{QUEUE}'",
            f"a job of {namespace} waits in its queue: {_ADVICE} in spec.jobTemplate.metadata",
        ),
        "pods": _policy(
            [_of("", ["pods"], ["CREATE"])],
            f"!{_accelerated('object.spec')} || {_QUEUED} || {_BY_A_CONTROLLER}",
            f"a pod of {namespace} with a GPU waits in its queue: {_ADVICE}",
        ),
        "workloads": _policy(
            [_of("apps", ["daemonsets", "deployments", "replicasets", "statefulsets"], ["CREATE", "UPDATE"])],
            f"!{_accelerated('object.spec.template.spec')} || {_QUEUED} || {_BY_A_CONTROLLER}",
            f"pods of {namespace} with a GPU wait in its queue: {_ADVICE}",
        ),
    }


def binding(policy: str, namespace: str) -> Any:
    """Specification of what makes an admission policy hold in one namespace."""
    return {
        "policy_name": policy,
        "validation_actions": ["Deny"],
        "match_resources": {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": namespace}}},
    }


def _policy(rules: list[dict[str, Any]], expression: str, message: str) -> dict[str, Any]:
    return {
        "failure_policy": "Fail",
        "match_constraints": {"resource_rules": rules},
        "validations": [{"expression": expression, "message": message, "reason": "Forbidden"}],
    }


def _of(group: str, resources: list[str], operations: list[str]) -> dict[str, Any]:
    return {"api_groups": [group], "api_versions": ["v1"], "resources": resources, "operations": operations}


def _accelerated(spec: str) -> str:
    """Whether a container asks for what a device plugin of NVIDIA offers: a GPU, a share or a partition."""
    # `dyn`: the checker of types does not know quantities, and would warn of a field that is there.
    asks = "dyn(c).?resources.?limits.orValue({}).exists(r, r.startsWith('nvidia.com/'))"
    return f"({spec}.containers.exists(c, {asks}) || {spec}.?initContainers.orValue([]).exists(c, {asks}))"


def _list(names: Sequence[str]) -> str:
    """A list in the language of admission policies, whose strings are those of JSON."""
    return json.dumps(list(names))
