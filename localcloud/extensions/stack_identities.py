"""Managed policies and identity providers in a stack: moto's stacks know no provider and no tags of it."""

import json
from collections.abc import Mapping
from typing import Any

from localcloud.extensions.stack_types import ANY, KINDS, Kind, Place, tag_dict, tag_list


def _make_policy(place: Place, _: str, properties: Mapping[str, Any]) -> str:
    made = place.client("iam").create_policy(
        PolicyName=properties["ManagedPolicyName"],
        Path=properties.get("Path", "/"),
        Description=properties.get("Description", ""),
        PolicyDocument=json.dumps(properties["PolicyDocument"]),
    )
    return made["Policy"]["Arn"]


def _change_policy(place: Place, arn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """A new version becomes the default, and the former one goes: IAM keeps five."""
    if old["PolicyDocument"] == new["PolicyDocument"]:
        return
    iam = place.client("iam")
    former = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(new["PolicyDocument"]), SetAsDefault=True)
    iam.delete_policy_version(PolicyArn=arn, VersionId=former)


KINDS["AWS::IAM::ManagedPolicy"] = Kind(
    properties={"ManagedPolicyName": ANY, "Path": ANY, "Description": ANY, "PolicyDocument": ANY},
    required=("ManagedPolicyName", "PolicyDocument"),
    fixed=frozenset({"ManagedPolicyName", "Path", "Description"}),
    make=_make_policy,
    change=_change_policy,
    unmake=lambda place, arn, _: place.client("iam").delete_policy(PolicyArn=arn),
    attributes=lambda _place, arn, _: {"PolicyArn": arn},
    is_named_identity=True,
)


def _make_provider(place: Place, _: str, properties: Mapping[str, Any]) -> str:
    made = place.client("iam").create_open_id_connect_provider(
        Url=properties["Url"],
        ClientIDList=properties.get("ClientIdList", []),
        ThumbprintList=properties.get("ThumbprintList", []),
        Tags=tag_list(tag_dict(properties.get("Tags"))),
    )
    return made["OpenIDConnectProviderArn"]


def _change_provider(place: Place, arn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    iam = place.client("iam")
    before, after = set(old.get("ClientIdList", [])), set(new.get("ClientIdList", []))
    for gone in sorted(before - after):
        iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=gone)
    for added in sorted(after - before):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=added)
    if old.get("ThumbprintList") != new.get("ThumbprintList"):
        iam.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=arn, ThumbprintList=new.get("ThumbprintList", [])
        )
    had, has = tag_dict(old.get("Tags")), tag_dict(new.get("Tags"))
    if gone_tags := sorted(had.keys() - has.keys()):
        iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=gone_tags)
    if had != has:
        iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=tag_list(has))


KINDS["AWS::IAM::OIDCProvider"] = Kind(
    properties={"Url": ANY, "ClientIdList": [ANY], "ThumbprintList": [ANY], "Tags": [{"Key": ANY, "Value": ANY}]},
    required=("Url",),
    fixed=frozenset({"Url"}),
    make=_make_provider,
    change=_change_provider,
    unmake=lambda place, arn, _: place.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=arn),
    attributes=lambda _place, arn, _: {"Arn": arn},
)
