"""moto lets attached policies go, and roles trust whom there is not."""

import json
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.policy_language import listed
from localcloud.refusal import Refusal

GITHUB = "token.actions.githubusercontent.com"
"""Issuer that all repositories share, so that a trust in it must say whose token."""


@overlay.checks("iam", "DeletePolicy")
def an_attached_policy_stays(call: Call) -> None:
    """IAM API Reference, DeletePolicy: detach it and delete its other versions first."""
    policy = call.backend.managed_policies.get(call.input["PolicyArn"])
    if policy is None:
        return
    bounded = [role.name for role in call.backend.roles.values() if role.permissions_boundary_arn == policy.arn]
    if policy.attachment_count > 0 or bounded:
        raise Refusal("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    if len(policy.versions) > 1:
        raise Refusal(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
            409,
        )


@overlay.checks("iam", "CreateRole", "UpdateAssumeRolePolicy")
def a_role_trusts_only_whom_there_is(call: Call) -> None:
    """IAM API Reference, CreateRole: MalformedPolicyDocument for a principal that does not exist."""
    try:
        document = json.loads(call.input.get("AssumeRolePolicyDocument") or call.input.get("PolicyDocument") or "")
        statements = listed(document["Statement"])
    except (ValueError, KeyError, TypeError):
        raise Refusal("MalformedPolicyDocument", "This policy contains invalid Json") from None
    for statement in statements:
        _check_trust(statement)
    known = {owner.arn for owner in (*call.backend.roles.values(), *call.backend.users.values())}
    providers = {provider.arn for provider in call.backend.open_id_providers.values()}
    for statement in statements:
        principal: Any = statement.get("Principal", {})
        for kind, names in principal.items() if isinstance(principal, dict) else ():
            for name in listed(names):
                own = f":iam::{call.account}:"
                is_missing = (kind == "AWS" and own in name and not name.endswith(":root") and name not in known) or (
                    kind == "Federated" and f"{own}oidc-provider/" in name and name not in providers
                )
                if is_missing:
                    raise Refusal("MalformedPolicyDocument", f'Invalid principal in policy: "{kind}":"{name}"')


def _check_trust(statement: dict[str, Any]) -> None:
    """IAM User Guide, "Role trust policy" and "Identity-provider controls for shared OIDC providers"."""
    if statement.get("Effect") not in ("Allow", "Deny") or ("Action" in statement) == ("NotAction" in statement):
        raise Refusal("MalformedPolicyDocument", "A statement needs an Effect, and either Action or NotAction.")
    if "Resource" in statement or "NotResource" in statement:
        raise Refusal("MalformedPolicyDocument", "Has prohibited field Resource")
    if ("Principal" in statement) == ("NotPrincipal" in statement):
        raise Refusal("MalformedPolicyDocument", "Missing required field Principal")
    if not all(str(action).lower().startswith("sts:") for action in listed(statement.get("Action", []))):
        raise Refusal("MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions.")
    principal: Any = statement.get("Principal", {})
    federated = listed(principal.get("Federated", [])) if isinstance(principal, dict) else []
    if statement["Effect"] == "Allow" and any(name.endswith(f"oidc-provider/{GITHUB}") for name in federated):
        subjects = [
            value
            for keys in statement.get("Condition", {}).values()
            for key, values in keys.items()
            if key.lower() == f"{GITHUB}:sub"
            for value in listed(values)
        ]
        if not subjects or "*" in subjects:
            raise Refusal("MalformedPolicyDocument", f"A trust in {GITHUB} needs a condition on {GITHUB}:sub.")


@overlay.checks("iam", "CreateRole", "PutRolePermissionsBoundary")
def a_boundary_is_there(call: Call) -> None:
    """IAM API Reference, PutRolePermissionsBoundary: NoSuchEntity."""
    arn = call.input.get("PermissionsBoundary")
    if arn and arn not in call.backend.managed_policies:
        raise Refusal("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)
