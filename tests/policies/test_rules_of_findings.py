"""What a finding is about: the resources that a control judges, the input that it names, and what it asks for."""

from dataclasses import replace
from typing import Any

import pytest

from policies.rule import UNKNOWN, Finding, Resource, Stack, config, controls, judge
from policies.stack import BUCKET
from tests.policies.cases import TODAY, resources

NODE_GROUP, NODE_POOL = "aws:eks/nodeGroup:NodeGroup", "kubernetes:karpenter.sh/v1:NodePool"
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
STACK = "pulumi:pulumi:Stack"


def found(control: str, some: tuple[Resource, ...]) -> dict[str, Finding]:
    """What one control says, by the name of the resource; the last finding of each."""
    made = judge(Stack(some), config("staging"), today=TODAY, only=[one for one in controls() if one.id == control])
    return {one.urn.rpartition("::")[2]: one for one in made.findings}


@pytest.mark.parametrize(
    ("control", "token"),
    [
        ("COST-01", "aws:budgets/budgetAction:BudgetAction"),
        ("COST-03", "kubernetes:core/v1:LimitRange"),
        ("COST-04", "aws:ec2/launchTemplate:LaunchTemplate"),
        ("GOV-01", "kubernetes:core/v1:ConfigMap"),
        ("IAM-02", "aws:iam/user:User"),
        ("KMS-03", BUCKET[0]),
        ("ML-04", "kubernetes:networking.k8s.io/v1:NetworkPolicy"),
        ("ML-08", BUCKET[0]),
        ("PRIV-03", "aws:sfn/stateMachine:StateMachine"),
        ("PRIV-07", "aws:sagemaker/model:Model"),
    ],
)
def test_what_proves_or_is_of_another_kind_is_not_judged(control, token):
    assert "one" not in found(control, resources([{"type": token, "name": "one"}], "staging"))


PERSONAL = {"data-class": "personal", "retention-days": "30"}
RULES = [
    {
        "status": "Enabled",
        "expiration": {"days": 30},
        "noncurrentVersionExpiration": {"noncurrentDays": 1},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
    }
]
QUEUE = "kubernetes:kueue.x-k8s.io/v1beta1:LocalQueue"


@pytest.mark.parametrize(
    ("control", "token", "props", "others", "path", "says"),
    [
        ("COST-02", NODE_GROUP, {"instanceTypes": ["g5.xlarge"], "taints": [{"effect": "NO_SCHEDULE"}]}, [],
         "scalingConfig.maxSize", "set maxSize"),
        ("COST-02", NODE_GROUP, {"amiType": "AL2023_x86_64_NVIDIA", "scalingConfig": {"maxSize": 1},
                                 "taints": [{"effect": "NO_SCHEDULE"}]}, [], "instanceTypes", "any instance type"),
        ("COST-03", "kubernetes:core/v1:Namespace", {"metadata": {"name": "one"}},
         [{"type": NODE_POOL, "name": "any"},
          {"type": QUEUE, "name": "queue", "props": {"metadata": {"namespace": UNKNOWN}}}],
         "metadata.namespace", "unknown"),
        ("K8S-08", GATEWAY, {}, [], "", "a gateway leads into the cluster"),
        ("ML-10", "aws:sagemaker/model:Model", {"primaryContainer": {"image": "x"}, "tags": {"run-id": "8c1f"}}, [],
         "primaryContainer.modelDataUrl", "not set;"),
        ("PRIV-03", BUCKET[0], {"tags": PERSONAL},
         [{"type": LIFECYCLE, "name": "end", "from": {"bucket": "one"}, "props": {"rules": RULES}}],
         "rules[0].noncurrentVersionExpiration.noncurrentDays", "beyond the retention"),
        ("PRIV-07", "aws:sagemaker/endpoint:Endpoint", {"tags": {"decision-effect": "x"}}, [],
         "tags.decision-effect", "set one of none, legal, significant"),
    ],
)  # fmt: skip
def test_a_finding_names_the_input_and_what_to_set(control, token, props, others, path, says):
    some = resources([{"type": token, "name": "one", "props": props}, *others], "staging")
    only = [one for one in controls() if one.id == control]
    made = judge(Stack(some), config("staging"), today=TODAY, only=only).findings

    assert [one for one in made if one.urn.endswith("::one") and one.path == path and says in one.message]


def register(*entries: dict[str, Any]) -> tuple[Resource, ...]:
    """A stack with one personal bucket and a register of these entries."""
    tags = {"data-class": "personal", "purpose": "scoring"}
    return resources(
        [
            {"type": STACK, "name": "stack", "props": {"processing_register": list(entries)}},
            {"type": BUCKET[0], "name": "one", "props": {"bucket": "raw", "tags": tags}},
        ],
        "staging",
    )


def test_a_register_without_a_stray_entry_is_content_though_one_is_missing():
    said = found("PRIV-08", register())

    assert (said["seedbed-staging"].state, said["one"].state) == ("pass", "fail")


def test_the_register_is_found_wherever_the_stack_stands_among_its_resources():
    entry = {"name": "raw", "purpose": "scoring", "categories": "personal", "region": "eu-central-1"}
    some = register({**entry, "safeguards": ["customer-key"]})

    assert found("PRIV-08", some)["one"].state == "pass"
    assert found("PRIV-08", some[::-1])["one"].state == "pass"


def test_a_provider_is_explicit_with_or_without_the_id_that_the_engine_gives_it():
    some = resources([{"type": BUCKET[0], "name": "one"}], "staging")
    plain = tuple(replace(one, provider=one.provider.removesuffix("::id")) for one in some)

    assert found("GOV-02", some)["one"].state == "pass"
    assert found("GOV-02", plain)["one"].state == "pass"
