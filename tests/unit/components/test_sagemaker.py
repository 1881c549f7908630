import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.captured_requests import CapturedRequests
from components.sagemaker import NO_MODEL, SERVING, SageMakerEndpoint, local_storage, traffic
from components.served_model import LONGEST_NAME, versioned
from tests.unit.components.instances_of_operations import OPERATIONS
from tests.unit.deploy import by_name, deploy

ARGS = next(i.args for i in OPERATIONS if i.component is SageMakerEndpoint)
CAPTURED = next(i.args for i in OPERATIONS if i.component is CapturedRequests)
NOTHING = {"repository": None, "image_digest": None, "artifact": None}


def made(**changes) -> dict[str, dict]:
    return by_name(lambda: SageMakerEndpoint("e", replace(ARGS, **changes)))


def statements(**changes) -> dict[str, dict]:
    document = json.loads(made(**changes)["e-model-access"]["policy"])
    return {s["Sid"]: s for s in document["Statement"]}


def test_without_a_model_nothing_is_made_and_the_status_says_what_is_missing():
    seen = []
    assert deploy(lambda: seen.append(SageMakerEndpoint("e", replace(ARGS, **NOTHING)))) == []

    (endpoint,) = seen
    assert (endpoint.status, endpoint.endpoint_name, endpoint.alarm_names) == (NO_MODEL, None, [])


def test_with_a_model_the_status_says_that_it_serves():
    seen = []
    deploy(lambda: seen.append(SageMakerEndpoint("e", ARGS)))

    assert (seen[0].status, seen[0].endpoint_name) == (SERVING, "seedbed-test-scoring")


def test_a_served_model_has_no_network_and_lives_in_private_subnets():
    model = made()["e-model-model"]

    assert model["enableNetworkIsolation"] is True
    assert model["vpcConfig"] == {"securityGroupIds": ["e-model-network-id"], "subnets": ["subnet-1", "subnet-2"]}


def test_nobody_comes_into_the_network_of_a_served_model():
    resources = deploy(lambda: SageMakerEndpoint("e", ARGS))

    assert not [r for r in resources if "Ingress" in r.type]
    (out,) = [r.inputs for r in resources if "Egress" in r.type]
    assert (out["fromPort"], out["toPort"], out["ipProtocol"]) == (443, 443, "tcp")


def test_an_image_is_named_by_its_digest_in_the_accounts_own_registry():
    image = made()["e-model-model"]["primaryContainer"]["image"]

    assert image == f"000000000000.dkr.ecr.eu-central-1.amazonaws.com/seedbed-test/serving@{ARGS.image_digest}"


def test_the_role_reads_one_model_and_pulls_from_one_repository():
    allowed = statements()

    assert allowed["ReadTheModel"]["Resource"] == "arn:aws:s3:::seedbed-test-artifacts/models/1/model.tar.gz"
    assert allowed["PullTheImage"]["Resource"].endswith(":repository/seedbed-test/serving")
    assert allowed["KeepRequests"]["Resource"] == "arn:aws:s3:::seedbed-test-capture/*"
    assert allowed["WriteTheLog"]["Resource"][0].endswith(":log-group:/aws/sagemaker/Endpoints/seedbed-test-scoring")


def test_the_role_uses_the_keys_that_bear_the_named_aliases_and_no_other():
    for statement in statements().values():
        if "kms:" in json.dumps(statement["Action"]):
            assert statement["Condition"]["ForAnyValue:StringEquals"] == {
                "kms:ResourceAliases": ["alias/one", "alias/personal"]
            }


def test_whatever_the_role_may_do_everywhere_reads_no_data():
    everywhere = [a for s in statements().values() if s["Resource"] == "*" for a in [s["Action"]]]
    actions = {a for one in everywhere for a in ([one] if isinstance(one, str) else one)}

    assert {a for a in actions if not a.startswith("ec2:Describe")} == {
        "ecr:GetAuthorizationToken",
        "cloudwatch:PutMetricData",
    }


def test_without_capture_the_role_writes_to_no_bucket():
    off = {"capture_percent": None, "capture_bucket": None, "capture_bucket_name": None}

    assert "KeepRequests" not in statements(**off)
    assert "dataCaptureConfig" not in made(**off)["e-configuration"]


def test_kept_requests_go_to_their_bucket_under_its_key():
    capture = made()["e-configuration"]["dataCaptureConfig"]

    assert capture["destinationS3Uri"] == "s3://capture-id"
    assert capture["kmsKeyId"] == ARGS.capture_kms_key_arn
    assert capture["initialSamplingPercentage"] == 10


def test_the_role_is_complete_before_sagemaker_tries_it():
    model = next(r for r in deploy(lambda: SageMakerEndpoint("e", ARGS)) if r.name == "e-model-model")

    assert {u.split("::")[-1] for u in model.depends_on} >= {"e-model-access", "e-model-https-out"}


def test_the_log_group_is_there_before_sagemaker_would_make_one_that_keeps_for_ever():
    endpoint = next(r for r in deploy(lambda: SageMakerEndpoint("e", ARGS)) if r.name == "e-endpoint")
    group = made()["e-log"]

    assert group["name"] == "/aws/sagemaker/Endpoints/seedbed-test-scoring"
    assert (group["retentionInDays"], group["kmsKeyId"]) == (90, ARGS.kms_key_arn)
    assert any(u.endswith("::e-log") for u in endpoint.depends_on)


def test_a_bad_version_takes_itself_back_when_one_of_its_alarms_is_on():
    there = made()
    rollback = there["e-endpoint"]["deploymentConfig"]["autoRollbackConfiguration"]["alarms"]

    alarms = {there[name]["name"] for name in there if name.endswith("-alarm")}
    assert {a["alarmName"] for a in rollback} == alarms
    assert len(alarms) == 3


@pytest.mark.parametrize(("instances", "kind"), [(1, "ALL_AT_ONCE"), (2, "CANARY"), (7, "CANARY")])
def test_a_canary_is_one_instance_where_that_is_at_most_half_the_fleet(instances, kind):
    routing = traffic(instances)

    assert routing["type"] == kind
    assert ("canary_size" in routing) == (kind == "CANARY")


def test_another_model_is_made_beside_the_old_one_and_the_endpoint_keeps_its_name():
    before, after = made(), made(image_digest="sha256:" + 64 * "3")

    assert before["e-model-model"]["name"] != after["e-model-model"]["name"]
    assert before["e-configuration"]["name"] != after["e-configuration"]["name"]
    assert before["e-endpoint"]["name"] == after["e-endpoint"]["name"]


@pytest.mark.parametrize(
    "change",
    [
        {"subnet_ids": ["subnet-1", "subnet-9"]},
        {"instance_type": "ml.g5.xlarge"},
        {"min_instances": 2},
        {"capture_percent": 20},
        {"kms_key_arn": "arn:aws:kms:eu-central-1:000000000000:key/three"},
        {"capture_bucket": "another"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_replaces_a_configuration_gives_it_another_name(change):
    assert made(**change)["e-configuration"]["name"] != made()["e-configuration"]["name"]


def test_scaling_and_alarms_rename_nothing():
    change = {"max_instances": 9, "latency_limit_ms": 5, "invocations_per_instance": 7, "tags": {"owner": "x"}}

    assert made(**change)["e-configuration"]["name"] == made()["e-configuration"]["name"]
    assert made(**change)["e-model-model"]["name"] == made()["e-model-model"]["name"]


@given(st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True), st.integers(), st.integers())
def test_a_versioned_name_fits_and_differs_with_its_contents(start, one, other):
    names = [versioned(start, contents) for contents in (one, other)]

    assert all(len(name) <= LONGEST_NAME and "--" not in name for name in names)
    assert (names[0] == names[1]) == (one == other)


@pytest.mark.parametrize(
    ("instance_type", "local"),
    [
        ("ml.m7i.large", False),
        ("ml.m5d.large", True),
        ("ml.g4dn.xlarge", True),
        ("ml.g5.xlarge", True),
        ("ml.g6e.2xlarge", True),
        ("ml.p4d.24xlarge", True),
        ("ml.p3.2xlarge", False),
        ("ml.p5.48xlarge", True),
        ("ml.inf2.xlarge", False),
        ("ml.trn1.2xlarge", True),
        ("ml.c7gd.large", True),
        ("ml.c7g.large", False),
    ],
)
def test_volumes_take_the_key_where_the_instance_has_no_disks_of_its_own(instance_type, local):
    assert local_storage(instance_type) is local
    assert ("kmsKeyArn" in made(instance_type=instance_type)["e-configuration"]) is not local


def test_kept_requests_are_personal_data_with_their_register_entry():
    tags = by_name(lambda: CapturedRequests("c", replace(CAPTURED, register_id="PR-7", recipients=["a", "b"])))[
        "c-bucket"
    ]["tags"]

    assert {key: tags[key] for key in ("data-class", "retention-days", "purpose", "legal-basis", "recipients")} == {
        "data-class": "personal",
        "retention-days": "30",
        "purpose": "quality assurance",
        "legal-basis": "contract",
        "recipients": "a b",
    }


def test_kept_requests_are_gone_with_their_versions_when_the_retention_ends():
    rules = {r["id"]: r for r in by_name(lambda: CapturedRequests("c", CAPTURED))["c-lifecycle"]["rules"]}

    assert rules["retention"]["expiration"]["days"] == 29
    assert rules["old-versions"]["noncurrentVersionExpiration"]["noncurrentDays"] == 1
