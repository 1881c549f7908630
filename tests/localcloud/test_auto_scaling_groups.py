"""Sizes of node groups as Amazon EC2 Auto Scaling changes them."""

import pytest

from tests.localcloud.clusters import make_ground, wish
from tests.localcloud.refusals import refused


@pytest.fixture(scope="module")
def ground(aws):
    return make_ground(aws, "scaled")


@pytest.fixture
def scaling(aws):
    return aws("autoscaling")


@pytest.fixture
def group(aws, ground, name):
    """A cluster with a group of one to three nodes, which has two."""
    eks = aws("eks")
    eks.create_cluster(**wish(ground, name))
    made = {"clusterName": name, "nodegroupName": "system"}
    eks.create_nodegroup(
        **made,
        nodeRole=ground.node_role,
        subnets=ground.subnets,
        instanceTypes=["m7i.large"],
        scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2},
    )
    return made


def said(aws, group):
    return aws("eks").describe_nodegroup(**group)["nodegroup"]


def scaling_name(aws, group):
    return said(aws, group)["resources"]["autoScalingGroups"][0]["name"]


def interfaces(aws, ground):
    """Those of nodes, by subnet."""
    found = aws("ec2").describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [ground.vpc]}])
    nodes = [one for one in found["NetworkInterfaces"] if one["Description"].startswith("aws-K8S-i-")]
    return {name: [one["NetworkInterfaceId"] for one in nodes if one["SubnetId"] == name] for name in ground.subnets}


def test_a_node_group_grows_where_it_has_fewest_and_tells_eks(aws, scaling, group, ground):
    before = {subnet: len(found) for subnet, found in interfaces(aws, ground).items()}
    scaling.set_desired_capacity(AutoScalingGroupName=scaling_name(aws, group), DesiredCapacity=3)
    assert said(aws, group)["scalingConfig"] == {"minSize": 1, "maxSize": 3, "desiredSize": 3}
    after = {subnet: len(found) for subnet, found in interfaces(aws, ground).items()}
    assert sum(after.values()) == sum(before.values()) + 1
    aws("eks").delete_nodegroup(**group)


def test_a_size_stays_within_its_bounds(aws, scaling, group):
    own = scaling_name(aws, group)
    for wanted, words in ((4, "4 is above max value 3"), (0, "0 is below min value 1")):
        with refused("ValidationError", words):
            scaling.set_desired_capacity(AutoScalingGroupName=own, DesiredCapacity=wanted)
    assert said(aws, group)["scalingConfig"]["desiredSize"] == 2
    aws("eks").delete_nodegroup(**group)


def test_the_instance_that_is_named_goes_and_no_other(aws, scaling, group, ground):
    there = {one for found in interfaces(aws, ground).values() for one in found}
    gone = sorted(there)[0]
    instance = gone.replace("eni-", "i-", 1)

    def terminate(*, shrinks: bool) -> dict:
        return scaling.terminate_instance_in_auto_scaling_group(
            InstanceId=instance, ShouldDecrementDesiredCapacity=shrinks
        )["Activity"]

    activity = terminate(shrinks=True)
    assert activity["AutoScalingGroupName"] == scaling_name(aws, group)
    assert {one for found in interfaces(aws, ground).values() for one in found} == there - {gone}
    assert said(aws, group)["scalingConfig"]["desiredSize"] == 1
    (last,) = there - {gone}
    instance = last.replace("eni-", "i-", 1)
    with refused("ValidationError", "desiredSize equals minSize (1)"):
        terminate(shrinks=True)
    terminate(shrinks=False)
    (new,) = (one for found in interfaces(aws, ground).values() for one in found)
    assert new != last, "another comes in its place"
    aws("eks").delete_nodegroup(**group)


def test_other_groups_are_motos_and_what_is_not_there_is_refused(aws, scaling, ground, name):
    with refused("ValidationError", "name not found"):
        scaling.set_desired_capacity(AutoScalingGroupName="nobody", DesiredCapacity=1)
    with refused("ValidationError", "i-0123456789abcdef0"):
        scaling.terminate_instance_in_auto_scaling_group(
            InstanceId="i-0123456789abcdef0", ShouldDecrementDesiredCapacity=True
        )
    images = aws("ec2").describe_images()["Images"]
    scaling.create_launch_configuration(
        LaunchConfigurationName=name, ImageId=images[0]["ImageId"], InstanceType="m7i.large"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName=name,
        MinSize=0,
        MaxSize=1,
        VPCZoneIdentifier=ground.subnets[0],
    )
    scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)

    def found() -> dict:
        return scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]

    assert found()["DesiredCapacity"] == 1
    (one,) = found()["Instances"]
    scaling.terminate_instance_in_auto_scaling_group(InstanceId=one["InstanceId"], ShouldDecrementDesiredCapacity=True)
    assert found()["DesiredCapacity"] == 0
    scaling.delete_auto_scaling_group(AutoScalingGroupName=name)


def test_a_capacity_block_is_bought_by_its_template(aws, ground, group, name):
    """User Guide, "Create a managed node group with Capacity Blocks for ML"."""
    data = {
        "InstanceType": "p5.48xlarge",
        "InstanceMarketOptions": {"MarketType": "capacity-block"},
        "CapacityReservationSpecification": {
            "CapacityReservationTarget": {"CapacityReservationId": "cr-0123456789abcdef0"}
        },
    }
    template = aws("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)["LaunchTemplate"]
    made = {"clusterName": group["clusterName"], "nodegroupName": "block"}
    aws("eks").create_nodegroup(
        **made,
        nodeRole=ground.node_role,
        subnets=ground.subnets[:1],
        capacityType="CAPACITY_BLOCK",
        launchTemplate={"id": template["LaunchTemplateId"], "version": "1"},
        scalingConfig={"minSize": 0, "maxSize": 1, "desiredSize": 0},
    )
    assert said(aws, made)["capacityType"] == "CAPACITY_BLOCK"
    for one in (made, group):
        aws("eks").delete_nodegroup(**one)
