"""Tokens by which EKS knows who asks: a signed question to STS, who the signer is.

As `aws eks get-token` makes them (EKS best practices, "cluster authentication"): a GetCallerIdentity URL, signed
with the name of the cluster in a header, in base64 after `k8s-aws-v1.`. Nothing is sent to make one.
"""

import base64
from collections.abc import Mapping, MutableMapping
from typing import Any

from seedbed.account import Account

HEADER = "x-k8s-aws-id"
SECONDS = 60
"""For how long STS takes the signature; the cluster then takes the token for 15 minutes."""


def token(account: Account, cluster: str) -> str:
    """A token for a cluster of the account's region, of whoever the account's credentials belong to."""
    sts = account.client("sts")
    sts.meta.events.register("provide-client-params.sts.GetCallerIdentity", _take, unique_id="seedbed-cluster-take")
    sts.meta.events.register("before-sign.sts.GetCallerIdentity", _give, unique_id="seedbed-cluster-give")
    url = sts.generate_presigned_url(
        "get_caller_identity", Params={HEADER: cluster}, ExpiresIn=SECONDS, HttpMethod="GET"
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _take(params: MutableMapping[str, Any], context: MutableMapping[str, Any], **_: Any) -> None:
    # The API knows no such parameter: what is left of it goes into the header below.
    if HEADER in params:
        context[HEADER] = params.pop(HEADER)


def _give(request: Any, **_: Any) -> None:
    context: Mapping[str, Any] = request.context
    if HEADER in context:
        request.headers[HEADER] = context[HEADER]
