"""Others that the program names: the cloud that processes, registered processors, and who supplies or is told."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from policies import rule
from stacks.settings import Settings

ACCOUNT = re.compile(r"arn:aws[\w-]*:[\w-]*:[\w-]*:(\d{12}):")
PROVIDER = "pulumi:providers:aws"
MIRROR = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
CLOUD = "Amazon Web Services"
REGISTER = "policies/config: RES.processors"
UNSAID = "not in the program"


@dataclass(frozen=True, kw_only=True)
class Party:
    """Somebody outside the environment."""

    name: str
    role: str
    """`processor`, `sink of telemetry`, `other account`, `supplier`, `deploys` or `recipient of notices`."""

    does: str
    """What it does for the environment, and with what."""

    where: str
    contract: str
    """Reference of the contract under Art. 28(3), as far as the program knows one."""

    proof: tuple[str, ...]
    """URNs, settings or parameters that name it."""


def parties(stack: rule.Stack, settings: Settings, levels: rule.Config) -> tuple[Party, ...]:
    """Everybody whom the program names, processors first."""
    register = levels.of("RES-04").get("processors", ())
    clouds = [one for one in register if str(one.get("name", "")).startswith(CLOUD)]
    return (
        *_cloud(stack, clouds),
        *(_processor(one) for one in register if one not in clouds),
        *_sinks(levels),
        *_accounts(stack, settings),
        *_suppliers(stack, settings),
        *_told(stack),
    )


def _cloud(stack: rule.Stack, known: Sequence[Mapping[str, Any]]) -> Iterator[Party]:
    """AWS by region, with what the register says of it."""
    entry = known[0] if known else {}
    by_region: dict[str, list[rule.Resource]] = {}
    for one in stack.by_type.get(PROVIDER, ()):
        region = rule.look(one.props, "region")
        by_region.setdefault(region if isinstance(region, str) else "", []).append(one)
    for region, providers in sorted(by_region.items()):
        accounts = sorted({account for one in providers for account in _listed(one.props.get("allowedAccountIds"))})
        yield Party(
            name=str(entry.get("name") or ("AWS European Sovereign Cloud" if region.startswith("eusc-") else CLOUD)),
            role="processor",
            does=f"runs everything, in account {', '.join(accounts) or UNSAID}",
            where=", ".join(str(one) for one in (region, entry.get("country")) if one) or UNSAID,
            contract=str(entry.get("contract") or UNSAID),
            proof=(*(one.urn for one in providers), *([REGISTER] if entry else [])),
        )


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return []
    return [str(one) for one in value] if isinstance(value, list) else []


def _processor(entry: Mapping[str, Any]) -> Party:
    """An entry of the register RES.processors."""
    through = [*entry.get("accounts", ()), *entry.get("issuers", ())]
    said = str(entry.get("does") or "")
    let = f"is let in as {', '.join(map(str, through))}" if through else "no account of it is let in"
    return Party(
        name=str(entry.get("name") or UNSAID),
        role="processor",
        does="; ".join(one for one in (said, let) if one),
        where=str(entry.get("country") or UNSAID),
        contract=str(entry.get("contract") or UNSAID),
        proof=(REGISTER,),
    )


def _sinks(levels: rule.Config) -> Iterator[Party]:
    for sink in levels.of("RES-05").get("sinks", ()):
        yield Party(
            name=str(sink),
            role="sink of telemetry",
            does="may be sent metrics, logs and traces",
            where=UNSAID,
            contract=UNSAID,
            proof=("policies/config: RES-05.sinks",),
        )


def _accounts(stack: rule.Stack, settings: Settings) -> Iterator[Party]:
    """Accounts that are not the environment's own and that stand in an ARN of some input."""
    own = set(settings.provider.allowed_account_ids)
    found: dict[str, set[str]] = {}
    for one in stack.resources:
        for _, value in rule.leaves(one.props):
            for account in ACCOUNT.findall(value) if isinstance(value, str) else ():
                if account not in own:
                    found.setdefault(account, set()).add(one.urn)
    for account, urns in sorted(found.items()):
        yield Party(
            name=f"AWS account {account}",
            role="other account",
            does="is named in an ARN",
            where=UNSAID,
            contract=UNSAID,
            proof=tuple(sorted(urns)),
        )


def _suppliers(stack: rule.Stack, settings: Settings) -> Iterator[Party]:
    for one in stack.by_type.get(MIRROR, ()):
        host = rule.look(one.props, "upstreamRegistryUrl")
        if isinstance(host, str):
            yield _supplier(host, "supplies images, which are mirrored", one.urn)
    for host in sorted({urlsplit(one.repository).hostname or "" for one in settings.environment.pipelines}):
        yield _supplier(host, "keeps the code of pipelines", "setting pipelines[].repository")
    if (delivery := settings.environment.delivery) is not None:
        does = f"workflows of {delivery.repository} deploy, with the rights of their roles"
        yield Party(
            name="github.com",
            role="deploys",
            does=does,
            where=UNSAID,
            contract=UNSAID,
            proof=("setting delivery.repository",),
        )


def _supplier(host: str, does: str, proof: str) -> Party:
    return Party(name=host, role="supplier", does=does, where=UNSAID, contract=UNSAID, proof=(proof,))


def _told(stack: rule.Stack) -> Iterator[Party]:
    found: dict[tuple[str, str], list[str]] = {}
    for one in stack.by_type.get(SUBSCRIPTION, ()):
        who = rule.look(one.props, "endpoint")
        if isinstance(who, str):
            found.setdefault((who, rule.text(one.props, "protocol")), []).append(one.urn)
    for (who, protocol), urns in sorted(found.items()):
        yield Party(
            name=who,
            role="recipient of notices",
            does=f"is told of alarms by {protocol}",
            where=UNSAID,
            contract=UNSAID,
            proof=tuple(urns),
        )
