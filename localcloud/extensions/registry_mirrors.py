"""moto has no pull-through cache rules of ECR."""

import re
from datetime import UTC, datetime
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal

PUBLIC = {"public.ecr.aws": "ecr-public", "quay.io": "quay", "registry.k8s.io": "k8s"}
"""Upstreams that need no credentials; Amazon ECR API Reference, CreatePullThroughCacheRule."""

WITH_CREDENTIALS = {
    "registry-1.docker.io": "docker-hub",
    "ghcr.io": "github-container-registry",
    "registry.gitlab.com": "gitlab-container-registry",
    "cgr.dev": "chainguard",
}
"""Upstreams that need a secret whose name begins with ecr-pullthroughcache/."""

MOST = 50
"""Rules of a registry; Amazon ECR User Guide, "Amazon ECR service quotas"."""

PREFIX = re.compile(r"ROOT|(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*/?")


def rules(call: Call) -> dict[str, dict[str, Any]]:
    """The registry's rules by prefix."""
    return vars(call.backend).setdefault("pull_through_cache_rules", {})


def require_prefix(prefix: str) -> None:
    """Refuses what no repository's name can begin with."""
    if not 2 <= len(prefix) <= 256 or not PREFIX.fullmatch(prefix):
        raise Refusal(
            "InvalidParameterException",
            "Invalid parameter at 'ecrRepositoryPrefix' failed to satisfy constraint: 'must satisfy regular "
            f"expression {PREFIX.pattern}'",
        )


@overlay.answers("ecr", "CreatePullThroughCacheRule")
def create(call: Call) -> dict[str, Any]:
    """A rule for an upstream that ECR knows, with credentials where that upstream wants them."""
    prefix, url = call.input["ecrRepositoryPrefix"], call.input["upstreamRegistryUrl"]
    require_prefix(prefix)
    registry = _registry(url)
    secret = call.input.get("credentialArn", "")
    if registry not in (*PUBLIC.values(), "ecr") and ":secret:ecr-pullthroughcache/" not in secret:
        raise Refusal(
            "InvalidParameterException",
            f"The upstream registry {url} needs credentialArn, the ARN of a secret named ecr-pullthroughcache/…",
        )
    kept = rules(call)
    if prefix in kept:
        raise Refusal(
            "PullThroughCacheRuleAlreadyExistsException",
            f"A pull through cache rule with the repository prefix '{prefix}' already exists in the registry",
        )
    if len(kept) >= MOST:
        raise Refusal("LimitExceededException", f"The registry has {MOST} pull through cache rules")
    given = ("credentialArn", "customRoleArn", "upstreamRepositoryPrefix")
    kept[prefix] = {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": url,
        "createdAt": datetime.now(UTC),
        "updatedAt": datetime.now(UTC),
        "registryId": call.account,
        "upstreamRegistry": call.input.get("upstreamRegistry", registry),
        **{name: call.input[name] for name in given if name in call.input},
    }
    return kept[prefix]


@overlay.answers("ecr", "DescribePullThroughCacheRules")
def describe(call: Call) -> dict[str, Any]:
    """All rules, or those of the prefixes; a prefix without one is an error."""
    kept = rules(call)
    wanted = call.input.get("ecrRepositoryPrefixes") or sorted(kept)
    return {"pullThroughCacheRules": [_one(call, prefix) for prefix in wanted]}


@overlay.answers("ecr", "UpdatePullThroughCacheRule")
def update(call: Call) -> dict[str, Any]:
    """New credentials or a new role for a rule."""
    rule = _one(call, call.input["ecrRepositoryPrefix"])
    rule |= {name: call.input[name] for name in ("credentialArn", "customRoleArn") if name in call.input}
    rule["updatedAt"] = datetime.now(UTC)
    return rule


@overlay.answers("ecr", "DeletePullThroughCacheRule")
def delete(call: Call) -> dict[str, Any]:
    """The rule goes; repositories that it made stay."""
    rule = _one(call, call.input["ecrRepositoryPrefix"])
    del rules(call)[rule["ecrRepositoryPrefix"]]
    return rule


@overlay.answers("ecr", "ValidatePullThroughCacheRule")
def validate(call: Call) -> dict[str, Any]:
    """Whether the upstream could be asked; no request leaves this machine, so a rule that was taken is valid."""
    return {**_one(call, call.input["ecrRepositoryPrefix"]), "isValid": True}


def _one(call: Call, prefix: str) -> dict[str, Any]:
    found = rules(call).get(prefix)
    if found is None:
        raise Refusal(
            "PullThroughCacheRuleNotFoundException",
            f"Could not find pull through cache rule '{prefix}' in the registry with id '{call.account}'",
        )
    return found


def _registry(url: str) -> str:
    if re.fullmatch(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com", url):
        return "ecr"
    known = PUBLIC | WITH_CREDENTIALS
    if url.endswith(".azurecr.io"):
        return "azure-container-registry"
    if url not in known:
        raise Refusal("UnsupportedUpstreamRegistryException", f"The upstream registry {url} is not supported")
    return known[url]
