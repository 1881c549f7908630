"""moto lets attached policies go, and roles trust whom there is not."""

import json
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.policy_language import listed
from localcloud.refusal import Refusal


@overlay.checks("iam", "DeletePolicy")
def an_attached_policy_stays(call: Call) -> None:
    """IAM API Reference, DeletePolicy: detach it and delete its other versions first."""
    policy = call.backend.managed_policies.get(call.input["PolicyArn"])
    if policy is None:
        return
    if policy.attachment_count > 0:
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
