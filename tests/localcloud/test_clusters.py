"""Clusters as the Amazon EKS User Guide and API Reference tell of them."""

import base64
import json

import pytest
from cryptography import x509

from tests.localcloud.clusters import make_ground, make_role, wish
from tests.localcloud.refusals import refused

LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]


@pytest.fixture(scope="module")
def ground(aws):
    return make_ground(aws, "clusters")


@pytest.fixture
def eks(aws):
    return aws("eks")


@pytest.fixture
def cluster(eks, ground, name):
    eks.create_cluster(**wish(ground, name))
    return name


def automatic(ground, **compute):
    return {
        "computeConfig": {"enabled": True, "nodePools": ["system"], "nodeRoleArn": ground.node_role, **compute},
        "storageConfig": {"blockStorage": {"enabled": True}},
        "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}, "serviceIpv4Cidr": "172.21.0.0/16"},
    }


def test_a_cluster_keeps_all_that_it_is_told(eks, aws, ground, name):
    """API Reference, CreateCluster."""
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    wanted = wish(
        ground,
        name,
        **automatic(ground),
        bootstrapSelfManagedAddons=False,
        encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": key}}],
        logging={"clusterLogging": [{"types": LOGS, "enabled": True}]},
        upgradePolicy={"supportType": "STANDARD"},
        zonalShiftConfig={"enabled": True},
        deletionProtection=True,
        tags={"env": "local"},
    )
    assert eks.create_cluster(**wanted)["cluster"]["status"] == "CREATING"

    found = eks.describe_cluster(name=name)["cluster"]

    told = ("version", "roleArn", "computeConfig", "storageConfig", "encryptionConfig", "logging", "upgradePolicy")
    told += ("zonalShiftConfig", "deletionProtection", "tags")
    assert {part: found[part] for part in told} == {part: wanted[part] for part in told}
    assert found["status"] == "ACTIVE"
    assert found["accessConfig"] == {"authenticationMode": "API"}
    assert found["kubernetesNetworkConfig"] == wanted["kubernetesNetworkConfig"] | {"ipFamily": "ipv4"}
    network = found["resourcesVpcConfig"]
    assert network.pop("clusterSecurityGroupId").startswith("sg-")
    assert network == {
        **wanted["resourcesVpcConfig"],
        "vpcId": ground.vpc,
        "securityGroupIds": [],
        "publicAccessCidrs": [],
    }
    issuer = found["identity"]["oidc"]["issuer"]
    assert issuer.startswith("https://oidc.eks.eu-central-1.amazonaws.com/id/")
    assert issuer.rpartition("/")[2] in found["endpoint"]
    authority = x509.load_pem_x509_certificate(base64.b64decode(found["certificateAuthority"]["data"]))
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_what_a_cluster_stands_on_must_be_there(eks, aws, ground, name):
    """User Guide, "View Amazon EKS networking requirements", "Cluster IAM role", "Encrypt Kubernetes secrets"."""
    good = wish(ground, name)
    network = good["resourcesVpcConfig"]
    wrong = make_role(aws("iam"), f"{name}-wrong", "ec2.amazonaws.com")
    bare = f"{name}-bare"
    role = aws("iam").get_role(RoleName=ground.role.rpartition("/")[2])["Role"]
    for changed, word in (
        ({"version": "1.12"}, "1.12"),
        ({"roleArn": "arn:aws:iam::000000000000:role/none"}, "does not exist"),
        ({"roleArn": wrong}, "trusted entity"),
        ({"resourcesVpcConfig": {**network, "subnetIds": ["subnet-0123456789abcdef0"]}}, "subnet-0123456789abcdef0"),
        ({"resourcesVpcConfig": {**network, "subnetIds": ground.subnets[:1]}}, "two different AZs"),
        ({"resourcesVpcConfig": {**network, "securityGroupIds": ["sg-0123456789abcdef0"]}}, "sg-0123456789abcdef0"),
        ({"resourcesVpcConfig": {**network, "endpointPrivateAccess": False}}, "cannot be false"),
        ({"resourcesVpcConfig": {**network, "publicAccessCidrs": ["192.0.2.0/24"]}}, "endpointPublicAccess"),
        ({"logging": {"clusterLogging": [{"types": ["all"], "enabled": True}]}}, "scheduler"),
        ({"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "arn:none"}}]}, "arn:none"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.7.0.0/16"}}, "10.7.0.0/16"),
        ({"name": "-bad-"}, "-bad-"),
    ):
        with refused("InvalidParameterException", word):
            eks.create_cluster(**{**good, **changed})
    aws("iam").create_role(RoleName=bare, AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]))
    with refused("InvalidParameterException", "AmazonEKSClusterPolicy"):
        eks.create_cluster(**{**good, "roleArn": role["Arn"].replace(role["RoleName"], bare)})
    assert name not in eks.list_clusters()["clusters"]


def test_auto_mode_is_all_on_or_all_off(eks, ground, name):
    """User Guide, "Create an EKS Auto Mode Cluster"."""
    good = {**wish(ground, name), **automatic(ground), "bootstrapSelfManagedAddons": False}
    for changed, word in (
        ({"storageConfig": {"blockStorage": {"enabled": False}}}, "fully enabled or fully disabled"),
        ({"bootstrapSelfManagedAddons": True}, "bootstrapSelfManagedAddons"),
        ({"accessConfig": {"authenticationMode": "CONFIG_MAP"}}, "authenticationMode"),
        (automatic(ground, nodePools=["gpu"]), "general-purpose"),
        (automatic(ground, nodePools=[]), "nodePool"),
    ):
        with refused("InvalidParameterException", word):
            eks.create_cluster(**{**good, **changed})


def test_the_nodes_of_auto_mode_are_let_in_by_the_service(eks, ground, name):
    """User Guide, "Create auto mode node class"."""
    eks.create_cluster(**{**wish(ground, name), **automatic(ground), "bootstrapSelfManagedAddons": False})
    entry = eks.describe_access_entry(clusterName=name, principalArn=ground.node_role)["accessEntry"]
    assert entry["type"] == "EC2"
    policies = eks.list_associated_access_policies(clusterName=name, principalArn=ground.node_role)
    (policy,) = policies["associatedAccessPolicies"]
    assert policy["policyArn"].endswith("/AmazonEKSAutoNodePolicy")


def test_who_makes_a_cluster_is_its_administrator_unless_told_otherwise(eks, ground, name, cluster):
    """User Guide, "Grant IAM users access to Kubernetes with EKS access entries"."""
    other = f"{name}-open"
    eks.create_cluster(**{**wish(ground, other), "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}})
    assert eks.list_access_entries(clusterName=other)["accessEntries"] == ["arn:aws:iam::000000000000:root"]
    assert eks.list_access_entries(clusterName=cluster)["accessEntries"] == []


def test_a_protected_cluster_stays_until_it_no_longer_is(eks, ground, name):
    """User Guide, "Protect EKS clusters from accidental deletion"."""
    eks.create_cluster(**wish(ground, name, deletionProtection=True))
    with refused("InvalidRequestException", "deletion protection"):
        eks.delete_cluster(name=name)
    eks.update_cluster_config(name=name, deletionProtection=False)
    assert eks.delete_cluster(name=name)["cluster"]["status"] == "DELETING"
    with refused("ResourceNotFoundException", name):
        eks.describe_cluster(name=name)


def test_the_network_stays_while_a_cluster_is_in_it(eks, aws, name):
    """User Guide, "View Amazon EKS security group requirements for clusters"; VPC User Guide, "Delete your VPC"."""
    ground, ec2 = make_ground(aws, name), aws("ec2")
    own = ec2.create_security_group(GroupName=name, Description="x", VpcId=ground.vpc)["GroupId"]
    wanted = wish(ground, name)
    wanted["resourcesVpcConfig"]["securityGroupIds"] = [own]
    eks.create_cluster(**wanted)
    group = eks.describe_cluster(name=name)["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert {"Key": f"kubernetes.io/cluster/{name}", "Value": "owned"} in found["Tags"]
    assert found["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group
    for wish_to_delete in (
        lambda: ec2.delete_subnet(SubnetId=ground.subnets[0]),
        lambda: ec2.delete_security_group(GroupId=own),
        lambda: ec2.delete_security_group(GroupId=group),
        lambda: ec2.delete_vpc(VpcId=ground.vpc),
    ):
        with refused("DependencyViolation"):
            wish_to_delete()

    eks.delete_cluster(name=name)

    ec2.delete_security_group(GroupId=own)
    for subnet in ground.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=ground.vpc)


def test_a_cluster_makes_the_log_group_that_it_lacks_and_leaves_it(eks, aws, ground, name):
    """User Guide, "Send control plane logs to CloudWatch Logs"."""
    group, logs = f"/aws/eks/{name}/cluster", aws("logs")
    eks.create_cluster(**wish(ground, name))
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    eks.update_cluster_config(name=name, logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]})
    eks.delete_cluster(name=name)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert "retentionInDays" not in found
    with refused("ResourceAlreadyExistsException"):
        logs.create_log_group(logGroupName=group)


def test_one_kind_of_change_at_a_time_is_kept_and_told(eks, aws, ground, cluster):
    """API Reference, UpdateClusterConfig and DescribeUpdate."""
    group = aws("ec2").create_security_group(GroupName=cluster, Description="x", VpcId=ground.vpc)["GroupId"]
    changes = {
        "resourcesVpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]},
        "logging": {"clusterLogging": [{"types": ["audit"], "enabled": True}]},
        "upgradePolicy": {"supportType": "STANDARD"},
        "zonalShiftConfig": {"enabled": True},
        "deletionProtection": True,
    }
    for kind, wanted in changes.items():
        update = eks.update_cluster_config(name=cluster, **{kind: wanted})["update"]
        assert update["status"] == "InProgress"
        assert eks.describe_update(name=cluster, updateId=update["id"])["update"]["status"] == "Successful"
    eks.update_cluster_config(name=cluster, resourcesVpcConfig={"securityGroupIds": [group]})
    found = eks.describe_cluster(name=cluster)["cluster"]
    network = found["resourcesVpcConfig"]
    assert (network["publicAccessCidrs"], network["endpointPrivateAccess"]) == (["192.0.2.0/24"], True)
    assert network["securityGroupIds"] == [group]
    assert found["logging"]["clusterLogging"][0] == {"types": ["audit"], "enabled": True}
    assert (found["upgradePolicy"], found["zonalShiftConfig"]) == ({"supportType": "STANDARD"}, {"enabled": True})
    assert found["deletionProtection"] is True
    assert len(eks.list_updates(name=cluster)["updateIds"]) == 6
    for wrong, word in (
        ({}, "type for cluster update"),
        ({"deletionProtection": False, "upgradePolicy": {"supportType": "EXTENDED"}}, "Only one type"),
        ({"logging": changes["logging"]}, "No changes needed"),
        ({"resourcesVpcConfig": {"endpointPublicAccess": True}}, "already at the desired"),
        ({"accessConfig": {"authenticationMode": "CONFIG_MAP"}}, "from API to CONFIG_MAP"),
    ):
        with refused("InvalidParameterException", word):
            eks.update_cluster_config(name=cluster, **wrong)


def test_auto_mode_is_switched_on_and_off_whole(eks, ground, cluster):
    """User Guide, "Enable EKS Auto Mode on an existing cluster"."""
    wanted = automatic(ground)
    wanted["kubernetesNetworkConfig"].pop("serviceIpv4Cidr")
    eks.update_cluster_config(name=cluster, **wanted)
    assert eks.describe_cluster(name=cluster)["cluster"]["computeConfig"] == wanted["computeConfig"]
    off = {
        "computeConfig": {"enabled": False},
        "storageConfig": {"blockStorage": {"enabled": False}},
        "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": False}},
    }
    eks.update_cluster_config(name=cluster, **off)
    assert eks.describe_cluster(name=cluster)["cluster"]["computeConfig"]["enabled"] is False


def test_a_cluster_goes_one_version_up_and_never_down(eks, cluster):
    """User Guide, "Update existing cluster to new Kubernetes version"."""
    for wrong in ("1.35", "1.32", "1.33"):
        with refused("InvalidParameterException", wrong):
            eks.update_cluster_version(name=cluster, version=wrong)
    update = eks.update_cluster_version(name=cluster, version="1.34")["update"]
    assert update["type"] == "VersionUpdate"
    assert eks.describe_cluster(name=cluster)["cluster"]["version"] == "1.34"
    with refused("ResourceNotFoundException", "No update"):
        eks.describe_update(name=cluster, updateId="none")
    offered = eks.describe_cluster_versions(versionStatus="STANDARD_SUPPORT")["clusterVersions"]
    assert "1.34" in [one["clusterVersion"] for one in offered]


def test_secrets_are_encrypted_once_and_for_ever(eks, aws, cluster):
    """User Guide, "Encrypt Kubernetes secrets with KMS on existing clusters"."""
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    eks.associate_encryption_config(clusterName=cluster, encryptionConfig=config)
    assert eks.describe_cluster(name=cluster)["cluster"]["encryptionConfig"] == config
    with refused("InvalidRequestException", "already"):
        eks.associate_encryption_config(clusterName=cluster, encryptionConfig=config)


def test_a_creation_told_twice_with_one_token_happens_once(eks, ground, name):
    """API Reference, CreateCluster, clientRequestToken."""
    first = eks.create_cluster(**wish(ground, name), clientRequestToken=f"{name}-token")
    again = eks.create_cluster(**wish(ground, name), clientRequestToken=f"{name}-token")
    assert again["cluster"] == first["cluster"]


def test_a_name_is_taken_once(eks, ground, cluster):
    with refused("ResourceInUseException", cluster):
        eks.create_cluster(**wish(ground, cluster))
