"""Namespaces: in which one an object is, and which objects a selector means."""

from collections.abc import Mapping
from typing import Any

from policies.pods import core
from policies.reading import ABSENT, as_list, is_list, look
from policies.stack import UNKNOWN, Resource, Stack

NAMESPACE = core("Namespace")

DEFAULT = "default"
"""Where an object is that names no namespace."""

NAME_LABEL = "kubernetes.io/metadata.name"
"""Label of every namespace, with its name (Kubernetes documentation, "Automatic labelling")."""


def named(namespace: Resource) -> str:
    """By what a namespace of the stack is known here: its name, or its URN where only the deployment knows the name."""
    name = look(namespace.props, "metadata.name")
    return name if isinstance(name, str) and name else namespace.urn


def space_of(one: Resource, stack: Stack) -> str | None:
    """The namespace of an object as `named` says it; None where it is unknown.

    A namespace that is an output is proven by dependency, if it comes from one namespace of the stack alone.
    """
    value = look(one.props, "metadata.namespace")
    if value is UNKNOWN:
        behind = stack.referents(one, "metadata", NAMESPACE)
        return named(behind[0]) if len(behind) == 1 else None
    return value if isinstance(value, str) and value else DEFAULT


def selects(selector: Any, labels: Mapping[str, Any]) -> bool | None:
    """Whether a label selector means an object with `labels`; None where that is unknown.

    One without conditions means every object (Kubernetes API, LabelSelector).
    """
    if selector is UNKNOWN:
        return None
    if selector is ABSENT or selector is None:
        return True
    if not isinstance(selector, Mapping):
        return False
    pairs, wanted = look(selector, "matchLabels"), look(selector, "matchExpressions")
    if pairs is UNKNOWN or wanted is UNKNOWN:
        return None
    answers = [_equal(labels.get(key, ABSENT), value) for key, value in _pairs(pairs)]
    answers += [_holds(one, labels) for one in as_list(wanted)]
    return False if False in answers else None if None in answers else True


def conditions(selector: Any) -> bool | None:
    """Whether a selector has any condition; None where that is unknown."""
    if selector is UNKNOWN:
        return None
    found = [look(selector, key) for key in ("matchLabels", "matchExpressions")]
    return True if any(one and one is not UNKNOWN for one in found) else None if UNKNOWN in found else False


def narrows(selector: Any) -> bool | None:
    """Whether a selector asks for a label that not every object has; None where that is unknown.

    `DoesNotExist` and `NotIn` mean whatever lacks the label, and every namespace has its name (`NAME_LABEL`).
    """
    pairs, wanted = look(selector, "matchLabels"), look(selector, "matchExpressions")
    if selector is UNKNOWN or _pairs(pairs):
        return None if selector is UNKNOWN else True
    some = [(look(one, "operator"), look(one, "key")) for one in as_list(wanted)]
    if any(operator == "In" or (operator == "Exists" and key not in (NAME_LABEL, UNKNOWN)) for operator, key in some):
        return True
    return None if UNKNOWN in (pairs, wanted) or any(UNKNOWN in one for one in some) else False


def _pairs(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _equal(value: Any, other: Any) -> bool | None:
    if value is UNKNOWN or other is UNKNOWN:
        return None
    return value is not ABSENT and value == other


def _holds(condition: Any, labels: Mapping[str, Any]) -> bool | None:
    key, operator, values = (look(condition, name) for name in ("key", "operator", "values"))
    if condition is UNKNOWN or UNKNOWN in (key, operator, values) or (is_list(values) and UNKNOWN in values):
        return None
    value = labels.get(key, ABSENT) if isinstance(key, str) else ABSENT
    if operator in ("Exists", "DoesNotExist"):
        return (value is not ABSENT) == (operator == "Exists")
    if value is UNKNOWN:
        return None
    among = value is not ABSENT and value in as_list(values)
    return among if operator == "In" else not among if operator == "NotIn" else False
