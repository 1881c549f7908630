"""What holds for every control and any inputs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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


def verdict(some: Any) -> Any:
    return judge(Stack(some), config("prod"), today=TODAY)


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


def test_all_numbers_may_come_as_floats_or_whole():
    def floats(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: floats(one) for key, one in value.items()}
        if is_list(value):
            return [floats(one) for one in value]
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    for case in cases():
        some = [replace(one, props=floats(one.props)) for one in case.resources]
        assert verdict(some).findings == verdict(case.resources).findings, case.id


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
