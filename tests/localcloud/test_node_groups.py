"""Node groups and launch templates as the Amazon EKS and Amazon EC2 guides tell of them."""

import pytest

from tests.localcloud.clusters import make_ground, make_role, wish
from tests.localcloud.refusals import refused


@pytest.fixture(scope="module")
def ground(aws):
    return make_ground(aws, "nodes")


@pytest.fixture
def eks(aws):
    return aws("eks")


@pytest.fixture
def ec2(aws):
    return aws("ec2")


@pytest.fixture
def cluster(eks, ground, name):
    eks.create_cluster(**wish(ground, name))
    return name


@pytest.fixture
def group(ground, cluster):
    return {
        "clusterName": cluster,
        "nodegroupName": "system",
        "nodeRole": ground.node_role,
        "subnets": ground.subnets,
        "instanceTypes": ["m7i.large"],
        "scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": 2},
    }


@pytest.fixture
def template(ec2, name):
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50, "VolumeType": "gp3", "Encrypted": True}}
    made = ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={
            "BlockDeviceMappings": [disk],
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "env", "Value": "local"}]}],
        },
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "env", "Value": "local"}]}],
    )
    return made["LaunchTemplate"]["LaunchTemplateId"]


def test_a_node_group_keeps_all_that_it_is_told(eks, group, template):
    """API Reference, CreateNodegroup."""
    wanted = {
        **group,
        "amiType": "AL2023_x86_64_STANDARD",
        "capacityType": "ON_DEMAND",
        "labels": {"role": "system"},
        "taints": [{"key": "CriticalAddonsOnly", "value": "true", "effect": "NO_SCHEDULE"}],
        "updateConfig": {"maxUnavailablePercentage": 33},
        "nodeRepairConfig": {"enabled": True},
        "launchTemplate": {"id": template, "version": "1"},
        "tags": {"env": "local"},
    }
    assert eks.create_nodegroup(**wanted)["nodegroup"]["status"] == "CREATING"
    of = {"clusterName": group["clusterName"], "nodegroupName": "system"}
    found = eks.describe_nodegroup(**of)["nodegroup"]
    assert found["launchTemplate"].pop("name")
    assert {key: found[key] for key in wanted} == wanted
    assert (found["status"], found["version"], "diskSize" in found) == ("ACTIVE", "1.33", False)
    entry = eks.describe_access_entry(clusterName=group["clusterName"], principalArn=group["nodeRole"])["accessEntry"]
    assert entry["type"] == "EC2_LINUX"

    update = eks.update_nodegroup_config(
        **of,
        labels={"addOrUpdateLabels": {"zone": "x"}, "removeLabels": ["role"]},
        taints={
            "addOrUpdateTaints": [{"key": "k", "value": "v", "effect": "NO_EXECUTE"}],
            "removeTaints": wanted["taints"],
        },
        scalingConfig={"minSize": 1, "maxSize": 5, "desiredSize": 3},
        updateConfig={"maxUnavailable": 2},
        nodeRepairConfig={"enabled": False},
    )["update"]
    told = eks.describe_update(name=group["clusterName"], nodegroupName="system", updateId=update["id"])["update"]
    assert told["status"] == "Successful"
    found = eks.describe_nodegroup(**of)["nodegroup"]
    assert (found["labels"], found["scalingConfig"]["maxSize"]) == ({"zone": "x"}, 5)
    assert [taint["key"] for taint in found["taints"]] == ["k"]
    assert (found["updateConfig"], found["nodeRepairConfig"]) == ({"maxUnavailable": 2}, {"enabled": False})


def test_what_a_node_group_stands_on_must_be_there(eks, ec2, aws, group, template, name):
    """User Guide, "Create a managed node group" and "Customize managed nodes with launch templates"."""
    spot = ec2.create_launch_template(
        LaunchTemplateName=f"{name}-spot",
        LaunchTemplateData={"InstanceMarketOptions": {"MarketType": "spot"}},
    )["LaunchTemplate"]["LaunchTemplateId"]
    for changed, word in (
        ({"nodeRole": group["nodeRole"] + "-none"}, "cannot be found"),
        ({"nodeRole": make_role(aws("iam"), f"{name}-eks", "eks.amazonaws.com")}, "ec2.amazonaws.com"),
        ({"subnets": ["subnet-0123456789abcdef0"]}, "subnet-0123456789abcdef0"),
        ({"version": "1.34"}, "1.34"),
        ({"scalingConfig": {"minSize": 3, "maxSize": 4, "desiredSize": 2}}, "Minimum capacity"),
        ({"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 3}}, "max size"),
        ({"taints": [{"key": "a", "effect": "NEVER"}]}, "NO_SCHEDULE"),
        ({"instanceTypes": ["m7i.large", "m7g.large"]}, "processor"),
        ({"instanceTypes": ["m7g.large"], "amiType": "AL2023_x86_64_STANDARD"}, "m7g.large"),
        ({"launchTemplate": {"id": "lt-0123456789abcdef0"}}, "lt-0123456789abcdef0"),
        ({"launchTemplate": {"id": template, "version": "7"}}, "7"),
        ({"launchTemplate": {"id": template, "name": name}}, "Either provide"),
        ({"launchTemplate": {"id": template}, "diskSize": 50}, "Disk size"),
        ({"launchTemplate": {"id": spot}}, "InstanceMarketOptions"),
    ):
        with refused("InvalidParameterException", word):
            eks.create_nodegroup(**{**group, **changed})
    eks.create_nodegroup(**group)
    with refused("ResourceInUseException", "system"):
        eks.create_nodegroup(**group)


def test_a_cluster_with_node_groups_stays(eks, group):
    """API Reference, DeleteCluster."""
    eks.create_nodegroup(**group)
    eks.create_addon(clusterName=group["clusterName"], addonName="coredns")
    with refused("ResourceInUseException", "nodegroups"):
        eks.delete_cluster(name=group["clusterName"])
    eks.delete_nodegroup(clusterName=group["clusterName"], nodegroupName="system")
    eks.delete_cluster(name=group["clusterName"])


def test_nodes_have_interfaces_in_their_subnets_as_many_as_are_wanted(eks, ec2, ground, group):
    """User Guide, "Simplify node lifecycle with managed node groups"."""

    def count():
        filters = [{"Name": "vpc-id", "Values": [ground.vpc]}]
        found = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return sum(1 for one in found if one["Description"].startswith("aws-K8S"))

    before = count()
    eks.create_nodegroup(**group)
    assert count() - before == 2
    of = {"clusterName": group["clusterName"], "nodegroupName": "system"}
    eks.update_nodegroup_config(**of, scalingConfig={"minSize": 1, "maxSize": 4, "desiredSize": 1})
    assert count() - before == 1
    eks.delete_nodegroup(**of)
    assert count() == before


def test_a_node_group_follows_its_cluster_and_its_template(eks, ec2, group, template):
    """API Reference, UpdateNodegroupVersion."""
    eks.create_nodegroup(**group, launchTemplate={"id": template, "version": "1"})
    of = {"clusterName": group["clusterName"], "nodegroupName": "system"}
    with refused("InvalidParameterException", "1.34"):
        eks.update_nodegroup_version(**of, version="1.34")
    eks.update_cluster_version(name=group["clusterName"], version="1.34")
    eks.update_nodegroup_version(**of, version="1.34")
    with refused("InvalidParameterException", "1.33"):
        eks.update_nodegroup_version(**of, version="1.33")
    ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"EbsOptimized": True}
    )
    eks.update_nodegroup_version(**of, launchTemplate={"id": template, "version": "2"})
    found = eks.describe_nodegroup(**of)["nodegroup"]
    assert (found["version"], found["launchTemplate"]["version"]) == ("1.34", "2")


def test_a_template_keeps_its_versions_and_inherits_from_one(ec2, template):
    """EC2 API Reference, CreateLaunchTemplateVersion, DescribeLaunchTemplateVersions, DeleteLaunchTemplateVersions."""
    of = {"LaunchTemplateId": template}
    first = ec2.describe_launch_template_versions(**of)["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert first["TagSpecifications"] == [{"ResourceType": "instance", "Tags": [{"Key": "env", "Value": "local"}]}]
    assert first["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 50
    ec2.create_launch_template_version(
        **of, SourceVersion="1", VersionDescription="more", LaunchTemplateData={"EbsOptimized": True}
    )
    ec2.create_launch_template_version(**of, LaunchTemplateData={"EbsOptimized": False})
    found = ec2.describe_launch_template_versions(**of, Versions=["2"])["LaunchTemplateVersions"][0]
    assert found["LaunchTemplateData"] == {**first, "EbsOptimized": True}
    assert (found["VersionDescription"], found["DefaultVersion"]) == ("more", False)
    ec2.modify_launch_template(**of, DefaultVersion="2")
    default = ec2.describe_launch_template_versions(**of, Filters=[{"Name": "is-default-version", "Values": ["true"]}])
    assert [one["VersionNumber"] for one in default["LaunchTemplateVersions"]] == [2]
    gone = ec2.delete_launch_template_versions(**of, Versions=["2", "3"])
    assert [one["VersionNumber"] for one in gone["SuccessfullyDeletedLaunchTemplateVersions"]] == [3]
    (kept,) = gone["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert kept["VersionNumber"] == 2
    left = ec2.describe_launch_template_versions(**of)["LaunchTemplateVersions"]
    assert sorted(one["VersionNumber"] for one in left) == [1, 2]


def test_a_template_that_is_not_there_is_not_found(ec2, template):
    """EC2 API Reference, "Error codes"."""
    with refused("InvalidLaunchTemplateId.NotFound", "lt-0123456789abcdef0"):
        ec2.describe_launch_templates(LaunchTemplateIds=["lt-0123456789abcdef0"])
    with refused("InvalidLaunchTemplateId.NotFound"):
        ec2.delete_launch_template(LaunchTemplateId="lt-0123456789abcdef0")
    with refused("InvalidLaunchTemplateName.NotFoundException"):
        ec2.describe_launch_templates(LaunchTemplateNames=["none"])
    with refused("InvalidLaunchTemplateId.VersionNotFound"):
        ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["9"])
    ec2.delete_launch_template(LaunchTemplateId=template)
    with refused("InvalidLaunchTemplateId.NotFound"):
        ec2.describe_launch_template_versions(LaunchTemplateId=template)
