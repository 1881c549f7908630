"""Where findings about rights stand, and what they say."""

import datetime
import json

import pytest

from policies.rule import UNKNOWN, Stack, config, controls, judge
from tests.policies.cases import TODAY, cases, resources
from tests.policies.test_exceptions import ENTRY, URN, verdict

GITHUB = "token.actions.githubusercontent.com"
PREVIEW = {
    "Effect": "Allow",
    "Principal": {"Federated": f"arn:aws:iam::111111111111:oidc-provider/{GITHUB}"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {f"{GITHUB}:sub": "repo:example/risk-models:environment:staging-preview"}},
}
BUCKETS = {"Effect": "Allow", "Action": "s3:CreateBucket", "Resource": "*"}
WIDENING = {"Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": "arn:aws:iam::111111111111:role/one"}
BOUNDARY = "arn:aws:iam::111111111111:policy/boundary"
TRACKING = {"app.kubernetes.io/name": "mlflow"}
DEPLOYMENT, SERVICE = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"


def document(*some: dict) -> str:
    return json.dumps({"Statement": some})


def said(control: str, entries: list[dict], today: datetime.date = TODAY) -> list[str]:
    """Path and message of everything that one control asks for or cannot decide."""
    only = [one for one in controls() if one.id == control]
    made = judge(Stack(resources(entries, "staging")), config("staging"), today=today, only=only)
    return [f"{one.path}: {one.message}" for one in made.findings if one.state in ("fail", "undetermined")]


def ci(**more) -> dict:
    """A role that a preview takes on."""
    props = {"name": "one", "permissionsBoundary": BOUNDARY, "assumeRolePolicy": document(PREVIEW), **more}
    return {"type": "aws:iam/role:Role", "name": "one", "props": props}


@pytest.mark.parametrize(
    ("more", "beside", "place"),
    [
        ({"inlinePolicies": [{"policy": document(BUCKETS)}]}, [], "inlinePolicies[0].policy.Statement[0].Action: "),
        ({"managedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}, [], "managedPolicyArns: "),
        (
            {},
            [("rolePolicy:RolePolicy", {"role": "one", "policy": document(BUCKETS)})],
            "RolePolicy.policy.Statement[0].Action: ",
        ),
        (
            {},
            [
                (
                    "rolePolicyAttachment:RolePolicyAttachment",
                    {"role": "one", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
                )
            ],
            "RolePolicyAttachment.policyArn: ",
        ),
    ],
)
def test_what_a_preview_may_do_is_said_to_stand_where_it_is_written(more, beside, place):
    """IAM-03 judges the role; what gives it a right may be another resource."""
    others = [{"type": f"aws:iam/{token}", "name": "other", "props": props} for token, props in beside]

    (found,) = said("IAM-03", [ci(**more), *others])
    assert found.startswith(place)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "permissionsBoundary: not set, and iam:AttachRolePolicy lets it widen itself"),
        ({"permissionsBoundary": BOUNDARY}, "permissionsBoundary: iam:PutRolePermissionsBoundary lets it leave"),
    ],
)
def test_a_role_that_changes_itself_is_told_from_one_that_leaves_its_boundary(more, message):
    actions = ["iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"]
    inline = {"inlinePolicies": [{"policy": document({**WIDENING, "Action": actions})}]}
    role = {"type": "aws:iam/role:Role", "name": "one", "props": {"name": "one", **inline, **more}}

    assert any(one.startswith(message) for one in said("IAM-01", [role]))


@pytest.mark.parametrize(
    ("resources", "place"),
    [
        ({"requests": {"cpu": UNKNOWN, "memory": "1Gi"}, "limits": {"memory": "1Gi"}}, "requests.cpu: "),
        ({"requests": {"memory": "1Gi"}, "limits": {"cpu": UNKNOWN, "memory": "1Gi"}}, "limits.cpu: "),
    ],
)
def test_an_amount_that_is_unknown_is_said_to_stand_where_it_is_written(resources, place):
    spec = {"template": {"spec": {"containers": [{"name": "main", "resources": resources}]}}}

    (found,) = said("K8S-04", [{"type": "kubernetes:batch/v1:Job", "name": "one", "props": {"spec": spec}}])
    assert found.startswith(f"spec.template.spec.containers[0].resources.{place}")


@pytest.mark.parametrize("name", ["docker", "containerd", "crio", "cri-dockerd", "podman"])
def test_the_socket_of_a_container_runtime_is_called_what_it_is(name):
    spec = {
        "volumes": [{"name": "socket", "hostPath": {"path": f"/run/{name}.sock"}}],
        "containers": [{"name": "main"}],
    }

    (found,) = said("K8S-02", [{"type": "kubernetes:core/v1:Pod", "name": "one", "props": {"spec": spec}}])
    assert "the socket of the container runtime, which is root on the node" in found


def server() -> dict:
    template = {"metadata": {"labels": TRACKING}, "spec": {"containers": [{"name": "mlflow"}]}}
    return {
        "type": DEPLOYMENT,
        "name": "one",
        "props": {"metadata": {"name": "one", "namespace": "runs"}, "spec": {"template": template}},
    }


@pytest.mark.parametrize(
    ("metadata", "selector", "place"),
    [
        ({"namespace": "runs"}, UNKNOWN, "Service.spec.selector: "),
        ({"namespace": UNKNOWN}, TRACKING, "Service.metadata.namespace: "),
    ],
)
def test_what_is_unknown_of_a_service_is_said(metadata, selector, place):
    service = {"type": SERVICE, "name": "in", "props": {"metadata": metadata, "spec": {"selector": selector}}}

    (found,) = said("ML-12", [server(), service])
    assert found.startswith(place)


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({}, "artifactStoreUri: not set; "),
        ({"artifactStoreUri": "s3://elsewhere/runs"}, "artifactStoreUri: leads to no bucket of this stack; "),
    ],
)
def test_a_place_for_artifacts_that_is_missing_is_told_from_one_of_somebody_else(props, message):
    token = "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer"

    (found,) = said("ML-12", [{"type": token, "name": "one", "props": props}])
    assert found.startswith(message)


def test_stores_of_models_are_judged_and_what_they_lean_on_is_not():
    (good,) = (one for one in cases() if one.id == "ML-12-good")
    states = judge(Stack(good.resources), config("staging"), today=TODAY).states("ML-12")

    assert {urn.rpartition("::")[2] for urn in states} == {"both", "tracking", "server"}


@pytest.mark.parametrize(
    ("policy", "day", "message"),
    [
        ("STANDARD", TODAY, "its standard support ended on 2026-07-29; "),
        ("EXTENDED", datetime.date(2027, 11, 23), "its extended support ended on 2027-07-29; "),
    ],
)
def test_support_that_ended_may_be_extended_once(policy, day, message):
    props = {"name": "one", "version": "1.33", "upgradePolicy": {"supportType": policy}}

    (found,) = said("EKS-04", [{"type": "aws:eks/cluster:Cluster", "name": "one", "props": props}], day)
    assert found.startswith(f"version: {message}")
    assert ("upgradePolicy.supportType EXTENDED" in found) == (policy == "STANDARD")


@pytest.mark.parametrize(
    ("urn", "place"), [(URN, URN), (f"{URN}2", "urn:pulumi:staging::seedbed::pulumi:pulumi:Stack::seedbed-staging")]
)
def test_an_entry_with_a_fault_is_said_at_its_resource_or_at_the_stack(urn, place):
    made = verdict({**ENTRY, "urn": urn, "until": "2026-11-22"})

    assert [one.urn for one in made.findings if one.control == "GOV-03" and one.state == "fail"] == [place]
