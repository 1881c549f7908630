"""Keys and aliases in a stack: moto's stacks drop the aliases and the rotation period."""

import json
from collections.abc import Mapping
from typing import Any

from localcloud.extensions.stack_types import ANY, KINDS, Kind, Place, tag_dict
from localcloud.refusal import Refusal


def _make(place: Place, _: str, properties: Mapping[str, Any]) -> str:
    kms = place.client("kms")
    given: dict[str, Any] = {}
    if "KeyPolicy" in properties:
        given["Policy"] = json.dumps(properties["KeyPolicy"])
    tags = [{"TagKey": key, "TagValue": value} for key, value in tag_dict(properties.get("Tags")).items()]
    made = kms.create_key(Description=properties.get("Description", ""), Tags=tags, **given)
    name = made["KeyMetadata"]["KeyId"]
    _rotate(place, name, properties)
    return name


def _rotate(place: Place, name: str, properties: Mapping[str, Any]) -> None:
    kms = place.client("kms")
    if properties.get("EnableKeyRotation"):
        days = (
            {"RotationPeriodInDays": properties["RotationPeriodInDays"]} if "RotationPeriodInDays" in properties else {}
        )
        kms.enable_key_rotation(KeyId=name, **days)
    else:
        kms.disable_key_rotation(KeyId=name)


def _change(place: Place, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    kms = place.client("kms")
    changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    if "KeyPolicy" in changed and "KeyPolicy" in new:
        kms.put_key_policy(KeyId=name, PolicyName="default", Policy=json.dumps(new["KeyPolicy"]))
    if "Description" in changed:
        kms.update_key_description(KeyId=name, Description=new.get("Description", ""))
    if changed & {"EnableKeyRotation", "RotationPeriodInDays"}:
        _rotate(place, name, new)
    if "Tags" in changed:
        before, after = tag_dict(old.get("Tags")), tag_dict(new.get("Tags"))
        if gone := sorted(before.keys() - after.keys()):
            kms.untag_resource(KeyId=name, TagKeys=gone)
        kms.tag_resource(KeyId=name, Tags=[{"TagKey": key, "TagValue": value} for key, value in after.items()])


def _unmake(place: Place, name: str, properties: Mapping[str, Any]) -> None:
    place.client("kms").schedule_key_deletion(KeyId=name, PendingWindowInDays=properties.get("PendingWindowInDays", 30))


KINDS["AWS::KMS::Key"] = Kind(
    properties={
        "Description": ANY,
        "KeyPolicy": ANY,
        "EnableKeyRotation": ANY,
        "RotationPeriodInDays": ANY,
        "PendingWindowInDays": ANY,
        "Tags": [{"Key": ANY, "Value": ANY}],
    },
    required=(),
    fixed=frozenset(),
    make=_make,
    change=_change,
    unmake=_unmake,
    attributes=lambda place, name, _: {
        "Arn": f"arn:aws:kms:{place.region}:{place.account}:key/{name}",
        "KeyId": name,
    },
)


def _make_alias(place: Place, _: str, properties: Mapping[str, Any]) -> str:
    name = properties["AliasName"]
    if any(alias["AliasName"] == name for alias in place.client("kms").list_aliases()["Aliases"]):
        raise Refusal("AlreadyExists", f"{name} already exists")
    place.client("kms").create_alias(AliasName=name, TargetKeyId=properties["TargetKeyId"])
    return name


def _change_alias(place: Place, name: str, _: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    place.client("kms").update_alias(AliasName=name, TargetKeyId=new["TargetKeyId"])


KINDS["AWS::KMS::Alias"] = Kind(
    properties={"AliasName": ANY, "TargetKeyId": ANY},
    required=("AliasName", "TargetKeyId"),
    fixed=frozenset({"AliasName"}),
    make=_make_alias,
    change=_change_alias,
    unmake=lambda place, name, _: place.client("kms").delete_alias(AliasName=name),
    attributes=lambda *_: {},
)
