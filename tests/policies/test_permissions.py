"""What IAM-01 makes of policies: alone, together, denied and bounded."""

import json
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.delivery import DeliveryIdentity, DeliveryIdentityArgs
from policies.documents import matches, statements
from policies.grants import NAMES, ROLE, Grants, Kind, Limit
from policies.rule import Resource, Stack, config, judge
from policies.verdict import Finding
from seedbed.check import resource
from seedbed.rehearsal import rehearse
from tests.policies.cases import TODAY, resources

ACCOUNT = "arn:aws:iam::111111111111"
BOUNDED = {"StringEquals": {"iam:PermissionsBoundary": f"{ACCOUNT}:policy/seedbed-boundary"}}


def allow(actions: Any, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": on, **more}


def deny(actions: Any, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(actions, on, **more), "Effect": "Deny"}


def findings(some: tuple[Resource, ...]) -> list[Finding]:
    made = judge(Stack(some), config("staging"), today=TODAY)
    return [one for one in made.findings if one.control == "IAM-01" and one.state == "fail"]


def of_policy(*entries: dict[str, Any]) -> list[Finding]:
    """What IAM-01 says of a policy that belongs to nobody in the stack."""
    props = {"policy": json.dumps({"Statement": list(entries)})}
    return findings(resources([{"type": "aws:iam/policy:Policy", "name": "one", "props": props}], "staging"))


@pytest.mark.parametrize(
    "entries",
    [
        [allow("*")],
        [allow("*:*")],
        [allow("*", ["arn:aws:s3:::one", "*"])],
        [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
        [{"Effect": "Allow", "Action": "*", "NotResource": f"{ACCOUNT}:role/admin"}],
        [allow("s3:*")],
        [allow("s3:*", "arn:aws:s3:::*")],
        [allow("s3:Get*", "arn:aws:s3:::*/*")],
        [allow("S3:getobject", "arn:*:s3:::*")],
        [allow("dynamodb:*", "arn:aws:dynamodb:eu-central-1:111111111111:table/*")],
        [allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-central-1:111111111111:secret:*")],
        [allow("logs:*")],
        [allow("rds:*", "arn:aws:rds:*")],
        [allow("s3:*", Condition={"StringLike": {"aws:ResourceTag/env": "*"}})],
        [allow("s3:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
        [allow("iam:AttachRolePolicy")],
        [allow("iam:Attach*", f"{ACCOUNT}:role/*")],
        [allow("iam:CreatePolicyVersion", f"{ACCOUNT}:policy/*")],
        [allow("iam:CreatePolicyVersion", Condition={"StringLike": {"iam:PermissionsBoundary": "*"}})],
        [allow("iam:DeleteRolePermissionsBoundary", Condition=BOUNDED)],
        [allow("iam:CreateAccessKey", f"{ACCOUNT}:user/*")],
        [allow("sts:AssumeRole", f"{ACCOUNT}:role/*")],
        [allow(["iam:PassRole", "ec2:RunInstances"])],
        [allow("iam:PassRole"), allow("ec2:RunInstances", "arn:*:instance/*")],
        [allow("iam:PassRole"), allow("ec2:RunInstances", "arn:aws:e?2:*")],
        [allow("iam:PassRole"), allow("eks:*", "arn:aws:eks:eu-central-1:111111111111:cluster/seedbed")],
        [allow(["iam:CreateRole", "iam:PutRolePolicy"], f"{ACCOUNT}:role/seedbed-*")],
        [allow("lambda:UpdateFunctionCode")],
        [allow("iam:PutRolePolicy"), deny("iam:PutRolePolicy", f"{ACCOUNT}:role/admin")],
        [allow("iam:PutRolePolicy"), deny("iam:*", Condition={"Bool": {"aws:SecureTransport": "false"}})],
    ],
    ids=json.dumps,
)
def test_a_policy_that_opens_everything_all_data_or_a_way_there_is_refused(entries):
    assert of_policy(*entries)


@pytest.mark.parametrize(
    "entries",
    [
        [allow("ec2:*")],
        [allow("s3:*", ["arn:aws:s3:::seedbed-*", "arn:aws:s3:::seedbed-*/*"])],
        [allow(["s3:ListAllMyBuckets", "s3:GetBucket*"])],
        [allow("s3:Get*"), deny("s3:GetObject*")],
        [allow("s3:*", Condition={"StringEquals": {"aws:ResourceTag/env": "staging"}})],
        [allow("ecr:GetAuthorizationToken")],
        [allow("iam:AttachRolePolicy", f"{ACCOUNT}:role/seedbed-*")],
        [allow("iam:AttachRolePolicy", Condition=BOUNDED)],
        [
            allow("iam:*"),
            deny("iam:*", Condition={"StringNotEquals": BOUNDED["StringEquals"]}),
            deny("iam:DeleteRolePermissionsBoundary"),
        ],
        [allow("iam:PassRole", f"{ACCOUNT}:role/seedbed-*"), allow("ec2:RunInstances")],
        [allow("iam:PassRole")],
        [allow("*", "arn:aws:s3:::seedbed-state/*")],
        [allow("iam:PassRole"), allow("*", "arn:aws:sqs:eu-central-1:111111111111:jobs")],
        [allow(["iam:CreateRole", "iam:AttachRolePolicy"], f"{ACCOUNT}:role/seedbed-*", Condition=BOUNDED)],
        [deny("*")],
        [allow(["iam:Get*", "iam:List*"])],
    ],
    ids=json.dumps,
)
def test_a_policy_that_names_what_it_needs_is_left_alone(entries):
    assert of_policy(*entries) == []


def test_a_boundary_takes_away_what_it_does_not_allow():
    def under(*limit: dict[str, Any]) -> list[Finding]:
        entries = [
            {"type": "aws:iam/policy:Policy", "name": "limit", "props": {"name": "limit", "policy": text(*limit)}},
            {
                "type": "aws:iam/role:Role",
                "name": "role",
                "props": {"name": "worker", "permissionsBoundary": f"{ACCOUNT}:policy/limit"},
            },
            {
                "type": "aws:iam/rolePolicy:RolePolicy",
                "name": "rights",
                "props": {"role": "worker", "policy": text(allow("s3:*"))},
            },
        ]
        return findings(resources(entries, "staging"))

    assert under(allow("s3:*")) != []
    assert under(allow(["s3:*", "ec2:*"], "arn:aws:s3:::seedbed-*")) == []
    assert under(allow("s3:*"), deny("s3:*")) == []
    assert under(allow("ec2:*")) == []


def text(*entries: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(entries)})


PREFIX = "seedbed-staging"


def delivery() -> dict[str, Resource]:
    """The roles of the pipeline as their component makes them."""
    args = DeliveryIdentityArgs(
        system="seedbed",
        environment="staging",
        repository="example/risk-models",
        identity_provider="create",
        state_bucket=f"{PREFIX}-state-111111111111",
        state_key_alias=f"alias/{PREFIX}-state",
        key_aliases=[f"alias/{PREFIX}-internal"],
        account="111111111111",
        region="eu-central-1",
        tags={},
    )
    made = rehearse(lambda: DeliveryIdentity("delivery", args), stack="staging")
    return {one.name: one for one in map(resource, made.resources)}


def without(one: Resource, path: str, *indices: int) -> Resource:
    """The resource with fewer statements."""
    found = json.loads(one.props[path])["Statement"]
    kept = [entry for index, entry in enumerate(found) if index not in [at % len(found) for at in indices]]
    return replaced(one, path, kept)


def replaced(one: Resource, path: str, entries: list[dict[str, Any]]) -> Resource:
    return replace(one, props={**one.props, path: text(*entries)})


def test_the_shipped_roles_of_the_pipeline_open_no_way_out():
    assert findings(tuple(delivery().values())) == []


def test_the_pipeline_without_its_denials_could_rewrite_its_boundary_and_is_refused():
    some = delivery()
    for name in ("delivery-boundary", "delivery-deploy-rights"):
        some[name] = without(some[name], "policy", -1)

    (role,) = {one.urn.rpartition("::")[2] for one in findings(tuple(some.values()))}
    assert role == "delivery-deploy"
    messages = " ".join(one.message for one in findings(tuple(some.values())))
    assert "iam:CreatePolicyVersion lets it rewrite its boundary" in messages


def test_the_pipeline_that_need_not_bound_what_it_makes_is_refused():
    some = delivery()
    for name in ("delivery-boundary", "delivery-deploy-rights"):
        entries = json.loads(some[name].props["policy"])["Statement"]
        loose = [
            {key: value for key, value in one.items() if key != "Condition"}
            if "iam:PermissionsBoundary" in json.dumps(one)
            else one
            for one in entries
        ]
        assert loose != entries
        some[name] = replaced(some[name], "policy", loose)

    assert "iam:CreateRole with iam:AttachRolePolicy" in " ".join(one.message for one in findings(tuple(some.values())))


BUCKETS = Kind("s3", "{}/{}")
PATTERNS = ("*", "arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws:s3:::seedbed-*", "arn:aws:iam::*:role/*", "arn:aws:s3")
ACTIONS = ("*", "s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject", "iam:*", "iam:PassRole")
STATEMENTS = st.builds(
    lambda effect, actions, patterns, inverse: {
        "Effect": effect,
        ("NotAction" if inverse == 1 else "Action"): actions,
        ("NotResource" if inverse == 2 else "Resource"): patterns,
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2),
    st.sampled_from([0, 0, 0, 1, 2]),
)
DOCUMENTS = st.lists(STATEMENTS, max_size=4)


@settings(max_examples=500, deadline=None)
@given(DOCUMENTS, st.none() | DOCUMENTS, st.sampled_from([("s3:GetObject", BUCKETS), ("iam:PassRole", ROLE)]))
def test_what_is_open_agrees_with_a_plain_reading_of_every_statement(document, limit, asked):
    action, kind = asked
    bound = None if limit is None else Limit(tuple(parsed(limit)))
    view = Grants(tuple(parsed(document)), bound)
    place = ("aws", "eu-central-1", "111111111111")
    plain = all(
        evaluated(document, action, arn) and (limit is None or evaluated(limit, action, arn))
        for arn in (kind.arn(place, name) for name in NAMES)
    )

    assert bool(view.everywhere(action, kind)) == plain


def parsed(document: list[dict[str, Any]]) -> list[Any]:
    return statements({"policy": {"Statement": document}}, "policy") or [] if document else []


def evaluated(document: list[dict[str, Any]], action: str, arn: str) -> bool:
    """Whether IAM would allow it: some statement allows and none denies (IAM user guide, "Policy evaluation logic")."""
    effects = {one["Effect"] for one in document if speaks(one, action, arn)}
    return effects == {"Allow"}


def speaks(one: dict[str, Any], action: str, arn: str) -> bool:
    def hit(patterns: list[str], value: str) -> bool:
        return any(matches(form, value) for pattern in patterns for form in (pattern, f"{pattern}:*"))

    acts = hit(one["Action"], action) if "Action" in one else not hit(one["NotAction"], action)
    lies = hit(one["Resource"], arn) if "Resource" in one else not hit(one["NotResource"], arn)
    return acts and lies


@pytest.mark.parametrize(("service", "name"), list(product(("s3", "iam", "rds"), NAMES)))
def test_the_arn_of_a_sample_has_six_fields_whatever_its_service(service, name):
    arn = Kind(service, "thing/{}").arn(("aws", "eu-central-1", "111111111111"), name)

    assert len(arn.split(":")) == 6
    assert arn.endswith(f"thing/{name}")
