"""Clusters and databases outlive the process of the account, whole and still bound to what is around them."""

from functools import cache

import pytest

from localcloud import LocalCloud
from tests.localcloud.clusters import make_ground, wish
from tests.localcloud.conftest import connect
from tests.localcloud.refusals import refused

OF_DATABASE = {"DBInstanceIdentifier": "kept"}


@pytest.fixture
def cloud(tmp_path):
    made = LocalCloud(tmp_path / "cloud")
    yield made
    made.stop()


def clients(running):
    return cache(lambda service: connect(running, service))


def fill(aws):
    """A cluster with one of each part, and a database; gives their ground."""
    ground, eks, rds = make_ground(aws, "kept"), aws("eks"), aws("rds")
    template = aws("ec2").create_launch_template(LaunchTemplateName="kept", LaunchTemplateData={"EbsOptimized": True})
    eks.create_cluster(**wish(ground, "kept", tags={"env": "local"}))
    eks.create_nodegroup(
        clusterName="kept",
        nodegroupName="system",
        nodeRole=ground.node_role,
        subnets=ground.subnets,
        launchTemplate={"id": template["LaunchTemplate"]["LaunchTemplateId"]},
    )
    binding = {"serviceAccount": "cloudwatch-agent", "roleArn": ground.pod_role}
    eks.create_addon(clusterName="kept", addonName="amazon-cloudwatch-observability", podIdentityAssociations=[binding])
    eks.create_access_entry(clusterName="kept", principalArn=ground.pod_role)
    eks.associate_access_policy(
        clusterName="kept",
        principalArn=ground.pod_role,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        accessScope={"type": "cluster", "namespaces": []},
    )
    rds.create_db_subnet_group(DBSubnetGroupName="kept", DBSubnetGroupDescription="x", SubnetIds=ground.subnets)
    rds.create_db_parameter_group(DBParameterGroupName="kept", DBParameterGroupFamily="postgres16", Description="ours")
    setting = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="kept", Parameters=[setting])
    rds.create_db_instance(
        **OF_DATABASE,
        DBInstanceClass="db.t4g.medium",
        Engine="postgres",
        EngineVersion="16",
        AllocatedStorage=20,
        MasterUsername="tracking",
        ManageMasterUserPassword=True,
        DBSubnetGroupName="kept",
        DBParameterGroupName="kept",
        EnablePerformanceInsights=True,
    )
    return ground


def told(aws, ground):
    """All that the account says of them, without what belongs to an answer alone."""
    eks, rds = aws("eks"), aws("rds")
    of = {"clusterName": "kept"}
    database = rds.describe_db_instances(**OF_DATABASE)
    secret = database["DBInstances"][0]["MasterUserSecret"]["SecretArn"]
    answers = [
        eks.describe_cluster(name="kept"),
        eks.describe_nodegroup(**of, nodegroupName="system"),
        eks.describe_addon(**of, addonName="amazon-cloudwatch-observability"),
        eks.list_pod_identity_associations(**of),
        eks.describe_access_entry(**of, principalArn=ground.pod_role),
        eks.list_associated_access_policies(**of, principalArn=ground.pod_role),
        aws("ec2").describe_launch_template_versions(LaunchTemplateName="kept"),
        database,
        rds.describe_db_subnet_groups(DBSubnetGroupName="kept"),
        rds.describe_db_parameters(DBParameterGroupName="kept", Source="user"),
        aws("secretsmanager").get_secret_value(SecretId=secret),
    ]
    for answer in answers:
        answer.pop("ResponseMetadata")
    return answers


def test_clusters_and_databases_are_as_they_were_after_a_restart(cloud):
    before = clients(cloud.start())
    ground = fill(before)
    said = told(before, ground)
    cloud.stop()
    aws = clients(cloud.start())
    assert told(aws, ground) == said

    with refused("DependencyViolation"):
        aws("ec2").delete_subnet(SubnetId=ground.subnets[0])
    aws("eks").delete_nodegroup(clusterName="kept", nodegroupName="system")
    aws("eks").delete_cluster(name="kept")
    aws("rds").delete_db_instance(**OF_DATABASE, SkipFinalSnapshot=True)
    aws("rds").delete_db_subnet_group(DBSubnetGroupName="kept")
    for subnet in ground.subnets:
        aws("ec2").delete_subnet(SubnetId=subnet)
    aws("ec2").delete_vpc(VpcId=ground.vpc)
    assert aws("secretsmanager").list_secrets()["SecretList"] == []
