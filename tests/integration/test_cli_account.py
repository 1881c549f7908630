"""What the command line finds and deletes in an account, asked of an account that was filled by hand."""

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud import Running, temporary
from seedbed import data, inventory, pending
from seedbed.account import Account
from seedbed.failures import WrongInputError
from seedbed.inventory import Left, leftovers
from stacks.settings import load
from tests.integration.house import ROOT

SETTINGS = load(ROOT / "Pulumi.local.yaml")
TAGS = {"system": "seedbed", "env": "local"}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with temporary() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def account(running: Running) -> Account:
    return Account(SETTINGS, running)


def named(name: str) -> dict[str, str]:
    return {**TAGS, "Name": name}


def ec2_tags(kind: str, tags: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]


@pytest.fixture(scope="module")
def network(account: Account) -> dict[str, str]:
    """A network whose things bear the environment's tags; ids by what they are."""
    ec2 = account.client("ec2")

    def tagged(kind: str, name: str) -> dict[str, Any]:
        return {"TagSpecifications": ec2_tags(kind, named(name))}

    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", **tagged("vpc", "net"))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", **tagged("subnet", "a"))["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway(**tagged("internet-gateway", "net"))["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc, **tagged("route-table", "a"))["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    address = ec2.allocate_address(Domain="vpc", **tagged("elastic-ip", "nat"))["AllocationId"]
    nat = ec2.create_nat_gateway(AllocationId=address, SubnetId=subnet, **tagged("natgateway", "nat"))
    group = ec2.create_security_group(
        GroupName="https", Description="x", VpcId=vpc, **tagged("security-group", "https")
    )["GroupId"]
    rule = ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.9.0.0/16"}]}],
        TagSpecifications=ec2_tags("security-group-rule", TAGS),
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.eu-central-1.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[table],
        **tagged("vpc-endpoint", "s3"),
    )["VpcEndpoint"]["VpcEndpointId"]
    return {
        "vpc": vpc,
        "subnet": subnet,
        "gateway": gateway,
        "table": table,
        "address": address,
        "nat": nat["NatGateway"]["NatGatewayId"],
        "group": group,
        "rule": rule,
        "endpoint": endpoint,
    }


@pytest.mark.parametrize(
    ("what", "type_", "name"),
    [
        ("vpc", "aws:ec2/vpc:Vpc", "net"),
        ("subnet", "aws:ec2/subnet:Subnet", "a"),
        ("gateway", "aws:ec2/internetGateway:InternetGateway", "net"),
        ("table", "aws:ec2/routeTable:RouteTable", "a"),
        ("address", "aws:ec2/eip:Eip", "nat"),
        ("nat", "aws:ec2/natGateway:NatGateway", "nat"),
        ("group", "aws:ec2/securityGroup:SecurityGroup", "https"),
        ("endpoint", "aws:ec2/vpcEndpoint:VpcEndpoint", "s3"),
    ],
)
def test_a_thing_of_the_network_is_found_by_its_tags_unless_the_state_knows_it(account, network, what, type_, name):
    assert pending.find(account, type_, {"tags": named(name)}, set()) == network[what]
    assert pending.find(account, type_, {"tags": named(name)}, {network[what]}) is None
    assert pending.find(account, type_, {"tags": named("another")}, set()) is None


def test_what_has_no_tags_of_its_own_is_found_by_what_it_joins(account, network):
    rule = {"tags": TAGS, "securityGroupId": network["group"]}
    type_ = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    assert pending.find(account, type_, rule, set()) == network["rule"]
    assert pending.find(account, type_, {**rule, "securityGroupId": "sg-another"}, set()) is None

    association = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    joined = f"{network['subnet']}/{network['table']}"
    assert pending.find(account, association, {"subnetId": network["subnet"]}, set()) == joined
    assert pending.find(account, association, {"subnetId": "subnet-none"}, set()) is None

    route = {"routeTableId": network["table"], "destinationCidrBlock": "0.0.0.0/0"}
    assert pending.find(account, "aws:ec2/route:Route", route, set()) == f"{network['table']}_0.0.0.0/0"
    route["destinationCidrBlock"] = "192.0.2.0/24"
    assert pending.find(account, "aws:ec2/route:Route", route, set()) is None


def make_key(account: Account, **tags: str) -> str:
    listed = [{"TagKey": k, "TagValue": v} for k, v in {**TAGS, **tags}.items()]
    return account.client("kms").create_key(Tags=listed)["KeyMetadata"]["KeyId"]


def test_a_key_is_found_by_its_tags_unless_it_waits_for_its_deletion(account):
    key = make_key(account, **{"data-class": "personal"})
    inputs = {"tags": {**TAGS, "data-class": "personal"}}
    assert pending.find(account, "aws:kms/key:Key", inputs, set()) == key
    account.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert pending.find(account, "aws:kms/key:Key", inputs, set()) is None
    assert key not in {left.id for left in leftovers(account, ["local"]).left}


TRUST = '{"Version": "2012-10-17", "Statement": []}'


@pytest.fixture(scope="module")
def things(account: Account) -> dict[str, str]:
    """One of everything that is found by name: import id by type."""
    tags = [{"Key": k, "Value": v} for k, v in TAGS.items()]
    account.client("s3").create_bucket(
        Bucket="seedbed-local-found", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    account.client("iam").create_role(RoleName="seedbed-local-role", AssumeRolePolicyDocument=TRUST, Tags=tags)
    document = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
    iam = account.client("iam")
    policy = iam.create_policy(PolicyName="seedbed-local-policy", PolicyDocument=document, Tags=tags)["Policy"]
    account.client("logs").create_log_group(logGroupName="/seedbed-local/flow-log", tags=TAGS)
    account.client("ecr").create_repository(repositoryName="seedbed-local/found", tags=tags)
    account.client("ecr").create_pull_through_cache_rule(
        ecrRepositoryPrefix="seedbed-local/quay", upstreamRegistryUrl="quay.io"
    )
    account.client("ecr").create_repository_creation_template(
        prefix="seedbed-local/quay", appliedFor=["PULL_THROUGH_CACHE"]
    )
    account.client("kms").create_alias(AliasName="alias/seedbed-local-found", TargetKeyId=make_key(account))
    return {
        "aws:s3/bucket:Bucket": "seedbed-local-found",
        "aws:iam/role:Role": "seedbed-local-role",
        "aws:iam/policy:Policy": policy["Arn"],
        "aws:cloudwatch/logGroup:LogGroup": "/seedbed-local/flow-log",
        "aws:ecr/repository:Repository": "seedbed-local/found",
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": "seedbed-local/quay",
        "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": "seedbed-local/quay",
        "aws:kms/alias:Alias": "alias/seedbed-local-found",
    }


NAMING = {"Bucket": "bucket", "PullThroughCacheRule": "ecrRepositoryPrefix", "RepositoryCreationTemplate": "prefix"}


@pytest.mark.parametrize(
    "type_", sorted(set(pending.FINDERS) - {"aws:kms/key:Key"} - {t for t in pending.FINDERS if "oute" in t})
)
def test_what_has_a_name_is_found_by_it(account, things, type_):
    argument = NAMING.get(type_.rpartition(":")[2], "name")
    name = things[type_].rpartition("policy/")[2] if "policy:" in type_ else things[type_]
    assert pending.find(account, type_, {argument: name}, set()) == things[type_]
    assert pending.find(account, type_, {argument: f"{name}-another"}, set()) is None


def test_a_sweep_finds_all_that_is_left_by_tag_and_by_name(account, network, things):
    left = leftovers(account, ["local", "dev"]).left
    ids = {one.id for one in left}
    assert set(network.values()) <= ids
    assert {*things.values()} - {things["aws:iam/policy:Policy"]} | {"seedbed-local-policy"} <= ids
    assert Left("image mirror", "seedbed-local/quay") in left
    assert len(ids) == len(left) - 1, "only the mirror and its template share a name"


def test_a_sweep_leaves_what_belongs_to_another_environment(account):
    s3 = account.client("s3")
    for name in ("seedbed-local2-data", "seedbed-local-eu-data", "seedbed-localdata", "another-local-data"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    ids = {left.id for left in leftovers(account, ["local", "local-eu"]).left}
    assert not {"seedbed-local2-data", "seedbed-local-eu-data", "seedbed-localdata", "another-local-data"} & ids
    assert "seedbed-local-eu-data" in {left.id for left in leftovers(account, ["local"]).left}


def test_data_is_found_counted_and_deleted_with_all_its_versions_and_nothing_else_is(account):
    s3 = account.client("s3")
    config = {"LocationConstraint": "eu-central-1"}
    for name in ("seedbed-local-mine", "seedbed-local-foreign", "seedbed-local-empty"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=config)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if name != "seedbed-local-foreign":
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in TAGS.items()]})
        if name != "seedbed-local-empty":
            s3.put_object(Bucket=name, Key="data", Body=b"1")
            s3.put_object(Bucket=name, Key="data", Body=b"2")
            s3.delete_object(Bucket=name, Key="data")
    upload = s3.create_multipart_upload(Bucket="seedbed-local-mine", Key="half")
    assert upload["UploadId"]

    (held,) = [one for one in data.held(account) if one.kind == "bucket"]
    assert held == data.Held("bucket", "seedbed-local-mine", "1 object, 3 versions, 2 B")

    said: list[str] = []
    data.delete(account, [held], said.append)
    assert said == ["seedbed-local-mine: 3 object versions deleted"]
    assert [one for one in data.held(account) if one.kind == "bucket"] == []
    s3.delete_bucket(Bucket="seedbed-local-mine")
    assert len(s3.list_object_versions(Bucket="seedbed-local-foreign")["Versions"]) == 2


def test_images_go_by_digest_and_a_mirrored_repository_goes_whole(account, things):
    ecr = account.client("ecr")
    manifest = (
        '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", '
        '"config": {"mediaType": "x", "size": 1, "digest": "sha256:%s"}, "layers": []}' % ("0" * 64)
    )
    ecr.put_image(repositoryName="seedbed-local/found", imageManifest=manifest, imageTag="v1")
    tags = [{"Key": k, "Value": v} for k, v in TAGS.items()]
    ecr.create_repository(repositoryName="seedbed-local/quay/prometheus", tags=tags)

    held = [one for one in data.held(account) if "repository" in one.kind]
    assert [(one.kind, one.name) for one in held] == [
        ("image repository", "seedbed-local/found"),
        ("mirrored repository", "seedbed-local/quay/prometheus"),
    ]
    data.delete(account, held, lambda _: None)
    assert ecr.list_images(repositoryName="seedbed-local/found")["imageIds"] == []
    assert "seedbed-local/quay/prometheus" not in set(inventory.repository_names(account))


def test_credentials_of_another_account_are_refused_before_anything_is_asked(running):
    dev = load(ROOT / "Pulumi.dev.yaml")
    with pytest.raises(WrongInputError, match="belong to account 000000000000, the environment to 111111111111"):
        Account(dev, running)


def test_a_users_profile_is_not_even_looked_at_for_the_local_account(running, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "there-is-no-such-profile")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    identity = Account(SETTINGS, running).client("sts").get_caller_identity()
    assert identity["Account"] == "000000000000"
