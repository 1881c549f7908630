"""Templates of stacks: what one may say here, in which order its resources are made, and what its functions give."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.extensions.stack_types import Place, require_known, require_properties
from localcloud.refusal import UNKNOWN, Refusal

SECTIONS = ("AWSTemplateFormatVersion", "Description", "Metadata", "Resources", "Outputs")
RESOURCE_KEYS = ("Type", "Properties", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata")
DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate")
FUNCTIONS = ("Ref", "Fn::GetAtt", "Fn::Join")
MOST_BYTES = 51_200
"""Size of a template in a request; AWS CloudFormation User Guide, "CloudFormation quotas"."""


def parse(body: str | None) -> dict[str, Any]:
    """A template, checked whole before anything is made of it; Refusal says what in it is wrong."""
    if not body:
        raise Refusal(UNKNOWN, "the local cloud reads a template from TemplateBody; there is none")
    if len(body.encode()) > MOST_BYTES:
        raise Refusal("ValidationError", f"templateBody: at most {MOST_BYTES} bytes, found {len(body.encode())}")
    try:
        template = json.loads(body)
    except ValueError as error:
        raise Refusal("ValidationError", f"Template format error: no JSON ({error}); no YAML is read here") from None
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict) or not template["Resources"]:
        raise Refusal("ValidationError", "Template format error: At least one Resources member must be defined.")
    for section in template:
        if section not in SECTIONS:
            raise Refusal(UNKNOWN, f"the local cloud reads no {section} in a template; it reads {', '.join(SECTIONS)}")
    for logical_id, resource in template["Resources"].items():
        _check(logical_id, resource)
    for logical_id, resource in template["Resources"].items():
        for target in references(resource):
            if target not in template["Resources"] and not target.startswith("AWS::"):
                raise Refusal(
                    "ValidationError",
                    f"Template format error: Unresolved resource dependencies [{target}] in the Resources block of "
                    f"the template (from {logical_id})",
                )
    in_order(template)
    return template


def _check(logical_id: str, resource: Any) -> None:
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise Refusal("ValidationError", f"Template format error: [/Resources/{logical_id}] must have a Type")
    for key in resource:
        if key not in RESOURCE_KEYS:
            known = ", ".join(RESOURCE_KEYS)
            raise Refusal(UNKNOWN, f"the local cloud reads no {key} of a resource ({logical_id}); it reads {known}")
    for key in ("DeletionPolicy", "UpdateReplacePolicy"):
        allowed = DELETION_POLICIES if key == "DeletionPolicy" else DELETION_POLICIES[:2]
        if resource.get(key, "Delete") not in allowed:
            raise Refusal(
                "ValidationError",
                f"Template format error: {logical_id}.{key}: found {resource[key]}, allowed are {', '.join(allowed)}",
            )
    kind = require_known(resource["Type"], logical_id)
    require_properties(kind, resource["Type"], logical_id, resource.get("Properties", {}))
    for function in _functions(resource):
        if function not in FUNCTIONS:
            raise Refusal(
                UNKNOWN, f"{logical_id}: the local cloud does not know {function}; it knows {', '.join(FUNCTIONS)}"
            )


def _functions(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _functions(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref" or key.startswith("Fn::"):
                yield key
            yield from _functions(item)


def references(value: Any) -> Iterator[str]:
    """Logical ids that a resource needs."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if "Type" in value and "DependsOn" in value:
            needed = value["DependsOn"]
            yield from [needed] if isinstance(needed, str) else needed
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item[0] if isinstance(item, list) else item.split(".")[0]
            else:
                yield from references(item)


def in_order(template: Mapping[str, Any]) -> list[str]:
    """Logical ids so that each comes after what it needs; Refusal where they need each other."""
    needs = {
        logical_id: {target for target in references(resource) if not target.startswith("AWS::")}
        for logical_id, resource in template["Resources"].items()
    }
    done: list[str] = []
    while len(done) < len(needs):
        ready = sorted(one for one, needed in needs.items() if one not in done and needed <= set(done))
        if not ready:
            left = ", ".join(sorted(needs.keys() - set(done)))
            raise Refusal("ValidationError", f"Circular dependency between resources: [{left}]")
        done += ready
    return done


def resolved(value: Any, place: Place, made: Mapping[str, Mapping[str, Any]]) -> Any:
    """A value with its functions' results in their place; `made` are the stack's resources so far."""
    if isinstance(value, list):
        return [resolved(item, place, made) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref":
            return _pseudo(argument, place) if argument.startswith("AWS::") else made[argument]["PhysicalResourceId"]
        if name == "Fn::GetAtt":
            logical_id, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
            return _attribute(logical_id, attribute, place, made)
        if name == "Fn::Join":
            return argument[0].join(str(item) for item in resolved(argument[1], place, made))
    return {key: resolved(item, place, made) for key, item in value.items()}


def _attribute(logical_id: str, attribute: str, place: Place, made: Mapping[str, Mapping[str, Any]]) -> str:
    one = made[logical_id]
    kind = require_known(one["ResourceType"], logical_id)
    found = kind.attributes(place, one["PhysicalResourceId"], one["Properties"])
    if attribute not in found:
        raise Refusal(
            "ValidationError",
            f"Template error: resource {logical_id} does not support attribute type {attribute} in Fn::GetAtt",
        )
    return found[attribute]


def _pseudo(name: str, place: Place) -> str:
    known = {
        "AWS::AccountId": place.account,
        "AWS::Partition": "aws",
        "AWS::Region": place.region,
        "AWS::StackId": place.stack_id,
        "AWS::StackName": place.stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }
    if name not in known:
        raise Refusal(UNKNOWN, f"the local cloud does not know {name}; it knows {', '.join(known)}")
    return known[name]
