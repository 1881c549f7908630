"""Subnet groups, parameter groups and versions as the Amazon RDS User Guide and API Reference tell of them."""

import pytest

from tests.localcloud.clusters import REGION, make_ground
from tests.localcloud.refusals import refused


@pytest.fixture(scope="module")
def ground(aws):
    return make_ground(aws, "groups")


@pytest.fixture
def rds(aws):
    return aws("rds")


@pytest.fixture
def group(rds, name):
    rds.create_db_parameter_group(
        DBParameterGroupName=name,
        DBParameterGroupFamily="postgres16",
        Description="ours",
        Tags=[{"Key": "owner", "Value": name}],
    )
    return name


def users(rds, group):
    pages = rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=group, Source="user")
    return {one["ParameterName"]: one for page in pages for one in page["Parameters"]}


def test_a_subnet_group_is_changed_and_stays(rds, aws, ground, name):
    """API Reference, ModifyDBSubnetGroup."""
    more = aws("ec2").create_subnet(VpcId=ground.vpc, CidrBlock="10.7.9.0/24", AvailabilityZone=f"{REGION}c")
    subnets = [*ground.subnets, more["Subnet"]["SubnetId"]]
    tags = [{"Key": "owner", "Value": name}]
    rds.create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription="two", SubnetIds=ground.subnets, Tags=tags
    )
    rds.modify_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="three", SubnetIds=subnets)
    (found,) = rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
    assert found["DBSubnetGroupDescription"] == "three"
    assert sorted(one["SubnetIdentifier"] for one in found["Subnets"]) == sorted(subnets)
    assert (found["VpcId"], found["SupportedNetworkTypes"]) == (ground.vpc, ["IPV4"])
    assert rds.list_tags_for_resource(ResourceName=found["DBSubnetGroupArn"])["TagList"] == tags
    seen = aws("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "owner", "Values": [name]}])
    assert [one["ResourceARN"] for one in seen["ResourceTagMappingList"]] == [found["DBSubnetGroupArn"]]
    rds.delete_db_subnet_group(DBSubnetGroupName=name)
    with refused("DBSubnetGroupNotFoundFault"):
        rds.describe_db_subnet_groups(DBSubnetGroupName=name)


def test_a_subnet_group_covers_two_zones_of_one_network(rds, aws, ground, name):
    """API Reference, CreateDBSubnetGroup."""
    elsewhere = aws("ec2").create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    foreign = aws("ec2").create_subnet(VpcId=elsewhere, CidrBlock="10.8.0.0/24", AvailabilityZone=f"{REGION}c")
    good = {"DBSubnetGroupName": name, "DBSubnetGroupDescription": "x", "SubnetIds": ground.subnets}
    for subnets, code in (
        (ground.subnets[:1], "DBSubnetGroupDoesNotCoverEnoughAZs"),
        (["subnet-0123456789abcdef0", ground.subnets[0]], "InvalidSubnet"),
        ([*ground.subnets, foreign["Subnet"]["SubnetId"]], "InvalidSubnet"),
    ):
        with refused(code):
            rds.create_db_subnet_group(**{**good, "SubnetIds": subnets})
    rds.create_db_subnet_group(**good)
    with refused("DBSubnetGroupAlreadyExists", name):
        rds.create_db_subnet_group(**good)
    with refused("DBSubnetGroupDoesNotCoverEnoughAZs"):
        rds.modify_db_subnet_group(**{**good, "SubnetIds": ground.subnets[:1]})
    with refused("DBSubnetGroupNotFoundFault"):
        rds.modify_db_subnet_group(**{**good, "DBSubnetGroupName": "none"})


def test_parameters_are_set_told_and_reset(rds, group):
    """API Reference, ModifyDBParameterGroup, DescribeDBParameters, ResetDBParameterGroup."""
    wanted = [
        {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"},
        {"ParameterName": "shared_preload_libraries", "ParameterValue": "pgaudit", "ApplyMethod": "pending-reboot"},
    ]
    rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=wanted)
    found = users(rds, group)
    assert [{key: found[one["ParameterName"]][key] for key in one} for one in wanted] == wanted
    assert found["shared_preload_libraries"]["ApplyType"] == "static"
    rds.reset_db_parameter_group(DBParameterGroupName=group, Parameters=wanted[1:])
    assert list(users(rds, group)) == ["rds.force_ssl"]
    rds.reset_db_parameter_group(DBParameterGroupName=group, ResetAllParameters=True)
    assert users(rds, group) == {}
    pages = rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=group)
    every = {one["ParameterName"]: one for page in pages for one in page["Parameters"]}
    assert (every["rds.force_ssl"]["Source"], every["rds.force_ssl"]["ParameterValue"]) == ("system", "1")
    assert every["log_statement"]["Source"] == "engine-default"


def test_parameters_that_there_are_not_are_refused(rds, group):
    """API Reference, ModifyDBParameterGroup."""
    for parameter, code, word in (
        ({"ParameterName": "force_ssl", "ParameterValue": "1"}, "InvalidParameterValue", "force_ssl"),
        ({"ParameterName": "rds.force_ssl", "ParameterValue": "yes"}, "InvalidParameterValue", "0,1"),
        ({"ParameterName": "max_connections", "ParameterValue": "9"}, "InvalidParameterCombination", "static"),
    ):
        with refused(code, word):
            rds.modify_db_parameter_group(
                DBParameterGroupName=group, Parameters=[{**parameter, "ApplyMethod": "immediate"}]
            )
    many = [{"ParameterName": "pgaudit.log", "ParameterValue": "ddl", "ApplyMethod": "immediate"}] * 21
    with refused("InvalidParameterValue", "20"):
        rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=many)
    with refused("InvalidParameterValue", "postgres16"):
        rds.create_db_parameter_group(DBParameterGroupName="x", DBParameterGroupFamily="postgres9", Description="x")
    with refused("DBParameterGroupNotFound", "none"):
        rds.describe_db_parameter_groups(DBParameterGroupName="none")


def test_a_parameter_group_in_use_stays(rds, group, name):
    """API Reference, DeleteDBParameterGroup."""
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.medium",
        Engine="postgres",
        EngineVersion="16",
        AllocatedStorage=20,
        MasterUsername="tracking",
        ManageMasterUserPassword=True,
        DBParameterGroupName=group,
    )
    with refused("InvalidDBParameterGroupState", name):
        rds.delete_db_parameter_group(DBParameterGroupName=group)
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    rds.delete_db_parameter_group(DBParameterGroupName=group)


def test_versions_and_classes_that_there_are_can_be_asked_for(rds):
    """API Reference, DescribeDBEngineVersions and DescribeOrderableDBInstanceOptions."""
    versions = rds.describe_db_engine_versions(Engine="postgres", EngineVersion="16")["DBEngineVersions"]
    assert {one["DBParameterGroupFamily"] for one in versions} == {"postgres16"}
    newest = versions[-1]
    assert "postgresql" in newest["ExportableLogTypes"]
    assert any(target["IsMajorVersionUpgrade"] for target in newest["ValidUpgradeTarget"])
    (default,) = rds.describe_db_engine_versions(Engine="postgres", DefaultOnly=True)["DBEngineVersions"]
    assert default["EngineVersion"].startswith("17.")
    pages = rds.get_paginator("describe_orderable_db_instance_options")
    asked = pages.paginate(Engine="postgres", EngineVersion=newest["EngineVersion"])
    classes = [one["DBInstanceClass"] for page in asked for one in page["OrderableDBInstanceOptions"]]
    assert "db.t4g.medium" in classes
    assert len(classes) == len(set(classes)) > 100
