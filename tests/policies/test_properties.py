"""What holds for every control and any inputs."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.session import Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.__main__ import taggable_types
from policies.reading import is_list, leaves
from policies.rule import UNKNOWN, Resource, Stack, config, controls, judge
from policies.tags import taggable
from tests.policies.cases import TODAY, cases, world

CANARY = "c4nary-Zq7"
FEW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])

STOCK = tuple(one for case in cases() for one in case.resources if one.props)
TOKENS = sorted({token for one in controls() for token in one.types if "*" not in token})
KEYS = sorted(
    {key for one in STOCK for path, _ in leaves(one.props) for key in path.replace("[", ".").split(".") if key}
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS
    | st.just(UNKNOWN)
    | st.just('{"Statement": [{"Effect": "Allow", "Principal": [1, null], "Condition": 3}]}'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


def verdict(some: Any, only: Any = None) -> Any:
    return judge(Stack(some), config("prod"), today=TODAY, only=only)


def said(some: Any) -> set[tuple[str, str, str, str]]:
    return {(one.control, one.urn, one.state, one.path) for one in verdict(some).findings if one.urn}


@FEW
@given(st.sampled_from(cases()), st.randoms(use_true_random=False))
def test_the_order_of_resources_changes_nothing(case, random):
    some = list(case.resources)
    random.shuffle(some)

    assert verdict(some).findings == verdict(case.resources).findings


@FEW
@given(st.sampled_from([case for case in cases() if case.kind in ("bad", "unknown")]))
def test_what_other_resources_are_hides_no_violation(case):
    head = f"urn:pulumi:{case.environment}::"
    other = tuple(
        replace(one, urn=one.urn.replace("urn:pulumi:staging::", head).replace("::seedbed::", "::seedbed::x$"),
                name=f"other-{one.name}", dependencies={}, props=unknown(one.props))
        for one in world() if one.type != "pulumi:pulumi:Stack"
    )  # fmt: skip
    root = Stack(case.resources).root  # what a stack as a whole lacks, another resource may well bring
    alone = {one[:2] for one in said(case.resources) if one[2] == "fail" and one[0] == case.control and one[1] != root}

    # What may bring what was missing, such as a plan of which nothing is known, leaves it open: still not compliant.
    assert alone <= {one[:2] for one in said((*case.resources, *other)) if one[2] in ("fail", "undetermined")}


@MANY
@given(st.sampled_from(cases()), st.data())
def test_an_unknown_value_never_makes_a_violation_comply(case, data):
    places = [(index, path) for index, one in enumerate(case.resources) for path, _ in leaves(one.props)]
    if not places:
        return
    index, path = data.draw(st.sampled_from(places))
    some = list(case.resources)
    some[index] = replace(some[index], props=put(some[index].props, path, UNKNOWN))
    before, after = verdict(case.resources).states(case.control), verdict(some).states(case.control)

    for urn, state in before.items():
        if state == "fail" and case.control not in ("GOV-03", "GOV-04"):
            assert after[urn] in ("fail", "undetermined")


@MANY
@given(st.sampled_from(STOCK), st.data())
def test_no_message_shows_a_value(one, data):
    texts = [path for path, value in leaves(one.props) if isinstance(value, str)]
    if not texts:
        return
    props = put(one.props, data.draw(st.sampled_from(texts)), data.draw(st.sampled_from(SHAPES)))
    found = verdict([replace(one, props=props)]).findings

    assert not [str(finding) for finding in found if CANARY in str(finding) or CANARY in finding.path]


SHAPES = (
    CANARY,
    f"AKIAABCDEFGH12345678 password={CANARY}",
    f"arn:aws:kms:{CANARY}:1:key/*",
    f"arn:aws:s3:::{CANARY}",
    f'{{"Statement": [{{"Effect": "Allow", "Principal": "*", "Action": "{CANARY}", "Resource": "*"}}]}}',
    f'{{"Statement": "{CANARY}"',
)


@MANY
@given(st.sampled_from(TOKENS), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6), VALUES)
def test_no_inputs_break_a_control(token, props, configuration):
    bucket, provider = made("aws:s3/bucket:Bucket", "b", props), made("pulumi:providers:aws", "p", {})
    odd = replace(provider, props={"defaultTags": configuration, "allowedAccountIds": configuration, **props})
    behind = dict.fromkeys(("bucket", "vpcId", "rules", "logDestination"), (bucket.urn,))
    one = replace(made(token, "one", props), provider=f"{provider.urn}::id", dependencies=behind)

    assert broken([one, bucket, odd]) == []


@MANY
@given(st.sampled_from(cases()), st.data())
def test_no_odd_shape_within_usual_inputs_breaks_a_control(case, data):
    places = [(index, path) for index, one in enumerate(case.resources) for path in nodes(one.props)]
    if not places:
        return
    index, path = data.draw(st.sampled_from(places))
    some = list(case.resources)
    some[index] = replace(some[index], props=put(some[index].props, path, data.draw(VALUES)))

    assert broken(some) == []


def broken(some: Any) -> list[str]:
    return [str(one) for one in verdict(some).findings if "itself broke" in one.message]


def made(token: str, name: str, props: Any) -> Resource:
    return Resource(urn=f"urn:pulumi:prod::seedbed::{token}::{name}", type=token, name=name, props=props)


def nodes(value: Any, path: str = "") -> list[str]:
    """Paths of all values, mappings and lists among them."""
    if isinstance(value, Mapping):
        inner = [(f"{path}.{key}" if path else str(key), one) for key, one in value.items()]
    else:
        inner = [(f"{path}[{index}]", one) for index, one in enumerate(value)] if is_list(value) else []
    return [place for where, one in inner for place in (where, *nodes(one, where))]


@FEW
@given(st.sampled_from(cases()))
def test_a_resource_alone_gets_the_verdict_that_it_gets_among_others(case):
    early = [one for one in controls() if one.kind == "resource"]
    whole = judge(Stack(case.resources), config("prod"), today=TODAY, only=early)
    by_urn = {one.urn: one for one in case.resources}
    for one in case.resources:
        beside = by_urn.get(one.provider.rpartition("::")[0])
        alone = judge(Stack([one, *([beside] if beside else [])]), config("prod"), today=TODAY, only=early)
        assert of(alone, one.urn) == of(whole, one.urn)


@pytest.mark.parametrize("kind", [float, Decimal])
def test_a_number_is_judged_alike_however_it_is_written(kind):
    def written(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: written(one) for key, one in value.items()}
        if is_list(value):
            return [written(one) for one in value]
        return kind(value) if isinstance(value, int) and not isinstance(value, bool) else value

    by_id = {one.id: one for one in controls() if one.kind != "verdict"}
    for case in cases():
        asked = [by_id[case.control]] if case.control in by_id else []
        some = [replace(one, props=written(one.props)) for one in case.resources]
        assert verdict(some, asked).findings == verdict(case.resources, asked).findings, case.id


@MANY
@given(st.sampled_from(cases()), st.sampled_from(STOCK))
def test_a_resource_that_a_control_does_not_read_takes_none_of_its_findings_away(case, other):
    (control,) = (one for one in controls() if one.id == case.control)
    if control.kind == "verdict" or other.type in control.types or other.type.startswith("pulumi:"):
        return
    urn = f"urn:pulumi:{case.environment}::seedbed::{other.type}::unrelated"
    beside = replace(other, urn=urn, name="unrelated", dependencies={}, provider="")
    before, after = (
        {(one.urn, one.state, one.path) for one in made.findings if one.state in ("fail", "undetermined")}
        for made in (verdict(some, [control]) for some in (case.resources, (*case.resources, beside)))
    )

    assert before <= after


@FEW
@given(st.sampled_from(cases()), st.randoms(use_true_random=False))
def test_names_of_resources_decide_nothing(case, random):
    own = [one for one in case.resources if not one.type.startswith("pulumi:")]
    numbers = random.sample(range(1000), len(own))
    urns = {one.urn: f"{one.urn.rpartition('::')[0]}::r{at}" for one, at in zip(own, numbers, strict=True)}
    some = [
        replace(
            one,
            urn=urns.get(one.urn, one.urn),
            name=urns.get(one.urn, one.urn).rpartition("::")[2],
            dependencies={key: tuple(urns.get(urn, urn) for urn in behind) for key, behind in one.dependencies.items()},
        )
        for one in case.resources
    ]
    before = {(id, urns.get(urn, urn), state, path) for id, urn, state, path in said(case.resources)}

    assert said(some) == before


EEA = {"Frankfurt", "Stockholm", "Milan", "Spain", "Ireland", "Paris", "Germany"}
"""Places of AWS regions in the European Economic Area, as botocore names them."""


def test_a_region_is_allowed_just_where_its_place_is_in_the_eea():
    allowed, known = set(), {}
    for partition in Session().get_data("endpoints")["partitions"]:
        known |= {name: one["description"] for name, one in partition["regions"].items()}
    for name in known:
        urn = "urn:pulumi:prod::seedbed::pulumi:providers:aws::aws"
        provider = Resource(urn=urn, type="pulumi:providers:aws", name="aws", props={"region": name})
        bucket = replace(made("aws:s3/bucket:Bucket", "b", {"region": name}), provider=f"{urn}::id")
        states = {verdict([provider, bucket]).states("RES-01")[one] for one in (urn, bucket.urn)}
        assert len(states) == 1, name
        allowed |= {name} if states == {"pass"} else set()

    assert len(known) > 35
    places = {name: place.partition("(")[2].rstrip(")") or place for name, place in known.items()}
    assert allowed == {name for name, place in places.items() if place in EEA}


def test_the_list_of_taggable_types_is_that_of_the_pinned_sdk():
    assert set(taggable_types()) == taggable()


def of(made: Any, urn: str) -> list[Any]:
    return [one for one in made.findings if one.urn == urn]


def unknown(value: Any) -> Any:
    """The same shape with every value unknown."""
    if isinstance(value, Mapping):
        return {key: unknown(one) for key, one in value.items()}
    return [unknown(one) for one in value] if is_list(value) else UNKNOWN


def put(props: Any, path: str, value: Any) -> Any:
    """A copy of `props` with `value` at the leaf whose path is `path`."""

    def walk(one: Any, where: str) -> Any:
        if where == path:
            return value
        if isinstance(one, Mapping):
            return {key: walk(inner, f"{where}.{key}" if where else str(key)) for key, inner in one.items()}
        return [walk(inner, f"{where}[{index}]") for index, inner in enumerate(one)] if is_list(one) else one

    return walk(props, "")
