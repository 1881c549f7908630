"""Single answers of single controls that the fixtures leave out."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from policies.documents import statements
from policies.levels import FOLDER
from policies.rule import UNKNOWN, Resource, Stack, config, document, judge, literal, look, number, present
from policies.stack import BUCKET
from tests.policies.cases import HERE, TODAY, Loader, resources, speakers, world
from tests.policies.test_mutations import mutated

ANSWERS = [one for path in sorted(HERE.glob("answers*.yaml")) for one in yaml.load(path.read_text(), Loader)]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda one: f"{one['control']} {one['says']}")
def test_a_control_answers(answer):
    some = resources(answer["resources"], "staging")
    control, levels = answer["control"], config("staging")
    own = {**levels.of(control), **answer.get("given", {})}
    given = replace(levels, parameters={**levels.parameters, control: own})
    (one,) = (resource.urn for resource in some if resource.name == "one")

    assert judge(Stack(some), given, today=TODAY).states(control)[one] == answer["expect"]


def state(control: str, token: str, props: dict[str, Any], environment: str = "staging") -> str:
    """What one control says about a resource that stands alone."""
    some = resources([{"type": token, "name": "one", "props": props}], environment)
    found = judge(Stack(some), config(environment), today=TODAY).states(control)
    return found[some[-1].urn]


@pytest.mark.parametrize(
    "value",
    [
        "postgres://admin:correct-horse@db/scores",
        "-----BEGIN RSA PRIVATE KEY-----",
        "export API_KEY=0123456789abcdef",
        "ghp_" + "a1B2" * 9,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "AbCdEf0123456789GhIjKlMnOpQrStUvWxYz+/42",
        json.dumps({"nested": {"key": "AbCdEf0123456789GhIjKlMnOpQrStUvWxYz+/42"}}),
    ],
)
def test_text_that_looks_like_a_credential_is_found_wherever_it_stands(value):
    assert state("GOV-06", "aws:ec2/vpc:Vpc", {"description": value}) == "fail"
    assert state("GOV-06", "aws:ec2/launchTemplate:LaunchTemplate", {"a": [{"b": {"userData": value}}]}) == "fail"


@pytest.mark.parametrize(
    "value",
    [
        "arn:aws:iam::111111111111:role/seedbed-staging-AWSServiceRoleForSomethingVeryLong2",
        "arn:aws:kms:eu-central-1:111111111111:key/1e842119-c810-4db6-ad35-b69a0c2f4d11",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "111111111111.dkr.ecr.eu-central-1.amazonaws.com/seedbed/train@sha256:e3b0c44298fc1c149afbf4c8996fb924",
        "https://example.com/a/very/long/path/with/AndCamelCase/And99Numbers",
        '{"Statement": [{"Action": "s3:GetBucketReplicationConfiguration"}]}',
        "a token bucket, the secret of a good queue",
    ],
)
def test_names_digests_addresses_and_prose_are_no_credentials(value):
    assert state("GOV-06", "aws:ec2/vpc:Vpc", {"description": value}) == "pass"


def test_inputs_reserved_for_secrets_are_left_to_the_service_that_keeps_them():
    secret = {"secretString": "AbCdEf0123456789GhIjKlMnOpQrStUvWxYz+/42"}
    assert state("GOV-06", "aws:secretsmanager/secretVersion:SecretVersion", secret) == "pass"


def test_an_environment_entry_named_like_a_secret_may_point_at_one():
    job = "kubernetes:batch/v1:Job"

    def entry(value: str) -> dict[str, Any]:
        return {"spec": {"template": {"spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": value}]}]}}}}

    assert state("GOV-06", job, entry("hunter2!")) == "fail"
    assert state("GOV-06", job, entry("arn:aws:secretsmanager:eu-central-1:1:secret:x")) == "pass"


@pytest.mark.parametrize("region", ["eu-west-2", "eu-central-2", "us-east-1", "eu-west-4", "EU-CENTRAL-1", ""])
def test_a_region_outside_the_list_is_refused_whatever_its_name(region):
    assert state("RES-01", "pulumi:providers:aws", {"region": region}) == "fail"


@pytest.mark.parametrize(
    "region",
    ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3", "eusc-de-east-1"],
)
def test_every_region_of_the_eea_is_accepted(region):
    assert state("RES-01", "pulumi:providers:aws", {"region": region}) == "pass"


def test_zurich_is_accepted_with_a_recorded_adequacy_decision_only(tmp_path):
    for file in ("defaults.json", "prod.json"):
        content = json.loads((FOLDER / file).read_text())
        if file == "prod.json":
            decision = {"region": "eu-central-2", "decision": "Commission Decision 2000/518/EC"}
            content["parameters"]["RES"] = {"adequacyDecisions": [decision]}
        (tmp_path / file).write_text(json.dumps(content))
    urn = "urn:pulumi:prod::seedbed::pulumi:providers:aws::aws"
    provider = Resource(urn=urn, type="pulumi:providers:aws", name="aws", props={"region": "eu-central-2"})
    states = judge(Stack([provider]), config("prod", tmp_path), today=TODAY).states("RES-01")

    assert states == {urn: "pass"}
    assert state("RES-01", "pulumi:providers:aws", {"region": "eu-central-2"}, "prod") == "fail"


def test_the_account_of_the_local_cloud_is_the_only_one_that_local_may_use():
    token, region = "pulumi:providers:aws", {"region": "eu-central-1"}

    assert state("GOV-02", token, {**region, "allowedAccountIds": '["000000000000"]'}, "local") == "pass"
    assert state("GOV-02", token, {**region, "allowedAccountIds": ["111111111111"]}, "local") == "fail"
    assert state("GOV-02", token, {**region, "allowedAccountIds": ["1", "2"]}) == "fail"


def test_the_internet_may_reach_https_on_an_approved_load_balancer_only():
    group = "aws:ec2/securityGroup:SecurityGroup"
    balancer = "aws:lb/loadBalancer:LoadBalancer"
    entries = [
        {"type": group, "name": "front", "props": {}},
        {
            "type": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "name": "https",
            "from": {"securityGroupId": "front"},
            "props": {"cidrIpv4": "0.0.0.0/0", "fromPort": 443.0, "toPort": 443.0, "ipProtocol": "tcp"},
        },
        {"type": balancer, "name": "public", "from": {"securityGroups": "front"}, "props": {}},
    ]
    some = resources(entries, "staging")
    plain = config("staging")
    urn = next(one.urn for one in some if one.name == "public")
    approved = replace(plain, parameters={**plain.parameters, "NET-02": {"publicLoadBalancers": [urn]}})
    rule = next(one.urn for one in some if one.name == "https")

    assert judge(Stack(some), plain, today=TODAY).states("NET-02")[rule] == "fail"
    assert judge(Stack(some), approved, today=TODAY).states("NET-02")[rule] == "pass"


@pytest.mark.parametrize(
    ("entry", "speaks"),
    [
        ({"type": "aws:kms/key:Key", "path": "enableKeyRotation"}, False),
        ({"type": "aws:kms/key:Key", "path": "enable*"}, False),
        ({"type": "aws:kms/key:Key", "path": "policy"}, True),
        ({"type": "aws:s3/bucket:Bucket", "path": "enableKeyRotation"}, True),
    ],
)
def test_an_input_on_the_reviewed_list_is_left_undecided_in_silence(entry, speaks):
    some = mutated({"set": ["key", "enableKeyRotation", UNKNOWN]}, "prod")
    prod = config("prod")
    reviewed = replace(prod, parameters={**prod.parameters, "GOV-04": {"computed": [entry]}})
    made = judge(Stack(some), reviewed, today=TODAY)

    assert bool([one for one in made.blocking if one.control == "GOV-04"]) == speaks
    assert "undetermined" in made.states("KMS-01").values()


@pytest.mark.parametrize(
    ("control", "tags", "message"),
    [
        ("PRIV-01", {}, "tags.data-class: not set; set one of public, internal, confidential, personal, special"),
        ("PRIV-01", {"data-class": "x"}, "tags.data-class: an unknown class; set one of"),
        ("PRIV-02", {"data-class": "personal"}, "tags.purpose: not set; set a purpose that policies/config knows"),
        ("PRIV-02", {"data-class": "personal", "purpose": "x"}, "tags.purpose: a code outside the vocabulary; set"),
        ("PRIV-02", {"data-class": "personal"}, "tags.retention-days: not set; set the days"),
        ("PRIV-02", {"data-class": "personal", "retention-days": "0"}, "tags.retention-days: no whole number of days;"),
        ("GOV-01", {"owner": "a b"}, "tags.owner: not well-formed; set owner here or in the provider's defaultTags"),
        ("GOV-01", {"owner": ""}, "tags.owner: not set; set owner here or in the provider's defaultTags"),
    ],
)
def test_a_message_says_where_what_was_found_and_what_to_set(control, tags, message):
    bucket = {"type": BUCKET[0], "name": "one", "props": {"tags": tags}}
    made = judge(Stack(resources([bucket], "staging")), config("staging"), today=TODAY)

    assert [one for one in made.blocking if one.control == control and message in str(one)]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("*", "fail"),
        ("arn:aws:*", "fail"),
        ("arn:aws:kms", "fail"),
        ("arn:aws:kms:*", "fail"),
        ("arn:aws:kms:*:*", "fail"),
        ("arn:aws:kms:eu-central-1:*", "fail"),
        ("arn:aws:kms:ap-*:222222222222:*", "fail"),
        ("arn:*:kms:*", "fail"),
        ("arn:*:222222222222:key/*", "fail"),
        ("arn:aws:kms:*:111111111111:key/*-*", "fail"),
        ("arn:aws-eusc:kms:eusc-de-east-1:222222222222:key/????????-*", "fail"),
        ("arn:aws:kms:*:*:key/1e842119-c810-4db6-ad35-b69a0c2f4d11", "pass"),
        ("arn:aws:kms:eu-central-1:111111111111:key/1e842119-*", "pass"),
        ("arn:aws:kms:eu-central-1:111111111111:alias/*", "pass"),
        ("arn:aws:s3:*", "pass"),
    ],
)
def test_a_resource_that_covers_any_key_is_every_key_however_it_is_written(resource, expected):
    statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": resource}
    policy = json.dumps({"Statement": [statement]})

    assert state("KMS-02", "aws:iam/policy:Policy", {"policy": policy}) == expected


def test_a_mark_in_default_tags_of_another_provider_counts_as_the_key_that_re_identifies():
    tags = {"data-class": "personal", "data-origin": "pseudonymised"}
    store = {"type": BUCKET[0], "name": "one", "props": {"tags": tags}}
    key = {"type": "aws:kms/key:Key", "name": "key", "provider": "bare"}
    plain = resources([store, key], "staging")
    marked = [
        replace(one, props={**one.props, "defaultTags": {"tags": {"reidentifies": "one"}}})
        if one.name == "bare"
        else one
        for one in plain
    ]
    (urn,) = (one.urn for one in plain if one.name == "one")

    assert judge(Stack(plain), config("staging"), today=TODAY).states("PRIV-06")[urn] == "pass"
    assert judge(Stack(marked), config("staging"), today=TODAY).states("PRIV-06")[urn] == "fail"


def test_force_deletion_of_a_registry_is_refused_in_prod_only():
    props = {"forceDelete": True, "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": "arn:key"}]}

    assert state("REG-03", "aws:ecr/repository:Repository", props, "prod") == "fail"
    assert state("REG-03", "aws:ecr/repository:Repository", props, "dev") == "pass"


def test_an_unknown_input_does_not_hide_a_violation_of_the_same_resource():
    some = {one.name: one for one in mutated({"set": ["raw-private", "blockPublicAcls", UNKNOWN]})}
    assert speakers(tuple(some.values())) == {"GOV-04"}

    block = some["raw-private"]
    some["raw-private"] = replace(block, props={**block.props, "ignorePublicAcls": False})
    assert speakers(tuple(some.values())) == {"GOV-04", "STO-01"}


def test_a_relation_may_pass_through_a_sibling_and_an_ambiguous_one_is_undecided():
    bucket, other = (f"aws:s3/bucket:Bucket::{name}" for name in ("a", "b"))
    head = "urn:pulumi:staging::seedbed::"
    a, b = (Resource(urn=head + urn, type=BUCKET[0], name=urn[-1]) for urn in (bucket, other))
    versions = Resource(urn=head + "v", type="aws:s3/bucketVersioning:BucketVersioning", name="v",
                        dependencies={"bucket": (a.urn,)})  # fmt: skip
    block = Resource(urn=head + "p", type="block", name="p", dependencies={"bucket": (versions.urn,)})
    both = Resource(urn=head + "q", type="block", name="q", dependencies={"bucket": (a.urn, b.urn)})
    stack = Stack([a, b, versions, block, both])

    assert [one.name for one in stack.joined(a, ["block"], "bucket")] == ["p"]
    assert [one.name for one in stack.ambiguous(b, ["block"], "bucket")] == ["q"]


def test_reading_tells_absent_unknown_and_known_apart():
    props = {"a": {"b": [UNKNOWN, 7.0, None]}, "c": UNKNOWN, "tag": "30"}

    assert (present(props, "a.b[0]"), present(props, "a.b[2]"), present(props, "c.x")) == (True, False, True)
    assert literal(props, "a.b[1]") == 7
    assert (number(props, "tag"), number(props, "a.b[1]"), number(props, "x")) == (30, 7, None)
    assert look(props, "c.deep.path") is UNKNOWN
    with pytest.raises(Exception, match=r"a\.b\[0\] is unknown"):
        literal(props, "a.b[0]")
    assert document({"policy": "{nonsense"}, "policy") is None


def test_a_statement_with_notprincipal_or_notaction_is_read_as_wide_as_it_is():
    policy = {"Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "NotAction": "iam:*", "Resource": "*"}]}
    (one,) = statements({"policy": policy}, "policy") or []

    assert one.anonymous
    assert one.does("s3:GetObject")
    assert not one.does("iam:PassRole")


def test_the_verdict_counts_and_sorts_its_findings():
    made = judge(Stack(world()), config("staging"), today=TODAY)

    assert made.blocking == made.advisory == ()
    assert made.counts["pass"] == sum(1 for one in made.findings if one.state == "pass") > 50
    assert list(made.findings) == sorted(made.findings, key=lambda one: (one.control, one.urn, one.path))
