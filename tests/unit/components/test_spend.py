import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.quotas import Capacity, NeededQuota, address_quota, endpoint_quotas, vcpu_quotas, vcpus
from components.spend import SpendGuard
from tests.unit.components.instances_of_operations import OPERATIONS
from tests.unit.deploy import by_name

ARGS = next(i.args for i in OPERATIONS if i.component is SpendGuard)


def made() -> dict[str, dict]:
    return by_name(lambda: SpendGuard("spend", ARGS))


def test_somebody_is_told_before_the_budget_is_spent_when_it_is_and_when_it_will_be():
    notices = made()["spend-budget"]["notifications"]

    assert [(n["notificationType"], n["threshold"]) for n in notices] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    assert all(n["thresholdType"] == "PERCENTAGE" and n["comparisonOperator"] == "GREATER_THAN" for n in notices)
    assert all(n["subscriberSnsTopicArns"] and n["subscriberEmailAddresses"] for n in notices)


def test_the_budget_counts_what_bears_both_tags_of_the_environment():
    (tags,) = made()["spend-budget"]["costFilters"]

    assert tags == {"name": "TagKeyValue", "values": ["user:env$test", "user:system$seedbed"]}


def test_an_anomaly_is_told_at_once_from_the_sum_that_was_asked_for():
    alert = made()["spend-anomaly-alert"]

    assert alert["frequency"] == "IMMEDIATE"
    assert alert["subscribers"] == [{"type": "SNS", "address": ARGS.topic_arn}]
    assert alert["thresholdExpression"]["dimension"]["values"] == [str(ARGS.anomaly_usd)]


def test_the_monitor_is_written_as_aws_reads_it_back():
    said = json.loads(made()["spend-anomalies"]["monitorSpecification"])

    assert said["Tags"] == {"Key": "system", "MatchOptions": None, "Values": ["seedbed"]}
    assert {key for key, value in said.items() if value is None} == {
        "And",
        "CostCategories",
        "Dimensions",
        "Not",
        "Or",
    }


@pytest.mark.parametrize(
    ("instance_type", "number"),
    [
        ("m7i.large", 2),
        ("g5.xlarge", 4),
        ("p4d.24xlarge", 96),
        ("p5.48xlarge", 192),
        ("t3.medium", 2),
        ("t2.micro", 1),
        ("m6g.medium", 1),
        ("m7i-flex.2xlarge", 8),
        ("c4.8xlarge", 36),
    ],
)
def test_vcpus_follow_from_the_size(instance_type, number):
    assert vcpus(instance_type) == number


@pytest.mark.parametrize("instance_type", ["m7i.metal", "m7i", "m7i.huge", "m7i.small"])
def test_a_size_without_known_vcpus_is_refused_with_what_is_allowed(instance_type):
    with pytest.raises(ValueError, match=rf"^{instance_type}: its vCPUs .* allowed is medium, large"):
        vcpus(instance_type)


def test_each_family_and_capacity_counts_towards_its_own_quota():
    caps: list[tuple[str, Capacity, int]] = [
        ("m7i.large", "on-demand", 4),
        ("r7i.xlarge", "on-demand", 1),
        ("g5.xlarge", "spot", 8),
        ("gr6.4xlarge", "spot", 1),
        ("p4d.24xlarge", "on-demand", 2),
        ("p5.48xlarge", "spot", 1),
    ]

    assert {(q.code, q.needed) for q in vcpu_quotas(caps)} == {
        ("L-1216C47A", 12),
        ("L-3819A6DF", 48),
        ("L-417A185B", 192),
        ("L-C4BD4855", 192),
    }


@pytest.mark.parametrize(
    "instance_type", ["trn1.32xlarge", "inf2.xlarge", "mac2.metal", "hpc7a.12xlarge", "dl1.24xlarge"]
)
def test_a_family_with_a_quota_of_its_own_is_never_counted_as_another(instance_type):
    with pytest.raises(ValueError, match=f"^{instance_type}: the quota of its family is not known"):
        vcpu_quotas([(instance_type, "on-demand", 1)])


@given(st.lists(st.tuples(st.sampled_from(["m7i.large", "g5.xlarge"]), st.integers(0, 100))))
def test_no_instance_is_lost_when_quotas_are_summed(caps):
    quotas = vcpu_quotas([(kind, "on-demand", number) for kind, number in caps])

    assert sum(q.needed for q in quotas) == sum(vcpus(kind) * number for kind, number in caps)
    assert len({q.code for q in quotas}) == len(quotas)


def test_every_nat_gateway_needs_a_public_address():
    assert address_quota(3) == [NeededQuota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 3)]
    assert address_quota(0) == []


def test_an_endpoint_needs_room_for_two_fleets_while_one_replaces_the_other():
    quotas = endpoint_quotas([("ml.g5.xlarge", 2), ("ml.m7i.large", 1), ("ml.g5.xlarge", 1)])

    assert quotas == [
        NeededQuota("sagemaker", "L-1928E07B", "ml.g5.xlarge for endpoint usage", 6),
        NeededQuota("sagemaker", None, "ml.m7i.large for endpoint usage", 2),
    ]
