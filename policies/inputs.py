"""Inputs as the engine sends them, made plain: from the SDK's proxies, or straight from the message."""

import math
import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi_policy import deserialize, policy, proxy

from policies.stack import UNKNOWN

MARKERS = frozenset(value for name, value in vars(proxy).items() if re.fullmatch(r"UNKNOWN_\w+_VALUE", name))
"""Texts that stand for a value that the engine does not know."""


class Sent(Mapping[str, Any]):
    """A message of inputs that nobody has decoded yet; `plain` does it in one go, whoever else reads it as the SDK."""

    def __init__(self, message: struct_pb2.Struct) -> None:
        self.message = message

    def copy(self) -> dict[str, Any]:
        return json_format.MessageToDict(self.message)

    def __getitem__(self, key: str) -> Any:
        return self.copy()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.message.fields)

    def __len__(self) -> int:
        return len(self.message.fields)


def undecoded() -> None:
    """From now on the SDK hands the policies of this process what was sent.

    It would decode and wrap all inputs, and those of the provider, anew for each policy and before it asks whether
    anything is to be mended: three quarters of what a pack costs (docs/performance.md).
    """
    decode, wrap = deserialize.deserialize_properties, proxy.unknown_checking_proxy
    changes = {
        "json_format": SimpleNamespace(MessageToDict=Sent),
        "deserialize_properties": lambda given, *more: given if isinstance(given, Sent) else decode(given, *more),
        "unknown_checking_proxy": lambda given: given if isinstance(given, Sent) else wrap(given),
    }
    for name, instead in changes.items():
        setattr(policy, name, instead)


def plain(props: Any) -> dict[str, Any]:
    """What the SDK hands to a policy, as plain data with `UNKNOWN` for the engine's markers; plain data stays as it is.

    Inputs of the engine's own (`__defaults`) are left out.
    """
    if isinstance(props, dict):
        return props
    if isinstance(props, Sent):
        return _fields(props.message.fields)
    return _marked(deserialize.serialize_properties(props))


def _fields(fields: Mapping[str, struct_pb2.Value]) -> dict[str, Any]:
    return {key: _value(fields[key]) for key in fields if not key.startswith("__")}


def _value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in MARKERS else text
    if kind == "struct_value":
        fields = value.struct_value.fields
        return _signed(value) if deserialize.SPECIAL_SIG_KEY in fields else _fields(fields)
    if kind == "list_value":
        return [_value(one) for one in value.list_value.values]
    if kind == "number_value" and not math.isfinite(value.number_value):
        raise ValueError("an input is a number that JSON does not have")
    return getattr(value, kind) if kind in ("bool_value", "number_value") else None


def _signed(value: struct_pb2.Value) -> Any:
    """A secret, asset or archive, which are rare, as the SDK reads it."""
    read = deserialize.deserialize_properties({"it": json_format.MessageToDict(value)})
    return _marked(deserialize.serialize_properties(read))["it"]


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _marked(one) for key, one in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [_marked(one) for one in value]
    return UNKNOWN if isinstance(value, str) and value in MARKERS else value
