"""What is shipped, changed in one place: the control that is about the place speaks, and about nothing else."""

import pytest

from policies.rule import Resource, controls, judge, waivers
from policies.stack import ROOT
from tests.policies.cases import TODAY
from tests.policies.operators import FAR, Mutation, mutations
from tests.policies.property_table import (
    ASKS,
    ENVIRONMENTS,
    SURVIVORS,
    Shipped,
    additions,
    meetings,
    outside,
    readers,
    rows,
    shipped,
)

ADVICE = {"dev": ("REG-04",)}
"""Controls whose advice an environment goes without: in dev images are named by tag, so that work is tried at once."""

TABLE_TYPES = tuple(dict.fromkeys(row.type for row in rows()))
AT_LEAST = 0.95
A_TYPE = 12
"""Deviations outside the table that are tried of each type; `python -m tests.policies.property_table` tries all."""


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_as_shipped_is_content_and_decided(name):
    there = shipped(name)
    asking = [one for one in judge(there.stack, there.config, waivers(), today=TODAY).findings if one.state in ASKS]

    assert [str(one) for one in asking if one.level != "advisory" or one.control not in ADVICE.get(name, ())] == []


@pytest.mark.parametrize("type_", TABLE_TYPES)
def test_what_the_table_names_is_met_by_the_control_that_it_names(type_):
    missed = [one.name for one in meetings(type_) if not one.caught and one.name not in SURVIVORS]

    assert missed == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.type} {row.control} {' '.join(row.paths)}")
def test_no_row_is_empty(row):
    made = [one.mutation for one in meetings(row.type) if one.row is row]

    assert set(row.paths) == {one.place for one in made}
    for operator in row.operators:
        assert any(operator in (one.operator, one.operator.split(" ")[0]) for one in made), operator


def test_at_least_ninety_five_of_a_hundred_are_met_and_the_survivors_are_those_named():
    made = [one for type_ in TABLE_TYPES for one in meetings(type_)]
    survivors = {one.name for one in made if not one.caught}

    assert survivors == set(SURVIVORS)
    assert all(SURVIVORS.values())
    assert len(made) - len(survivors) >= AT_LEAST * len(made)


def test_what_has_no_place_in_an_environment_is_met():
    assert [one.name for one in additions() if not one.caught] == []


def test_every_control_that_judges_something_shipped_is_named_in_the_table():
    named = {row.control for row in rows()} | {one.row.control for one in additions()}
    judged = {
        one.id
        for one in controls()
        if one.kind != "verdict"
        for name in ENVIRONMENTS
        for token in shipped(name).stack.by_type
        if one.judges(token) and token != ROOT and "*" not in "".join(one.subjects)
    }

    assert judged <= named


@pytest.mark.parametrize("name", ["prod", "local"])
def test_what_the_table_does_not_name_says_nothing_about_what_is_unrelated(name):
    there = shipped(name)
    others = set(shipped("prod").stack.by_type) if name != "prod" else set()
    odd = {}
    for token in sorted(set(there.stack.by_type) - others):
        some = list(outside(there, token)) if readers(token) else []
        for one in some[:: -(-len(some) // A_TYPE) or 1]:
            related = there.related(one)
            if strange := sorted((id, urn) for id, urn, _ in there.heard(one) if urn not in related):
                odd[one.name] = strange

    assert odd == {}


def test_asking_the_readers_of_a_type_alone_comes_to_what_asking_everybody_comes_to():
    there = shipped("prod")
    for mutation in sample(there):
        assert there.heard(mutation) == there.said(mutation.applied(there.resources)) - there.first, mutation.name


def sample(there: Shipped) -> list[Mutation]:
    """A deviation of each kind, of types that many controls read."""
    wanted = {
        "aws:s3/bucket:Bucket": ("remove", "unknown"),
        "aws:kms/key:Key": ("remove", "flip"),
        "aws:iam/role:Role": ("unknown", "default"),
        "aws:ec2/subnet:Subnet": ("flip", f"region {FAR}"),
        "aws:eks/cluster:Cluster": ("drop",),
        "kubernetes:core/v1:Namespace": ("remove",),
        "kubernetes:apps/v1:Deployment": ("remove",),
        "kubernetes:networking.k8s.io/v1:NetworkPolicy": ("remove", "widen"),
        "pulumi:providers:aws": ("drop",),
    }
    return [
        next(one for one in there.first_of_each(token) if one.operator == operator)
        for token, operators in wanted.items()
        for operator in operators
    ]


URN = "urn:pulumi:prod::seedbed::aws:s3/bucketVersioning:BucketVersioning::v"


def test_each_operator_does_what_its_name_says():
    one = made({
        "on": True, "days": 7, "cidrBlock": "10.0.0.0/8", "fromPort": 443, "zone": "eu-central-1a",
        "tags": {"owner": "a"}, "status": "Enabled",
        "policy": '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": "s3:Get"}]}',
    })  # fmt: skip
    made_ = {(each.path, each.operator): each for each in mutations(one, {}, {"status": ["Enabled", "Suspended"]})}

    def value(path: str, operator: str, key: str) -> object:
        instead = made_[path, operator].instead
        assert instead is not None
        return instead.props.get(key)

    assert value("on", "flip", "on") is False
    assert (value("days", "raise", "days"), value("days", "lower", "days")) == (1_000_000, 0)
    assert value("cidrBlock", "widen", "cidrBlock") == "0.0.0.0/0"
    assert value("fromPort", "widen", "fromPort") == 0
    assert value("zone", "region us-east-1", "zone") == "us-east-1a"
    assert value("tags.owner", "untag", "tags") == {}
    assert value("status", "other Suspended", "status") == "Suspended"
    assert ("status", "other Enabled") not in made_
    assert '"Principal": "*"' in str(value("policy:Statement[0].Principal", "widen", "policy"))
    assert made_["", "remove"].instead is None
    assert value("region", "region us-east-1", "region") == "us-east-1"


def test_a_resource_that_is_gone_is_behind_nothing():
    versioning = made({"bucket": "x"})
    bucket = Resource(urn=URN.replace("Versioning", ""), type="aws:s3/bucket:Bucket", name="b")
    joined = Resource(urn=URN, type=versioning.type, name="v", props={}, dependencies={"bucket": (bucket.urn,)})
    gone = next(one for one in mutations(bucket, {}, {}) if one.operator == "remove")

    assert [one.dependencies for one in gone.applied([bucket, joined])] == [{}]


def made(props: dict[str, object]) -> Resource:
    return Resource(urn=URN, type="aws:s3/bucketVersioning:BucketVersioning", name="v", props=props)
