"""What IAM-01 makes of a policy, against trying every request of a small world."""

import json
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.rule import Stack, config, controls, judge
from tests.policies.cases import TODAY, resources
from tests.policies.test_permissions import ACCOUNT, evaluated

REQUESTS = {
    "zz:Anything": ("arn:aws:zz:eu-central-1:111111111111:a", "arn:aws:zz:eu-central-1:111111111111:b"),
    "s3:GetObject": ("arn:aws:s3:::one/x", "arn:aws:s3:::two/y"),
    "iam:AttachRolePolicy": (f"{ACCOUNT}:role/one", f"{ACCOUNT}:role/two"),
    "iam:CreateRole": (f"{ACCOUNT}:role/one", f"{ACCOUNT}:role/two"),
    "iam:PassRole": (f"{ACCOUNT}:role/one", f"{ACCOUNT}:role/two"),
    "iam:CreateAccessKey": (f"{ACCOUNT}:user/one", f"{ACCOUNT}:user/two"),
    "ec2:RunInstances": ("arn:aws:ec2:eu-central-1:111111111111:instance/a",
                         "arn:aws:ec2:eu-central-1:111111111111:instance/b"),
    "ssm:SendCommand": ("arn:aws:ec2:eu-central-1:111111111111:instance/a",
                        "arn:aws:ec2:eu-central-1:111111111111:instance/b"),
    "ebs:GetSnapshotBlock": ("arn:aws:ec2:eu-central-1::snapshot/a", "arn:aws:ec2:eu-central-1::snapshot/b"),
}  # fmt: skip
"""A small world: every request that there is, on two resources that share no name."""

SOME = ("*", "s3:*", "s3:Get*", "s3:PutObject", "iam:PassRole", "iam:AttachRolePolicy", "iam:Create*", "ec2:*", "ssm:*",
        "ebs:Get*")  # fmt: skip
ON = ("*", "arn:aws:s3:::*", "arn:aws:s3:::one/*", f"{ACCOUNT}:role/*", f"{ACCOUNT}:role/one", f"{ACCOUNT}:user/*",
      "arn:aws:ec2:*")  # fmt: skip
ENTRIES = st.builds(
    lambda actions, patterns: {"Effect": "Allow", "Action": actions, "Resource": patterns},
    st.lists(st.sampled_from(SOME), min_size=1, max_size=2),
    st.lists(st.sampled_from(ON), min_size=1, max_size=2),
)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ENTRIES, min_size=1, max_size=3))
def test_the_verdict_on_a_policy_is_that_of_trying_every_request(document):
    (control,) = (one for one in controls() if one.id == "IAM-01")
    props = {"policy": json.dumps({"Statement": document})}
    some = resources([{"type": "aws:iam/policy:Policy", "name": "one", "props": props}], "prod")
    open_ = {action for action, arns in REQUESTS.items() if all(evaluated(document, action, arn) for arn in arns)}
    # The control takes any resource of the service for one on which a launching or making action may be done.
    services = {action: action.partition(":")[0] for action in REQUESTS}
    partly = {
        action
        for action, other in product(REQUESTS, REQUESTS)
        if services[action] == services[other] and any(evaluated(document, action, arn) for arn in REQUESTS[other])
    }
    ways = open_ - {"iam:CreateRole", "iam:PassRole", "ec2:RunInstances"}
    together = ("iam:PassRole" in open_ and "ec2:RunInstances" in partly) or (
        {"iam:CreateRole", "iam:AttachRolePolicy"} <= partly
    )

    assert (
        "fail" in judge(Stack(some), config("prod"), today=TODAY, only=[control]).states("IAM-01").values()
    ) == bool(ways or together)
