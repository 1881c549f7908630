"""What S3 demands of a bucket policy before it takes one, and which policies make a bucket public."""

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any

from localcloud.bucket_actions import OF_OBJECTS
from localcloud.policy_language import OPERATORS, listed
from localcloud.refusal import Refusal

MAX_BYTES = 20 * 1024
"""S3 User Guide, "Policies and permissions in Amazon S3"."""

_ELEMENTS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip
_KINDS = ("AWS", "CanonicalUser", "Federated", "Service")

# Condition keys that, bound to fixed values, keep a policy from being public; S3 User Guide, "The meaning of 'public'".
_NARROWING = (
    "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceaccount", "aws:sourceowner", "aws:userid",
    "aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:principalaccount", "aws:sourceorgid",
    "s3:dataaccesspointarn", "s3:dataaccesspointaccount", "s3:x-amz-server-side-encryption-aws-kms-key-id",
)  # fmt: skip


def validated(text: bytes, bucket: str, exists: Callable[[str], bool]) -> dict[str, Any]:
    """The policy as read, or Refusal with S3's MalformedPolicy; `exists` tells whether an ARN names a principal."""
    if len(text) > MAX_BYTES:
        raise _malformed(f"Normalized policy document exceeds the maximum allowed size of {MAX_BYTES} bytes.")
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'")
    if document.get("Version", "2008-10-17") not in ("2008-10-17", "2012-10-17"):
        raise _malformed("The policy must contain a valid version string")
    for name in document.keys() - {"Version", "Id", "Statement"}:
        raise _malformed(f"Unknown field {name}")
    statements = listed(document.get("Statement") or [])
    if not statements:
        raise _malformed("Missing required field Statement")
    sids = [statement["Sid"] for statement in statements if isinstance(statement, dict) and "Sid" in statement]
    if len(set(sids)) < len(sids):
        raise _malformed("Statement IDs (SID) in a single policy must be unique.")
    for statement in statements:
        _check_statement(statement, bucket, exists)
    return document


def _check_statement(statement: Any, bucket: str, exists: Callable[[str], bool]) -> None:
    if not isinstance(statement, dict):
        raise _malformed("Invalid policy syntax.")
    for name in statement.keys() - _ELEMENTS:
        raise _malformed(f"Unknown field {name}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        found = statement.get("Effect")
        raise _malformed(f"Invalid effect: {found}" if found else "Missing required field Effect")
    for element in ("Principal", "Action", "Resource"):
        if (element in statement) == (f"Not{element}" in statement):
            raise _malformed(f"Missing required field {element}")
    _check_principals(statement.get("Principal", statement.get("NotPrincipal")), exists)
    actions = _strings(statement, "Action")
    for action in actions:
        if action != "*" and not re.fullmatch(r"s3:[\w*?]+", action, re.IGNORECASE):
            raise _malformed("Policy has invalid action")
    resources = _strings(statement, "Resource")
    own = f"arn:aws:s3:::{bucket}"
    for resource in resources:
        if resource != own and not resource.startswith((f"{own}/", f"{own}*")):
            raise _malformed("Policy has invalid resource")
    _check_conditions(statement.get("Condition", {}))
    named = {action.partition(":")[2] for action in actions}
    if "Action" in statement and named <= OF_OBJECTS and all(resource == own for resource in resources):
        raise _malformed("Action does not apply to any resource(s) in statement")
    known_of_bucket = all(re.fullmatch(r"(Get|Put|List|Delete)Bucket\w*", name) for name in named)
    if "Action" in statement and known_of_bucket and all(resource.startswith(f"{own}/") for resource in resources):
        raise _malformed("Action does not apply to any resource(s) in statement")


def _check_principals(principal: Any, exists: Callable[[str], bool]) -> None:
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal or principal.keys() - set(_KINDS):
        raise _malformed("Invalid policy syntax.")
    for kind, names in principal.items():
        for name in listed(names):
            if not isinstance(name, str) or (kind == "AWS" and not exists(name)):
                raise _malformed(f"Invalid principal in policy: {json.dumps({kind: name})}")


def _check_conditions(conditions: Any) -> None:
    if not isinstance(conditions, dict):
        raise _malformed("Invalid policy syntax.")
    for operator, keys in conditions.items():
        name = operator.removeprefix("ForAnyValue:").removeprefix("ForAllValues:")
        if name != "Null" and name.removesuffix("IfExists") not in OPERATORS:
            raise _malformed(f"Invalid Condition type : {operator}")
        if not isinstance(keys, dict):
            raise _malformed("Invalid policy syntax.")
        for key in keys:
            if not key.lower().startswith(("aws:", "s3:", "saml:", "jwt:", "kms:")):
                raise _malformed("Policy has an invalid condition key")


def _strings(statement: dict[str, Any], element: str) -> list[str]:
    found = listed(statement.get(element, statement.get(f"Not{element}")))
    if not found or not all(isinstance(value, str) for value in found):
        raise _malformed(f"Missing required field {element}")
    return found


def is_public(document: dict[str, Any]) -> bool:
    """Whether the policy lets in whoever comes; S3 User Guide, "The meaning of 'public'"."""
    return any(
        statement["Effect"] == "Allow" and _for_all(statement) and not _narrowed(statement.get("Condition", {}))
        for statement in listed(document["Statement"])
    )


def _for_all(statement: dict[str, Any]) -> bool:
    if "NotPrincipal" in statement:
        return True
    principal = statement["Principal"]
    return principal == "*" or "*" in listed(principal.get("AWS", []))


def _narrowed(conditions: dict[str, Any]) -> bool:
    for operator, keys in conditions.items():
        if "Not" in operator or operator.endswith("IfExists") or operator == "Null":
            continue
        for key, wanted in keys.items():
            values = [str(value) for value in listed(wanted)]
            if key.lower() in _NARROWING and not any("*" in value or "${" in value for value in values):
                return True
            if key.lower() == "aws:sourceip" and all(map(_is_narrow_network, values)):
                return True
    return False


def _is_narrow_network(text: str) -> bool:
    """A range that is not most of the internet; S3 holds IPv4 wider than /8 and IPv6 wider than /32 for public."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= (8 if network.version == 4 else 32)


def _malformed(message: str) -> Refusal:
    return Refusal("MalformedPolicy", message)
