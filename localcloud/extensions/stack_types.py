"""Kinds of resources that a stack may hold: their properties, and how the account's own services make them.

moto's stacks leave out kinds and properties that it does not know, without a word; here they are refused by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud import inside
from localcloud.refusal import UNKNOWN, Refusal

Shape = Any
"""What a property holds: None for a value of any form, a mapping of names, or a list with the shape of its items."""

ANY: Shape = None


@dataclass(frozen=True)
class Place:
    """Where a stack's resources are made, and the tags by which a service knows the stack."""

    account: str
    region: str
    stack_name: str
    stack_id: str

    def client(self, service: str) -> Any:
        """A service of this account, asked from inside."""
        return inside.client(service, self.account, self.region)

    def system_tags(self, logical_id: str) -> dict[str, str]:
        """AWS CloudFormation User Guide, "Resource tag": the tags that it sets by itself."""
        return {
            "aws:cloudformation:logical-id": logical_id,
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:stack-name": self.stack_name,
        }


Make = Callable[[Place, str, Mapping[str, Any]], str]
Change = Callable[[Place, str, Mapping[str, Any], Mapping[str, Any]], None]
Unmake = Callable[[Place, str, Mapping[str, Any]], None]
Attributes = Callable[[Place, str, Mapping[str, Any]], dict[str, str]]


@dataclass(frozen=True)
class Kind:
    """A kind of resource."""

    properties: Mapping[str, Shape]
    required: tuple[str, ...]
    fixed: frozenset[str]
    """Properties that cannot be changed: another value is another resource."""
    make: Make
    """Place, logical id and properties to physical id."""
    change: Change
    """Place, physical id, old and new properties."""
    unmake: Unmake
    attributes: Attributes
    """What Fn::GetAtt gives."""
    is_named_identity: bool = False
    """Whether it needs CAPABILITY_NAMED_IAM."""


KINDS: dict[str, Kind] = {}


def require_known(name: str, logical_id: str) -> Kind:
    """The kind; Refusal where this account does not know it."""
    if name not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise Refusal(UNKNOWN, f"the local cloud makes no {name} in a stack (resource {logical_id}); it makes {known}")
    return KINDS[name]


def require_properties(kind: Kind, name: str, logical_id: str, properties: Any) -> None:
    """Refuses properties that are missing or not kept."""
    where = f"{logical_id} ({name})"
    if not isinstance(properties, dict):
        raise Refusal("ValidationError", f"Template format error: Properties of {where} must be an object")
    for wanted in kind.required:
        if wanted not in properties:
            raise Refusal(
                "ValidationError",
                f"Properties validation failed for resource {logical_id} with message: required key [{wanted}] "
                "not found",
            )
    _require_shape(kind.properties, properties, where, ())


def _require_shape(shape: Shape, value: Any, where: str, path: tuple[str, ...]) -> None:
    if shape is ANY or (isinstance(value, dict) and _is_function(value)):
        return
    said = ".".join(path) or "Properties"
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise Refusal("ValidationError", f"{where}: {said} must be a list, found {value!r}")
        for number, item in enumerate(value):
            _require_shape(shape[0], item, where, (*path, str(number)))
        return
    if not isinstance(value, dict):
        raise Refusal("ValidationError", f"{where}: {said} must be an object, found {value!r}")
    for key, item in value.items():
        if key not in shape:
            raise Refusal(
                UNKNOWN,
                f"{where}: the local cloud does not keep {'.'.join((*path, key))}; it keeps {', '.join(sorted(shape))}",
            )
        _require_shape(shape[key], item, where, (*path, key))


def _is_function(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as most services take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_dict(tags: Any) -> dict[str, str]:
    """Tags of a template."""
    return {tag["Key"]: tag["Value"] for tag in tags or []}
