"""The environments that are shipped, as the controls and the referees look at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from policies.rule import Stack, Verdict
from seedbed.check import check, seen
from seedbed.checkout import find_checkout


@dataclass(frozen=True, kw_only=True)
class Shipped:
    stack: Stack
    verdict: Verdict
    """Of all controls at the levels of this environment."""


@cache
def shipped() -> Mapping[str, Shipped]:
    """Every shipped environment by name, rehearsed and judged as `seedbed check` does."""
    checkout = find_checkout()
    made: dict[str, Shipped] = {}
    for name in checkout.environments():
        verdict, rehearsal = check(name, checkout.file(name))
        made[name] = Shipped(stack=seen(name, rehearsal), verdict=verdict)
    return made
