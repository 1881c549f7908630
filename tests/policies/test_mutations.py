"""One deviation of a compliant stack is met by the control that owns it, and by no other."""

import datetime
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import yaml

from policies.rule import UNKNOWN, Resource, Waiver, controls
from tests.policies.cases import HERE, Loader, speakers, world

MUTATIONS = yaml.load((HERE / "mutations.yaml").read_text(), Loader)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: f"{one['control']} {one['says']}")
def test_a_deviation_is_met_by_its_control_alone(mutation):
    also = mutation.get("also", [])
    assert speakers(mutated(mutation)) == {mutation["control"], *([also] if isinstance(also, str) else also)}


def test_an_unresolved_output_is_met_by_gov_04_alone_and_stops_prod():
    mutation = {"set": ["key", "enableKeyRotation", UNKNOWN]}

    assert speakers(mutated(mutation)) == {"GOV-04"}
    assert speakers(mutated(mutation, "prod"), "prod") - speakers(world("prod"), "prod") == {"GOV-04"}


def test_an_exception_that_ended_yesterday_is_met_by_gov_03_and_no_longer_holds():
    some = mutated({"set": ["key", "enableKeyRotation", False]})
    (key,) = (one for one in some if one.name == "key")
    waiver = Waiver(
        where="entry",
        control="KMS-01",
        urn=key.urn,
        reason="the key is replaced by one that rotates",
        approver="security@example.com",
        ticket="SEC-1",
        until=datetime.date(2026, 11, 23),
    )

    assert speakers(some, exceptions=(waiver,)) == {"KMS-01"}
    ended = replace(waiver, until=datetime.date(2026, 11, 22))
    assert speakers(some, exceptions=(ended,)) == {"KMS-01", "GOV-03"}


def test_every_control_has_a_mutation():
    assert {one["control"] for one in MUTATIONS} | {"GOV-03", "GOV-04"} == {one.id for one in controls()}


def test_no_control_objects_to_the_compliant_stack():
    assert speakers(world()) == set()


def mutated(mutation: dict[str, Any], environment: str = "staging") -> tuple[Resource, ...]:
    """The compliant stack with one deviation."""
    some = {one.name: one for one in world(environment, [mutation["add"]] if "add" in mutation else [])}
    if "without" in mutation:
        del some[mutation["without"]]
    if "set" in mutation:
        name, path, value = mutation["set"]
        some[name] = replace(some[name], props=changed(some[name].props, path, value))
    if "drop" in mutation:
        name, path = mutation["drop"]
        some[name] = replace(some[name], props=changed(some[name].props, path))
    if "unlink" in mutation:
        name, prop = mutation["unlink"]
        behind = {key: urns for key, urns in some[name].dependencies.items() if key != prop}
        some[name] = replace(some[name], dependencies=behind)
    if "link" in mutation:
        name, prop, other = mutation["link"]
        some[name] = replace(some[name], dependencies={**some[name].dependencies, prop: (some[other].urn,)})
    if "unprotect" in mutation:
        some[mutation["unprotect"]] = replace(some[mutation["unprotect"]], protect=False)
    if "provider" in mutation:
        name, instead = mutation["provider"]
        provider = some["aws"]
        urn = provider.urn.replace("::aws", f"::{instead}")
        some[instead] = replace(provider, urn=urn, name=instead)
        some[name] = replace(some[name], provider=f"{urn}::id")
    return tuple(some.values())


def changed(props: Any, path: str, *value: Any) -> Any:
    """A copy of `props` with `value` at `path` (`rules.0.status`), or without that input when no value is given."""
    copy = deepcopy(dict(props))
    *parts, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = copy
    for part in parts:
        place = place[part]
    if value:
        place[last] = value[0]
    else:
        del place[last]
    return copy
