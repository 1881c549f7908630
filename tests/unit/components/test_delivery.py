"""What CI may do, asked of the documents by AWS's own rules of evaluation."""

import json
from dataclasses import replace

import pytest

from components.delivery import DeliveryIdentity
from localcloud.policy_language import Request, effects
from tests.unit.components.instances import INSTANCES
from tests.unit.deploy import by_name

ARGS = next(i.args for i in INSTANCES if i.component is DeliveryIdentity)
ACCOUNT = ARGS.account
OURS = {"aws:resourcetag/system": ["seedbed"], "aws:resourcetag/env": ["test"], "aws:requestedregion": [ARGS.region]}
BOUNDED = {"iam:permissionsboundary": [f"arn:aws:iam::{ACCOUNT}:policy/seedbed-test-boundary"]}
ROLE, OWN = f"arn:aws:iam::{ACCOUNT}:role/seedbed-test-new", f"arn:aws:iam::{ACCOUNT}:role/seedbed-test-deploy"
LIMIT = f"arn:aws:iam::{ACCOUNT}:policy/seedbed-test-boundary"
DATA = "arn:aws:s3:::seedbed-test-data-000000000000"
STATE = "arn:aws:s3:::seedbed-test-state"


@pytest.fixture(scope="module")
def made():
    return by_name(lambda: DeliveryIdentity("ci", ARGS))


@pytest.fixture(scope="module")
def may(made):
    """Whether a role may do something: its own policy and its boundary both allow it, and neither denies it."""

    def ask(role, action, resource="*", **context):
        asked = Request((action,), resource, None, ACCOUNT, {**OURS, **context})
        documents = [made[f"ci-{role}-rights"]["policy"], made["ci-boundary"]["policy"]]
        if role == "anything":
            documents = documents[1:]
        said = [effects(json.loads(document), asked) for document in documents]
        return all(effect == {"Allow"} for effect in said)

    made["ci-anything-rights"] = {"policy": "{}"}
    return ask


WRITES = [
    ("s3:PutObject", f"{DATA}/x"),
    ("s3:DeleteBucket", DATA),
    ("s3:PutBucketPolicy", DATA),
    ("iam:CreateRole", ROLE),
    ("iam:PutRolePolicy", ROLE),
    ("iam:PassRole", ROLE),
    ("kms:ScheduleKeyDeletion", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/one"),
    ("ec2:CreateVpc", "*"),
    ("eks:DeleteCluster", f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/seedbed-test"),
    ("rds:DeleteDBInstance", f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:seedbed-test-tracking"),
    ("cloudtrail:StopLogging", "*"),
    ("sns:Publish", "*"),
    ("logs:PutRetentionPolicy", "*"),
]


@pytest.mark.parametrize(("action", "resource"), WRITES)
def test_a_preview_changes_nothing(may, action, resource):
    assert not may("preview", action, resource, **BOUNDED)


@pytest.mark.parametrize("action", ["ec2:DescribeVpcs", "iam:GetRole", "rds:DescribeDBInstances", "s3:GetBucketPolicy"])
def test_a_preview_reads_settings(may, action):
    assert may("preview", action, {"s3:GetBucketPolicy": DATA}.get(action, "*"))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", f"{DATA}/dvc/x"),
        ("kms:Decrypt", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/one"),
        ("logs:GetLogEvents", "*"),
        ("logs:FilterLogEvents", "*"),
        ("ecr:BatchGetImage", "*"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:rds!db-1"),
        ("sagemaker:InvokeEndpoint", "*"),
    ],
)
def test_a_preview_reads_no_data(may, action, resource):
    assert not may("preview", action, resource)


def test_a_preview_reads_the_state_and_cannot_write_it(may):
    key = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/s"
    named = {"kms:resourcealiases": [ARGS.state_key_alias], "aws:resourcetag/env": []}
    assert may("preview", "s3:GetObject", f"{STATE}/.pulumi/stacks/seedbed/test.json")
    assert may("preview", "kms:Decrypt", key, **named)
    assert not may("preview", "s3:PutObject", f"{STATE}/.pulumi/stacks/seedbed/test.json")
    assert not may("preview", "kms:Encrypt", key, **named)
    assert may("deploy", "s3:PutObject", f"{STATE}/.pulumi/stacks/seedbed/test.json")
    assert may("deploy", "kms:Encrypt", key, **named)


def test_a_deployment_makes_roles_inside_its_boundary_alone(may):
    assert may("deploy", "iam:CreateRole", ROLE, **BOUNDED)
    assert not may("deploy", "iam:CreateRole", ROLE)
    assert not may("deploy", "iam:CreateRole", ROLE, **{"iam:permissionsboundary": ["arn:aws:iam::1:policy/wide"]})
    assert not may("deploy", "iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/other", **BOUNDED)


WAYS_OUT = [
    ("iam:CreatePolicyVersion", LIMIT),
    ("iam:DeletePolicy", LIMIT),
    ("iam:SetDefaultPolicyVersion", LIMIT),
    ("iam:PutRolePolicy", OWN),
    ("iam:AttachRolePolicy", OWN),
    ("iam:DeleteRolePermissionsBoundary", OWN),
    ("iam:DeleteRolePermissionsBoundary", ROLE),
    ("iam:UpdateAssumeRolePolicy", OWN),
    ("iam:PutRolePermissionsBoundary", OWN),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/administrator"),
    ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/me"),
    ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/me"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/administrator"),
    ("organizations:LeaveOrganization", "*"),
    ("s3:GetObject", "arn:aws:s3:::another-bucket/x"),
    ("kms:Decrypt", f"arn:aws:kms:us-west-2:{ACCOUNT}:key/one"),
]


@pytest.mark.parametrize("role", ["deploy", "anything"])
@pytest.mark.parametrize(("action", "resource"), WAYS_OUT)
def test_neither_a_deployment_nor_what_it_makes_leaves_the_boundary(may, role, action, resource):
    """`anything` is a role that the deployment made, with every right that an own policy could give it."""
    assert not may(role, action, resource, **BOUNDED)


def test_another_environments_keys_are_out_of_reach(may):
    key = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/two"
    ours = {"kms:resourcealiases": ["alias/seedbed-test-personal"]}
    assert may("anything", "kms:Decrypt", key, **ours)
    assert not may("anything", "kms:Decrypt", key)
    assert not may("anything", "kms:Decrypt", key, **ours, **{"aws:resourcetag/env": ["prod"]})
    assert not may("deploy", "kms:Decrypt", key, **ours)


def test_nobody_is_let_into_another_cluster(may):
    entry = f"arn:aws:eks:eu-central-1:{ACCOUNT}:access-entry/{{}}/role/{ACCOUNT}/platform/1"
    assert may("deploy", "eks:AssociateAccessPolicy", entry.format("seedbed-test"))
    assert not may("deploy", "eks:AssociateAccessPolicy", entry.format("seedbed-prod"))


def test_another_region_is_out_of_reach(may):
    assert may("deploy", "ec2:CreateVpc")
    assert not may("deploy", "ec2:CreateVpc", **{"aws:requestedregion": ["ap-south-1"]})


def test_a_deployment_does_not_read_data(may):
    assert may("deploy", "s3:PutLifecycleConfiguration", "arn:aws:s3:::seedbed-test-data-000000000000")
    assert not may("deploy", "s3:GetObject", f"{DATA}/dvc/x")
    assert not may(
        "deploy", "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:rds!x"
    )


@pytest.mark.parametrize(("role", "environment"), [("preview", "test-preview"), ("deploy", "test")])
def test_a_role_trusts_the_jobs_of_one_environment_of_one_repository(made, role, environment):
    (statement,) = json.loads(made[f"ci-{role}"]["assumeRolePolicy"])["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"]["Federated"].endswith(":oidc-provider/token.actions.githubusercontent.com")
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": f"repo:example/environments:environment:{environment}",
        }
    }


def test_the_documents_are_as_short_as_iam_wants_them(made):
    longest = {"system": "s" * 20, "environment": "e" * 15}
    for here in (made, by_name(lambda: DeliveryIdentity("ci", replace(ARGS, **longest)))):
        assert len(here["ci-boundary"]["policy"]) <= 6144
        assert all(len(here[f"ci-{role}-rights"]["policy"]) <= 10240 for role in ("preview", "deploy"))
