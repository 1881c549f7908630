"""A Terraform plan made of the AWS resources of a stack, as `terraform show -json` would print it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from policies.reading import ABSENT
from policies.rule import UNKNOWN, Resource, Stack
from referees.numbers import whole
from referees.terraform import shape, spelled, types, without_type

FORMAT = "1.2"
"""Version of the plan's own form, https://developer.hashicorp.com/terraform/internals/json-format."""

PROVIDER = "registry.terraform.io/hashicorp/aws"


@dataclass(frozen=True, kw_only=True)
class Plan:
    document: Mapping[str, Any]
    """As `terraform show -json` prints it, as far as a scanner reads it."""

    addresses: Mapping[str, str]
    """URN by the address in the plan (`aws_kms_key.raw_key`)."""

    def __bool__(self) -> bool:
        return bool(self.addresses)


@dataclass(frozen=True)
class _Spelling:
    """One input, or a part of one, on its way into the plan."""

    type: str
    """Terraform's, of the resource."""

    path: str
    """Pulumi's, without indices."""

    behind: tuple[str, ...]
    """Addresses of the resources that the input comes from."""

    def within(self, key: str) -> "_Spelling":
        return replace(self, path=f"{self.path}.{key}")

    @property
    def references(self) -> list[str]:
        """What it refers to, as Terraform lists it: an attribute of the resource first, then the resource."""
        arn = self.path.lower().endswith(("arn", "arns", "keyid", "policy"))
        return [line for one in self.behind for line in (f"{one}.{'arn' if arn else 'id'}", one)]


def plan(stack: Stack, prefix: str = "") -> Plan:
    """The plan that creates the AWS resources of a stack.

    prefix: stands before each name, so that plans read side by side do not meet.
    """
    names: dict[str, str] = {}
    for one in declared_on_aws(stack.resources):
        names[one.urn] = _address(types()[one.type], f"{prefix}{one.name}", names.values())
    parts = [_parts(stack.by_urn[urn], address, names) for urn, address in names.items()]
    document = {
        "format_version": FORMAT,
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": [planned for planned, _, _ in parts]}},
        "resource_changes": [change for _, change, _ in parts],
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "full_name": PROVIDER}},
            "root_module": {"resources": [configured for _, _, configured in parts]},
        },
    }
    return Plan(document=document, addresses={address: urn for urn, address in names.items()})


def declared_on_aws(resources: Iterable[Resource]) -> list[Resource]:
    """The resources that a plan can hold; LookupError for an AWS type of which nobody said how Terraform calls it."""
    found = [one for one in resources if one.type.startswith("aws:") and one.type not in without_type()]
    for one in found:
        if one.type not in types():
            raise LookupError(f"{one.type}: no Terraform type; name it in referees/names.yaml")
    return found


def _address(type_: str, name: str, taken: Iterable[str]) -> str:
    """An address that nothing else has: of two names that differ only in signs the second gets a number."""
    plain, others = f"{type_}.{re.sub(r'[^A-Za-z0-9_]', '_', name)}", set(taken)
    return next(one for one in (plain, *(f"{plain}_{number}" for number in range(2, 999))) if one not in others)


def _parts(one: Resource, address: str, names: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """The three places of one resource in the plan: value, change and configuration."""
    type_, _, name = address.partition(".")
    known: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    said: dict[str, Any] = {}
    shapes = shape(one.type)
    for key, value in {**dict.fromkeys(one.dependencies, UNKNOWN), **one.props}.items():
        inner = shapes.get(key)
        behind = tuple(names[urn] for urn in one.dependencies.get(key, ()) if urn in names)
        place = spelled(type_, key, inner)
        known[place], unknown[place], said[place] = _spelled(_Spelling(type_, key, behind), value, inner)
    for table in (known, unknown, said):
        for key in [key for key, value in table.items() if value is ABSENT]:
            del table[key]
    common = {"address": address, "mode": "managed", "type": type_, "name": name}
    return (
        {**common, "provider_name": PROVIDER, "values": known},
        {
            **common,
            "provider_name": PROVIDER,
            "change": {"actions": ["create"], "before": None, "after": known, "after_unknown": {**unknown, "id": True}},
        },
        {**common, "provider_config_key": "aws", "expressions": said},
    )


def _spelled(spelling: _Spelling, value: Any, shape: Any) -> tuple[Any, Any, Any]:
    """A value's known part, its unknown part and its expression; ABSENT where there is none."""
    said: Any = {"references": spelling.references} if spelling.references else {}
    if value is UNKNOWN:
        return ABSENT, True, said
    if value is None:
        return ABSENT, ABSENT, ABSENT
    if isinstance(shape, dict) and isinstance(value, Mapping):
        known, unknown, inner = _block(spelling, value, shape)
        return [known], [unknown], [inner]
    if isinstance(shape, list) and isinstance(value, list | tuple):
        if isinstance(shape[0], dict):
            blocks = [_block(spelling, one, shape[0]) for one in value if isinstance(one, Mapping)]
            return [one[0] for one in blocks], [one[1] for one in blocks], [one[2] for one in blocks]
        known = [whole(one) for one in value if one is not UNKNOWN]
        if not known and value:
            return ABSENT, True, said
        return known, [one is UNKNOWN for one in value], said
    if isinstance(value, Mapping) and shape == "string":
        return json.dumps(_plain(value)), ABSENT, said
    return _plain(value), ABSENT, said or {"constant_value": _plain(value)}


def _block(spelling: _Spelling, value: Mapping[str, Any], shape: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """The three sides of a block."""
    known: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    said: dict[str, Any] = {}
    for key, inner in value.items():
        part_of = spelling.within(key)
        place = spelled(part_of.type, part_of.path, shape.get(key))
        for table, part in zip((known, unknown, said), _spelled(part_of, inner, shape.get(key)), strict=True):
            if part is not ABSENT:
                table[place] = part
    return known, unknown, said


def _plain(value: Any) -> Any:
    """A map as JSON can hold it: what is unknown is left out."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items() if inner is not UNKNOWN}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value if inner is not UNKNOWN]
    return whole(value)
