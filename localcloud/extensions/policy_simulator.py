"""moto has no policy simulator."""

import json
from collections.abc import Iterable
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.policy_language import Request, applies, listed
from localcloud.refusal import Refusal

Document = dict[str, Any]


@overlay.answers("iam", "SimulateCustomPolicy")
def simulate_custom(call: Call) -> dict[str, Any]:
    """IAM API Reference, SimulateCustomPolicy: the policies of the request alone."""
    return _results(call, _read(call.input["PolicyInputList"], "PolicyInputList"), [], call.input.get("CallerArn"))


@overlay.answers("iam", "SimulatePrincipalPolicy")
def simulate_principal(call: Call) -> dict[str, Any]:
    """IAM API Reference, SimulatePrincipalPolicy: all policies of the principal, its boundary, and those added."""
    iam, arn = call.backend, call.input["PolicySourceArn"]
    owners = [owner for kind in (iam.roles, iam.users, iam.groups) for owner in kind.values() if owner.arn == arn]
    if not owners:
        raise Refusal("NoSuchEntity", f"{arn} is no role, user or group of the account", 404)
    named = [*owners, *(group for group in iam.groups.values() if owners[0] in group.users)]
    own = {f"{number}": text for number, text in enumerate(_texts(named))}
    documents = {**_read(list(own.values()), arn), **_read(call.input.get("PolicyInputList", []), "PolicyInputList")}
    boundary_arn = getattr(owners[0], "permissions_boundary_arn", None)
    bounded = [_default(iam.managed_policies[boundary_arn])] if boundary_arn in iam.managed_policies else []
    return _results(call, documents, list(_read(bounded, "PermissionsBoundary").values()), arn)


def _texts(owners: Iterable[Any]) -> list[str]:
    texts: list[str] = []
    for owner in owners:
        inline = owner.policies
        texts += [json.dumps(text) if isinstance(text, dict) else text for text in _inline(inline)]
        texts += [_default(policy) for policy in owner.managed_policies.values()]
    return texts


def _inline(policies: Any) -> list[Any]:
    if isinstance(policies, dict):
        return [getattr(policy, "policy_document", policy) for policy in policies.values()]
    return [getattr(policy, "policy_document", policy) for policy in policies]


def _default(policy: Any) -> str:
    version = next(version for version in policy.versions if version.is_default)
    return version.document if isinstance(version.document, str) else json.dumps(version.document)


def _read(texts: list[str], where: str) -> dict[str, Document]:
    documents = {}
    for number, text in enumerate(texts, 1):
        try:
            document = json.loads(text)
            whole = all(
                statement["Effect"] in ("Allow", "Deny") and ("Action" in statement) != ("NotAction" in statement)
                for statement in listed(document["Statement"])
            )
        except (ValueError, KeyError, TypeError):
            whole, document = False, {}
        if not whole:
            raise Refusal("InvalidInput", f"{where}: policy {number} does not read as a policy")
        documents[f"{where}.{number}"] = document
    return documents


def _results(call: Call, policies: dict[str, Document], bounds: list[Document], caller: str | None) -> dict[str, Any]:
    given = call.input
    bounds = bounds + list(_read(given.get("PermissionsBoundaryPolicyInputList", []), "Boundary").values())
    resource_policy = (
        list(_read([given["ResourcePolicy"]], "ResourcePolicy").values()) if "ResourcePolicy" in given else []
    )
    context = {
        entry["ContextKeyName"].lower(): [str(value) for value in entry.get("ContextKeyValues", [])]
        for entry in given.get("ContextEntries", [])
    }
    if caller:
        context.setdefault("aws:principalarn", [caller])
        context.setdefault("aws:principalaccount", [call.account])
    results = []
    for action in given["ActionNames"]:
        if ":" not in action:
            raise Refusal("InvalidInput", f"ActionNames: found {action}, wanted service:Action")
        for resource in given.get("ResourceArns") or ["*"]:
            request = Request((action,), resource, caller, call.account, context)
            results.append(_result(request, policies, bounds, resource_policy))
    return {"EvaluationResults": results, "IsTruncated": False}


def _result(
    request: Request, policies: dict[str, Document], bounds: list[Document], resource_policy: list[Document]
) -> dict[str, Any]:
    """IAM User Guide, "Policy evaluation logic": a Deny anywhere; then an Allow within the boundary."""
    matched = {name: _matching(document, request) for name, document in policies.items()}
    own = {effect for effects in matched.values() for effect in effects}
    bound = {effect for document in bounds for effect in _matching(document, request)}
    by_resource = {effect for document in resource_policy for effect in _matching(document, request)}
    is_bounded = not bounds or "Allow" in bound
    if "Deny" in own | bound | by_resource:
        decision = "explicitDeny"
    elif ("Allow" in own and is_bounded) or "Allow" in by_resource:
        decision = "allowed"
    else:
        decision = "implicitDeny"
    result: dict[str, Any] = {
        "EvalActionName": request.actions[0],
        "EvalResourceName": request.resource,
        "EvalDecision": decision,
        "MatchedStatements": [
            {"SourcePolicyId": name, "SourcePolicyType": "IAM Policy"} for name, found in matched.items() if found
        ],
        "MissingContextValues": _missing([*policies.values(), *bounds, *resource_policy], request),
    }
    if bounds:
        detail = {"AllowedByPermissionsBoundary": "Allow" in bound and "Deny" not in bound}
        result["PermissionsBoundaryDecisionDetail"] = detail
    return result


def _matching(document: Document, request: Request) -> list[str]:
    return [one["Effect"] for one in listed(document["Statement"]) if applies(one, request)]


def _missing(documents: list[Document], request: Request) -> list[str]:
    keys = {
        key
        for document in documents
        for statement in listed(document["Statement"])
        for conditions in statement.get("Condition", {}).values()
        for key in conditions
    }
    return sorted(key for key in keys if key.lower() not in request.context)
