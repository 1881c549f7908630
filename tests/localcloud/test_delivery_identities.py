"""Providers of identities, boundaries and the policy simulator as the IAM API Reference and User Guide tell of them."""

import json

import pytest

from tests.localcloud.refusals import refused

ACCOUNT = "000000000000"
GITHUB = "token.actions.githubusercontent.com"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions, **more):
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def deny(*actions, **more):
    return {**allow(*actions, **more), "Effect": "Deny"}


SERVICE = document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})


@pytest.fixture
def iam(aws):
    return aws("iam")


def test_a_provider_of_identities_changes_its_clients_and_tags(iam, name):
    """IAM API Reference, AddClientIDToOpenIDConnectProvider and its neighbours."""
    url = f"https://{name}.example.com"
    made = iam.create_open_id_connect_provider(Url=url, ClientIDList=["one"], Tags=[{"Key": "a", "Value": "1"}])
    arn = {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}
    for client in ("two", "two"):
        iam.add_client_id_to_open_id_connect_provider(**arn, ClientID=client)
    iam.remove_client_id_from_open_id_connect_provider(**arn, ClientID="one")
    iam.tag_open_id_connect_provider(**arn, Tags=[{"Key": "b", "Value": "2"}])
    found = iam.get_open_id_connect_provider(**arn)
    assert found["ClientIDList"] == ["two"]
    assert {tag["Key"] for tag in found["Tags"]} == {"a", "b"}
    with refused("EntityAlreadyExists"):
        iam.create_open_id_connect_provider(Url=url)
    iam.delete_open_id_connect_provider(**arn)
    with refused("NoSuchEntity"):
        iam.delete_open_id_connect_provider(**arn)


def test_a_trust_in_a_shared_issuer_says_whose_token(iam, name):
    """IAM User Guide, "Identity-provider controls for shared OIDC providers"."""
    known = {arn["Arn"] for arn in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]}
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
    if provider not in known:
        iam.create_open_id_connect_provider(Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"])
    trust = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
    for condition in ({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}, {"StringLike": {f"{GITHUB}:sub": "*"}}):
        with refused("MalformedPolicyDocument", f"{GITHUB}:sub"):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=document({**trust, "Condition": condition}))
    condition = {"StringEquals": {f"{GITHUB}:sub": "repo:owner/name:ref:refs/heads/main"}}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document({**trust, "Condition": condition}))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"Resource": "*"}, "Resource"),
        ({"Principal": None}, "Principal"),
        ({"Action": "s3:GetObject"}, "STS"),
        ({"Effect": "Maybe"}, "Effect"),
    ],
)
def test_a_trust_policy_is_one_a_role_may_have(iam, name, wrong, word):
    """IAM API Reference, CreateRole: MalformedPolicyDocument."""
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole", **wrong}
    statement = {key: value for key, value in statement.items() if value is not None}
    with refused("MalformedPolicyDocument", word):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(statement))


def test_a_boundary_exists_and_stays_while_it_bounds(iam, name):
    """IAM API Reference, PutRolePermissionsBoundary and DeletePolicy."""
    missing = f"arn:aws:iam::{ACCOUNT}:policy/there-is-none"
    with refused("NoSuchEntity", missing):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE, PermissionsBoundary=missing)
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE, PermissionsBoundary=boundary)
    bound = iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]
    assert bound["PermissionsBoundaryArn"] == boundary
    with refused("DeleteConflict"):
        iam.delete_policy(PolicyArn=boundary)
    iam.delete_role_permissions_boundary(RoleName=name)
    iam.delete_policy(PolicyArn=boundary)


def decisions(answer):
    return {result["EvalActionName"]: result["EvalDecision"] for result in answer["EvaluationResults"]}


def test_the_simulator_evaluates_the_policies_of_a_request(iam):
    """IAM API Reference, SimulateCustomPolicy."""
    only = {"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}}
    asked = {
        "PolicyInputList": [
            document(allow("s3:Get*", "s3:Put*"), deny("s3:PutBucketPolicy"), allow("ec2:Run*", **only))
        ],
        "ActionNames": ["s3:GetObject", "s3:PutBucketPolicy", "s3:DeleteObject", "ec2:RunInstances"],
    }
    answer = iam.simulate_custom_policy(**asked)
    assert decisions(answer) == {
        "s3:GetObject": "allowed",
        "s3:PutBucketPolicy": "explicitDeny",
        "s3:DeleteObject": "implicitDeny",
        "ec2:RunInstances": "implicitDeny",
    }
    assert answer["EvaluationResults"][0]["MissingContextValues"] == ["aws:RequestedRegion"]
    context = {
        "ContextKeyName": "aws:RequestedRegion",
        "ContextKeyType": "string",
        "ContextKeyValues": ["eu-central-1"],
    }
    assert decisions(iam.simulate_custom_policy(**asked, ContextEntries=[context]))["ec2:RunInstances"] == "allowed"
    bounded = iam.simulate_custom_policy(**asked, PermissionsBoundaryPolicyInputList=[document(allow("ec2:*"))])
    assert decisions(bounded)["s3:GetObject"] == "implicitDeny"
    with refused("InvalidInput", "PolicyInputList"):
        iam.simulate_custom_policy(PolicyInputList=["{}"], ActionNames=["s3:GetObject"])


def test_the_simulator_knows_a_role_with_all_its_policies_and_its_boundary(iam, name):
    """IAM API Reference, SimulatePrincipalPolicy; User Guide, "Permissions boundaries for IAM entities"."""
    boundary = iam.create_policy(
        PolicyName=f"{name}-boundary",
        PolicyDocument=document(allow("s3:*", "iam:*"), deny("iam:DeleteRolePermissionsBoundary")),
    )["Policy"]["Arn"]
    attached = iam.create_policy(PolicyName=name, PolicyDocument=document(allow("ec2:*", "iam:*")))["Policy"]["Arn"]
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE, PermissionsBoundary=boundary)
    iam.attach_role_policy(RoleName=name, PolicyArn=attached)
    bucket = allow("s3:GetObject", Resource="arn:aws:s3:::data/*")
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(bucket))
    role = made["Role"]["Arn"]
    actions = [
        "ec2:RunInstances",
        "iam:CreateRole",
        "iam:DeleteRolePermissionsBoundary",
        "s3:GetObject",
        "s3:PutObject",
    ]
    answer = iam.simulate_principal_policy(
        PolicySourceArn=role, ActionNames=actions, ResourceArns=["arn:aws:s3:::data/a"]
    )
    assert decisions(answer) == {
        "ec2:RunInstances": "implicitDeny",
        "iam:CreateRole": "allowed",
        "iam:DeleteRolePermissionsBoundary": "explicitDeny",
        "s3:GetObject": "allowed",
        "s3:PutObject": "implicitDeny",
    }
    first = answer["EvaluationResults"][0]
    assert first["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    with refused("NoSuchEntity"):
        iam.simulate_principal_policy(PolicySourceArn=f"{role}-none", ActionNames=["s3:GetObject"])
