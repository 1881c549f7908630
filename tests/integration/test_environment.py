"""The shipped environment on the real engine: the account is asked, never the program."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from policies.rule import PACKS
from stacks.settings import load
from tests.integration.house import ROOT, without_cluster
from tests.unit.components.instances import INSTANCES

SETTINGS = load(ROOT / "Pulumi.local.yaml")
BUCKETS = [
    SETTINGS.bucket("logs"),
    SETTINGS.bucket("artifacts"),
    *(SETTINGS.dataset_bucket(d.name) for d in SETTINGS.environment.datasets),
]
LOGGED = BUCKETS[1:]
COMPONENTS = {i.component.__name__ for i in INSTANCES}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_is_closed_versioned_and_tls_only(home, bucket):
    s3 = home.aws("s3")

    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rule["ObjectOwnership"] == "BucketOwnerEnforced"
    statements = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    (refusal,) = [s for s in statements if s["Effect"] == "Deny"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert refusal["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


@pytest.mark.parametrize("dataset", SETTINGS.environment.datasets, ids=lambda d: d.name)
def test_a_data_set_lies_under_a_key_of_its_own(home, dataset):
    bucket = SETTINGS.dataset_bucket(dataset.name)
    aliases = {a["AliasName"]: a.get("TargetKeyId") for a in home.aws("kms").list_aliases()["Aliases"]}

    (rule,) = home.aws("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    assert default["SSEAlgorithm"] == "aws:kms"
    assert default["KMSMasterKeyID"].endswith(aliases[f"alias/seedbed-local-data-{dataset.name}"])
    assert rule["BucketKeyEnabled"] is True


@pytest.mark.parametrize("dataset", SETTINGS.environment.datasets, ids=lambda d: d.name)
def test_a_data_set_bears_what_is_known_of_it(home, dataset):
    tags = {
        t["Key"]: t["Value"]
        for t in home.aws("s3").get_bucket_tagging(Bucket=SETTINGS.dataset_bucket(dataset.name))["TagSet"]
    }

    assert SETTINGS.tags.items() <= tags.items()
    assert tags["data-class"] == dataset.data_class
    assert tags.get("purpose") == dataset.purpose
    assert tags.get("legal-basis") == dataset.legal_basis
    assert tags.get("retention-days") == (None if dataset.retention_days is None else str(dataset.retention_days))


def test_personal_data_is_gone_when_its_retention_ends(home):
    (dataset,) = [d for d in SETTINGS.environment.datasets if d.retention_days]
    answer = home.aws("s3").get_bucket_lifecycle_configuration(Bucket=SETTINGS.dataset_bucket(dataset.name))
    rules = {r["ID"]: r for r in answer["Rules"]}

    current = rules["retention"]["Expiration"]["Days"]
    old = rules["old-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"]
    assert current + old == dataset.retention_days
    assert {r["Status"] for r in rules.values()} == {"Enabled"}
    assert {r["Filter"].get("Prefix", "") for r in rules.values()} == {""}


@pytest.mark.parametrize("bucket", LOGGED)
def test_access_to_a_bucket_is_logged(home, bucket):
    logging = home.aws("s3").get_bucket_logging(Bucket=bucket)["LoggingEnabled"]

    assert (logging["TargetBucket"], logging["TargetPrefix"]) == (BUCKETS[0], f"{bucket}/")


def test_each_team_may_use_its_own_prefix_alone(home):
    iam = home.aws("iam")
    for team in SETTINGS.environment.teams:
        for dataset in team.datasets:
            arn = f"arn:aws:iam::000000000000:policy/{SETTINGS.dataset_bucket(dataset)}-{team.name}"
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
            (objects,) = [s for s in document["Statement"] if "s3:GetObject" in s["Action"]]
            assert objects["Resource"] == f"arn:aws:s3:::{SETTINGS.dataset_bucket(dataset)}/dvc/{team.name}/*"


@pytest.mark.parametrize("data_class", SETTINGS.data_classes)
def test_a_key_rotates_and_says_who_may_use_it(home, data_class):
    kms = home.aws("kms")
    key = f"alias/seedbed-local-{data_class}"

    described = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (described["KeyState"], described["Description"]) == ("Enabled", f"seedbed-local: {data_class} data")
    rotation = kms.get_key_rotation_status(KeyId=described["KeyId"])
    assert (rotation["KeyRotationEnabled"], rotation["RotationPeriodInDays"]) == (True, 365)
    policy = json.loads(kms.get_key_policy(KeyId=described["KeyId"], PolicyName="default")["Policy"])
    assert {s["Sid"] for s in policy["Statement"]} == {"AccountThroughIam", "LogGroupsOfThisAccount"}


def test_the_network_is_closed_and_recorded(home):
    ec2 = home.aws("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "tag:env", "Values": ["local"]}])["Vpcs"]
    inside = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]

    assert vpc["CidrBlock"] == "10.40.0.0/16"
    (default,) = ec2.describe_security_groups(Filters=[*inside, {"Name": "group-name", "Values": ["default"]}])[
        "SecurityGroups"
    ]
    assert (default["IpPermissions"], default["IpPermissionsEgress"]) == ([], [])
    (flow,) = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc["VpcId"]]}])["FlowLogs"]
    assert flow["TrafficType"] == "ALL"
    (group,) = home.aws("logs").describe_log_groups(logGroupNamePrefix="/seedbed-local/flow-log")["logGroups"]
    assert group["retentionInDays"] == 30
    assert group["kmsKeyId"]
    subnets = ec2.describe_subnets(Filters=inside)["Subnets"]
    assert len(subnets) == 4
    assert not any(s["MapPublicIpOnLaunch"] for s in subnets)
    (nat,) = ec2.describe_nat_gateways(Filter=inside)["NatGateways"]
    routes = [
        r
        for table in ec2.describe_route_tables(Filters=[*inside, {"Name": "tag:Name", "Values": ["*private*"]}])[
            "RouteTables"
        ]
        for r in table["Routes"]
        if r.get("DestinationCidrBlock") == "0.0.0.0/0"
    ]
    assert {r.get("NatGatewayId") for r in routes} == {nat["NatGatewayId"]}
    assert len(routes) == 2
    endpoints = ec2.describe_vpc_endpoints(Filters=inside)["VpcEndpoints"]
    services = {e["ServiceName"].split(".", 3)[-1] for e in endpoints}
    assert services == {"s3", "ecr.api", "ecr.dkr", "kms", "logs", "sts", "sagemaker.runtime"}


def test_images_never_change_are_scanned_and_mirrored(home):
    ecr = home.aws("ecr")

    made = {r["repositoryName"]: r for r in ecr.describe_repositories()["repositories"]}
    assert set(made) == {"seedbed-local/serving", "seedbed-local/training"}
    for repository in made.values():
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"
    (rule,) = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert (rule["ecrRepositoryPrefix"], rule["upstreamRegistryUrl"]) == ("seedbed-local/quay", "quay.io")
    (template,) = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    assert (template["prefix"], template["imageTagMutability"]) == ("seedbed-local/quay", "IMMUTABLE")


def test_up_ends_with_what_a_person_wants_to_know(home):
    said = home.first_up

    assert re.search(r"^ +KeyRing keys +\d+ ", said, re.MULTILINE)
    assert re.search(r"^stores +ArtifactStore artifacts +\d+ ", said, re.MULTILINE)
    packs = "packs seedbed-cost, seedbed-gdpr, seedbed-reproducibility, seedbed-security"
    assert re.search(r"^advisory PRIV-04 .*::applications-bucket$", said, re.MULTILINE), "what erases is in the cluster"
    assert f"policies: 0 violations that stop, 1 advisories ({packs})" in said
    assert f"bucket: {SETTINGS.dataset_bucket('applications')}" in said
    assert "next:" in said


def test_a_second_up_changes_nothing(home):
    assert "local: 0 changes" in home.seedbed("up", "local").output


def test_plain_pulumi_comes_to_the_same(home):
    packs = [w for pack in PACKS for w in ("--policy-pack", str(ROOT / "policies" / pack))]
    said = home.pulumi("local", "preview", "--expect-no-changes", *packs).output

    assert "seedbed-security" in said
    assert "seedbed-gdpr" in said


def test_the_account_is_what_the_state_says(home):
    home.pulumi("local", "refresh", "--preview-only", "--expect-no-changes")


def test_a_change_made_by_hand_is_found_and_mended(home):
    s3, bucket = home.aws("s3"), BUCKETS[1]
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": False,
            "RestrictPublicBuckets": True,
        },
    )

    ecr, kms = home.aws("ecr"), home.aws("kms")
    ecr.delete_lifecycle_policy(repositoryName="seedbed-local/training")
    key = kms.describe_key(KeyId="alias/seedbed-local-internal")["KeyMetadata"]["KeyId"]
    kms.disable_key_rotation(KeyId=key)

    found = home.seedbed("preview", "local", "--refresh").output
    home.seedbed("up", "local", "--refresh")

    for name in ("artifacts-private", "images-training-lifecycle", "keys-internal"):
        assert re.search(rf"^ +(update|create) {name} ", found, re.MULTILINE), name
    assert "rulePriority" in ecr.get_lifecycle_policy(repositoryName="seedbed-local/training")["lifecyclePolicyText"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert block["BlockPublicPolicy"] is True


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda env: env["images"].update(keepImages=7),
            {"images-serving-lifecycle", "images-training-lifecycle", "images-quay-template"},
        ),
        (lambda env: env["network"].update(flowLogRetentionDays=60), {"network-flow-log-group"}),
        (
            lambda env: env["keys"].update(rotationDays=180),
            {
                *(f"keys-{c}" for c in SETTINGS.data_classes),
                *(f"keys-data-{d.name}" for d in SETTINGS.environment.datasets),
                *("keys-capture-scoring", "audit-key", "alerts-key", "privacy-alerts-key"),
            },
        ),
        (
            lambda env: env["datasets"][0].update(retentionDays=365),
            {"applications-bucket", "applications-lifecycle"},
        ),
        (
            lambda env: env["teams"].append({"name": "audit", "datasets": ["reference"]}),
            {"reference--audit"},
        ),
    ],
    ids=["keepImages", "flowLogRetentionDays", "rotationDays", "retentionDays", "team"],
)
def test_one_setting_changes_what_it_is_about_and_nothing_else(home, change, expected):
    config = without_cluster("local")
    change(config["seedbed:environment"])
    home.write("local", config)
    try:
        shown = home.seedbed("preview", "local").output
    finally:
        home.write("local", without_cluster("local"))

    # A component is said to change where its arguments do; its children are what a provider would touch.
    changes = re.findall(r"^\s+(?:create|update|replace|delete) (\S+)  \S+ (\S+)", shown, re.MULTILINE)
    assert {name for name, kind in changes if kind not in COMPONENTS} == expected


def test_a_changed_setting_reaches_the_account(home):
    def retention() -> int:
        (group,) = home.aws("logs").describe_log_groups(logGroupNamePrefix="/seedbed-local/flow-log")["logGroups"]
        return group["retentionInDays"]

    config = without_cluster("local")
    config["seedbed:environment"]["network"]["flowLogRetentionDays"] = 60
    try:
        home.write("local", config)
        home.seedbed("up", "local")
        assert retention() == 60
    finally:
        home.write("local", without_cluster("local"))
        home.seedbed("up", "local")
    assert retention() == 30


def test_a_replacement_of_what_keeps_data_is_announced(home):
    config = without_cluster("local")
    config["seedbed:environment"]["network"]["cidr"] = "10.99.0.0/16"
    config["seedbed:environment"]["system"] = "other"
    home.write("local", config)
    try:
        shown = home.seedbed("preview", "local").output
    finally:
        home.write("local", without_cluster("local"))

    assert re.search(r"replace network-vpc .*cidrBlock", shown)
    assert re.search(r"WOULD BE REPLACED because of bucket: reference-bucket", shown)
    assert re.search(r"WOULD BE REPLACED because of \S*name\S*: images-training", shown)


def test_a_request_that_the_account_does_not_know_is_named(home):
    with pytest.raises(ClientError, match=r"NotImplementedByLocalCloud.*StartLifecyclePolicyPreview"):
        home.aws("ecr").start_lifecycle_policy_preview(repositoryName="seedbed-local/training")

    assert re.search(r"ecr StartLifecyclePolicyPreview 400", home.seedbed("cloud", "logs").output)
