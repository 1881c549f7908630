"""Whose key encrypts: one of this stack, or one of the register."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from policies.control import Problem, fail, undetermined
from policies.reading import ABSENT, look, present
from policies.stack import UNKNOWN, Resource, Stack

KEY, ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"

AWS_OWN = re.compile(r"(^|:)alias/aws/")
"""Alias, or the end of its ARN, of a key that AWS manages: the prefix is reserved (KMS, API_CreateAlias)."""


def own_key(props: Any, path: str) -> bool:
    """Whether an input names a key other than those that AWS manages; an unknown value counts as such a key."""
    value = look(props, path)
    return present(props, path) and not (isinstance(value, str) and AWS_OWN.search(value))


def customer_key(
    one: Resource, path: str, stack: Stack, registered: Collection[str], register: str
) -> Iterator[Problem]:
    """Problems of the key named at `path`: it is a dependency of that input, an alias of this stack, or registered.

    register: name of the parameter that holds the ARNs of `registered` keys, for the message.
    """
    if stack.referents(one, path.partition(".")[0].partition("[")[0], (KEY, ALIAS)):
        return
    value = look(one.props, path)
    if value is UNKNOWN:
        yield undetermined(path)
        return
    name = value if isinstance(value, str) else ""
    alias = name[name.find("alias/") :] if "alias/" in name else ""
    if alias and any(look(found.props, "name") == alias for found in stack.of([ALIAS])):
        return
    if not name or name not in registered:
        found = "no customer key" if value in (ABSENT, "") else "a key that is neither of this stack nor registered"
        yield fail(path, found, f"use the ARN of a KMS key of this stack, or register the key under {register}")
