"""What a control judges, and where it says that a fault stands."""

import pytest

from policies.rule import Stack, Verdict, config, controls, judge
from tests.policies.cases import TODAY, cases


def verdict(control: str, kind: str) -> Verdict:
    """What one control says about one of its fixtures."""
    (case,) = (one for one in cases() if (one.control, one.kind) == (control, kind))
    only = [one for one in controls() if one.id == control]
    return judge(Stack(case.resources), config(case.environment), today=TODAY, only=only)


@pytest.mark.parametrize(
    ("control", "judged"),
    [
        ("GOV-05", {"nodes", "filled", "aws", "k8s"}),
        ("IAM-06", {"seedbed-staging", "role"}),
        ("LOG-04", {"seedbed-staging", "breaches"}),
        ("ML-11", {"model", "server", "deploy", "who"}),
        ("NET-04", {"vpc", "s3", "ecr.api", "ecr.dkr", "sts", "kms", "logs"}),
    ],
)
def test_what_is_evidence_alone_is_not_judged(control, judged):
    assert {urn.rpartition("::")[2] for urn in verdict(control, "good").states(control)} == judged


def test_a_right_to_approve_that_stands_in_another_resource_is_said_to_stand_there():
    (found,) = (one.path for one in verdict("ML-11", "bad").findings if one.state == "fail")

    assert found == "RolePolicy.policy.Statement[0].Action"
