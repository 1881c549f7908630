"""moto's OpenID Connect providers cannot change their clients, and vanish without having been there."""

from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal

MOST = 100
"""Client IDs of one provider; IAM User Guide, "IAM and AWS STS quotas"."""


def _provider(call: Call) -> Any:
    arn = call.input["OpenIDConnectProviderArn"]
    found = call.backend.open_id_providers.get(arn)
    if found is None:
        raise Refusal("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}", 404)
    return found


@overlay.checks("iam", "CreateOpenIDConnectProvider")
def clients_are_not_too_many(call: Call) -> None:
    """IAM API Reference, CreateOpenIDConnectProvider: LimitExceeded."""
    if len(call.input.get("ClientIDList", [])) > MOST:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST}", 409)


@overlay.answers("iam", "AddClientIDToOpenIDConnectProvider")
def add(call: Call) -> dict[str, Any]:
    """IAM API Reference: idempotent."""
    provider, client = _provider(call), call.input["ClientID"]
    if client not in provider.client_id_list:
        if len(provider.client_id_list) >= MOST:
            raise Refusal("LimitExceeded", f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST}", 409)
        provider.client_id_list = [*provider.client_id_list, client]
    return {}


@overlay.answers("iam", "RemoveClientIDFromOpenIDConnectProvider")
def remove(call: Call) -> dict[str, Any]:
    """IAM API Reference: idempotent."""
    provider = _provider(call)
    provider.client_id_list = [known for known in provider.client_id_list if known != call.input["ClientID"]]
    return {}


@overlay.checks("iam", "DeleteOpenIDConnectProvider")
def a_provider_is_there(call: Call) -> None:
    """IAM API Reference, DeleteOpenIDConnectProvider: NoSuchEntity. Roles that trust it do not keep it."""
    _provider(call)
