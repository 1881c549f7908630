"""How a service lists one kind of thing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seedbed.account import Account

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Listed:
    """One thing in the account."""

    id: str
    """By which the provider imports it."""

    name: str
    """What its creation called it; of a thing inside another one, both names."""

    arn: str = ""
    """As the tagging API names it; empty where it does not."""

    tags: Callable[[], Mapping[str, str]] | None = None
    """Asks for its tags; None for a thing that can bear none, whose name is then the only proof."""


@dataclass(frozen=True)
class Kind:
    """One kind of thing: its listing, and the name that a creation gives."""

    noun: str
    """In the words of a person."""

    listed: Callable[[Account], Iterator[Listed]]
    """All that the account has, without what is being deleted."""

    name: Callable[[Inputs], str]
    """Name of what a creation with these inputs makes."""

    arns: str = ""
    """Start of the ARNs without partition, region and account: `rds:db:`; empty where the tagging API knows none."""

    swept: bool = True
    """Whether it stays when everything else goes; what is inside another thing goes with that one."""

    nameless: bool = False
    """Whether AWS or the outside names it, so that its tags alone tell whose it is."""


def named(key: str) -> Callable[[Inputs], str]:
    """The name is one of the inputs."""
    return lambda inputs: str(inputs[key])


def asked(
    account: Account, service: str, operation: str, argument: str, value: Any, result: str
) -> Callable[[], Mapping[str, str]]:
    """Asks a service for the tags of a thing, whatever form it answers in."""

    def ask() -> Mapping[str, str]:
        answer = getattr(account.client(service), operation)(**{argument: value})
        return as_mapping(answer.get(result))

    return ask


def as_mapping(tags: Any) -> Mapping[str, str]:
    """Tags as a mapping: services give either that or a list of pairs."""
    if isinstance(tags, Mapping):
        return tags
    return {tag["Key"]: tag.get("Value", "") for tag in tags or []}
