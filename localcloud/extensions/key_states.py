"""moto's keys do not know their rotation period, the end of their waiting time, or what a key policy must be."""

import json
from datetime import timedelta
from typing import Any

from moto.core.utils import utcnow

from localcloud import overlay
from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.policy_language import OPERATORS, Request, effects, listed
from localcloud.refusal import Answer, Refusal

DEFAULT_DAYS, LEAST_DAYS, MOST_DAYS = 365, 90, 2560
"""Rotation period; AWS KMS API Reference, EnableKeyRotation."""

USES = (
    "Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "ReEncrypt",
    "GenerateDataKeyPairWithoutPlaintext", "Sign", "Verify", "GenerateMac", "VerifyMac", "CreateGrant",
)  # fmt: skip
CHANGES = (
    "EnableKey", "DisableKey", "EnableKeyRotation", "DisableKeyRotation", "TagResource", "UntagResource", "UpdateAlias",
    "UpdateKeyDescription", "CreateAlias", "ScheduleKeyDeletion", "RotateKeyOnDemand",
)  # fmt: skip


def _key(call: Call) -> Any:
    name = call.input.get("KeyId") or call.input.get("TargetKeyId")
    try:
        return call.backend.keys.get(call.backend.any_id_to_key_id(name)) if name else None
    except AttributeError:  # an alias of no key
        return None


@overlay.checks("kms")
def keys_go_when_their_time_is_up(call: Call) -> None:
    """AWS KMS Developer Guide, "Delete an AWS KMS key": after the waiting period the key and its aliases are gone."""
    now = utcnow()
    for key in list(call.backend.keys.values()):
        if key.key_state == "PendingDeletion" and key.deletion_date and key.deletion_date <= now:
            call.backend.delete_key(key.id)


@overlay.checks("kms", *USES, *CHANGES)
def the_keys_state_allows_it(call: Call) -> None:
    """AWS KMS Developer Guide, "Key states of AWS KMS keys"."""
    key = _key(call)
    if key is None:
        return
    if key.key_state == "PendingDeletion":
        raise Refusal("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if call.operation in USES and not key.enabled:
        raise Refusal("DisabledException", f"{key.arn} is disabled.")


@overlay.checks("kms", "EnableKeyRotation")
def the_period_is_one_a_key_may_have(call: Call) -> None:
    """AWS KMS API Reference, EnableKeyRotation."""
    key, days = _key(call), call.input.get("RotationPeriodInDays", DEFAULT_DAYS)
    if key is not None and (key.key_spec != "SYMMETRIC_DEFAULT" or key.origin != "AWS_KMS"):
        raise Refusal("UnsupportedOperationException", f"{key.arn} cannot rotate by itself.")
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise Refusal("ValidationException", f"RotationPeriodInDays: found {days}, allowed {LEAST_DAYS} to {MOST_DAYS}")


@overlay.follows("kms", "EnableKeyRotation")
def the_period_is_kept(call: Call, _: Answer) -> None:
    """A year where none is given."""
    key = _key(call)
    key.rotation_period_days = call.input.get("RotationPeriodInDays", DEFAULT_DAYS)
    key.rotation_since = utcnow()


@overlay.follows("kms", "GetKeyRotationStatus")
def the_period_is_told(call: Call, _: Answer) -> dict[str, Any]:
    """With the day of the next rotation, while rotation is on."""
    key = _key(call)
    output: dict[str, Any] = {"KeyId": key.arn, "KeyRotationEnabled": key.key_rotation_status}
    if key.key_rotation_status:
        days = getattr(key, "rotation_period_days", DEFAULT_DAYS)
        output["RotationPeriodInDays"] = days
        output["NextRotationDate"] = getattr(key, "rotation_since", utcnow()) + timedelta(days=days)
    return output


@overlay.follows("kms", "ScheduleKeyDeletion")
def the_waiting_time_is_told(call: Call, answer: Answer) -> dict[str, Any]:
    """State and days of waiting beside the date."""
    output = call.read(answer)
    output.pop("ResponseMetadata", None)
    days = call.input.get("PendingWindowInDays", 30)
    return {**output, "KeyState": "PendingDeletion", "PendingWindowInDays": days, "KeyId": _key(call).arn}


@overlay.checks("kms", "ScheduleKeyDeletion")
def the_waiting_time_is_one_a_key_may_have(call: Call) -> None:
    """AWS KMS API Reference, ScheduleKeyDeletion: 7 to 30 days."""
    days = call.input.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        raise Refusal("ValidationException", f"PendingWindowInDays: found {days}, allowed are 7 to 30")


@overlay.answers("kms", "EnableKey", "DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion")
def a_key_is_named_by_its_arn_too(call: Call) -> Answer:
    """AWS KMS API Reference: KeyId is the key's id or its ARN; moto breaks on the latter."""
    key = _key(call)
    return call.forward(json.dumps({**call.input, "KeyId": key.id}).encode() if key is not None else None)


@overlay.answers("kms", "GetKeyPolicy")
def a_key_has_one_policy(call: Call) -> Answer:
    """AWS KMS API Reference, GetKeyPolicy: the name is `default`, and need not be given."""
    return call.forward(json.dumps({"PolicyName": "default", **call.input}).encode())


@overlay.checks("kms", "CreateKey", "PutKeyPolicy")
def a_key_policy_is_one_a_key_may_have(call: Call) -> None:
    """AWS KMS API Reference, PutKeyPolicy: readable, its principals exist, and who puts it may put another later."""
    text = call.input.get("Policy")
    if text is None:
        return
    document = _read(text)
    for statement in listed(document["Statement"]):
        _check(call, statement)
    if call.input.get("BypassPolicyLockoutSafetyCheck"):
        return
    root = f"arn:aws:iam::{call.account}:root"
    keeper = Request(("kms:PutKeyPolicy",), "*", root, call.account, {"aws:principalaccount": [call.account]})
    if effects(document, keeper) != {"Allow"}:
        raise Refusal(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )


def _read(text: str) -> dict[str, Any]:
    document: dict[str, Any] = {}
    try:
        document = json.loads(text)
        statements = listed(document["Statement"])
        is_whole = all(
            statement["Effect"] in ("Allow", "Deny")
            and ("Principal" in statement) != ("NotPrincipal" in statement)
            and ("Action" in statement) != ("NotAction" in statement)
            for statement in statements
        )
    except (ValueError, KeyError, TypeError):
        is_whole = False
    if not is_whole:
        raise Refusal("MalformedPolicyDocumentException", "The policy document is not a valid key policy.")
    return document


def _check(call: Call, statement: dict[str, Any]) -> None:
    for operator in statement.get("Condition", {}):
        name = operator.removeprefix("ForAnyValue:").removeprefix("ForAllValues:").removesuffix("IfExists")
        if name != "Null" and name not in OPERATORS:
            raise Refusal("MalformedPolicyDocumentException", f"Invalid condition operator: {operator}")
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    named = listed(principal.get("AWS", [])) if isinstance(principal, dict) else []
    iam = backend_of("iam", call.account)
    known = {owner.arn for owner in (*iam.roles.values(), *iam.users.values())}
    for name in named:
        is_own = f":iam::{call.account}:" in name and not name.endswith(":root")
        if is_own and name not in known:
            raise Refusal(
                "MalformedPolicyDocumentException",
                f"Policy contains a statement with one or more invalid principals: {name}",
            )
