"""PostgreSQL as the Amazon RDS User Guide and API Reference tell of it."""

import pytest

from tests.localcloud.clusters import make_ground, make_role
from tests.localcloud.refusals import refused


@pytest.fixture(scope="module")
def ground(aws):
    return make_ground(aws, "databases")


@pytest.fixture(scope="module")
def subnets(aws, ground):
    aws("rds").create_db_subnet_group(
        DBSubnetGroupName="databases", DBSubnetGroupDescription="private", SubnetIds=ground.subnets
    )
    return "databases"


@pytest.fixture(scope="module")
def key(aws):
    return aws("kms").create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def rds(aws):
    return aws("rds")


@pytest.fixture
def wish(name, subnets, key):
    return {
        "DBInstanceIdentifier": name,
        "DBInstanceClass": "db.t4g.medium",
        "Engine": "postgres",
        "EngineVersion": "16",
        "AllocatedStorage": 20,
        "MasterUsername": "tracking",
        "ManageMasterUserPassword": True,
        "StorageEncrypted": True,
        "KmsKeyId": key,
        "DBSubnetGroupName": subnets,
        "BackupRetentionPeriod": 7,
    }


@pytest.fixture
def look(rds, name):
    return lambda: rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


@pytest.fixture
def parameters(rds, name):
    rds.create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily="postgres16", Description="as we like it"
    )
    return name


def test_an_instance_keeps_all_that_it_is_told(rds, aws, wish, look, ground, key, parameters, name):
    """API Reference, CreateDBInstance and DBInstance."""
    group = aws("ec2").create_security_group(GroupName=name, Description="x", VpcId=ground.vpc)["GroupId"]
    role = make_role(aws("iam"), f"{name}-monitoring", "monitoring.rds.amazonaws.com")
    told = {
        "MaxAllocatedStorage": 100,
        "StorageType": "gp3",
        "MultiAZ": True,
        "PubliclyAccessible": False,
        "AutoMinorVersionUpgrade": True,
        "CopyTagsToSnapshot": True,
        "DeletionProtection": False,
        "PreferredBackupWindow": "02:00-02:30",
        "PreferredMaintenanceWindow": "sun:03:00-sun:03:30",
        "PerformanceInsightsKMSKeyId": key,
        "PerformanceInsightsRetentionPeriod": 31,
        "DatabaseInsightsMode": "standard",
        "CACertificateIdentifier": "rds-ca-ecc384-g1",
        "MonitoringInterval": 60,
        "MonitoringRoleArn": role,
        "DBName": "mlflow",
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
    }
    rds.create_db_instance(
        **wish,
        **told,
        DBParameterGroupName=parameters,
        VpcSecurityGroupIds=[group],
        EnablePerformanceInsights=True,
        EnableIAMDatabaseAuthentication=True,
        EnableCloudwatchLogsExports=["postgresql", "upgrade"],
        MasterUserSecretKmsKeyId=key,
        Tags=[{"Key": "env", "Value": "local"}],
    )

    found = look()

    same = ("DBInstanceClass", "AllocatedStorage", "MasterUsername", "StorageEncrypted", "KmsKeyId")
    assert {part: found[part] for part in told} == told
    assert {part: found[part] for part in same} == {part: wish[part] for part in same}
    assert found["EngineVersion"].startswith("16.")
    assert (found["PerformanceInsightsEnabled"], found["IAMDatabaseAuthenticationEnabled"]) == (True, True)
    assert found["EnabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    assert found["VpcSecurityGroups"] == [{"VpcSecurityGroupId": group, "Status": "active"}]
    assert found["DBParameterGroups"][0]["DBParameterGroupName"] == parameters
    assert found["TagList"] == [{"Key": "env", "Value": "local"}]
    assert (found["Iops"], found["StorageThroughput"], found["LicenseModel"]) == (3000, 125, "postgresql-license")
    assert {found["AvailabilityZone"], found["SecondaryAvailabilityZone"]} == {"eu-central-1a", "eu-central-1b"}
    assert found["DBInstanceStatus"] == "available"
    assert found["LatestRestorableTime"] == look()["LatestRestorableTime"]
    assert found["Endpoint"]["Port"] == 5432


def test_instances_are_told_apart(rds, wish, look, name):
    """API Reference, DBInstance, DbiResourceId: unique in a region, and never changed."""
    resource = rds.create_db_instance(**wish)["DBInstance"]["DbiResourceId"]
    rds.create_db_instance(**{**wish, "DBInstanceIdentifier": f"{name}-other"})
    assert look()["DbiResourceId"] == resource
    by_id = {"Filters": [{"Name": "dbi-resource-id", "Values": [resource]}]}
    (found,) = rds.describe_db_instances(**by_id)["DBInstances"]
    assert found["DBInstanceIdentifier"] == name
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    assert rds.describe_db_instances(**by_id)["DBInstances"] == []


def test_what_an_instance_is_asked_for_must_be_possible(rds, aws, wish, ground, key):
    """API Reference, CreateDBInstance."""
    elsewhere = aws("ec2").create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    foreign = aws("ec2").create_security_group(GroupName="x", Description="x", VpcId=elsewhere)["GroupId"]
    wrong_role = make_role(aws("iam"), "databases-wrong", "ec2.amazonaws.com")
    rds.create_db_parameter_group(
        DBParameterGroupName="fifteen", DBParameterGroupFamily="postgres15", Description="old"
    )
    value, combination = "InvalidParameterValue", "InvalidParameterCombination"
    for changed, code, word in (
        ({"EngineVersion": "9.6"}, combination, "9.6"),
        ({"DBInstanceClass": "db.x9.huge"}, combination, "db.x9.huge"),
        ({"DBInstanceClass": "large"}, value, "large"),
        ({"AllocatedStorage": 5}, value, "20 to 65536"),
        ({"StorageType": "tape"}, value, "tape"),
        ({"MaxAllocatedStorage": 20}, combination, "greater than storage size"),
        ({"BackupRetentionPeriod": 36}, value, "between 0 and 35"),
        ({"MasterUsername": "admin"}, value, "reserved"),
        ({"MasterUserPassword": "long-enough"}, combination, "ManageMasterUserPassword"),
        ({"ManageMasterUserPassword": False}, value, "MasterUserPassword"),
        ({"KmsKeyId": key[:-4] + "0000"}, "KMSKeyNotAccessibleFault", "0000"),
        ({"EnableCloudwatchLogsExports": ["error"]}, combination, "postgresql"),
        ({"CACertificateIdentifier": "rds-ca-2015"}, "CertificateNotFound", "rds-ca-rsa2048-g1"),
        ({"DBParameterGroupName": "none"}, "DBParameterGroupNotFound", "none"),
        ({"DBParameterGroupName": "fifteen"}, combination, "postgres16"),
        ({"DBSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault", "none"),
        ({"VpcSecurityGroupIds": ["sg-0123456789abcdef0"]}, value, "sg-0123456789abcdef0"),
        ({"VpcSecurityGroupIds": [foreign]}, combination, "different VPCs"),
        ({"PerformanceInsightsRetentionPeriod": 31}, combination, "EnablePerformanceInsights"),
        ({"EnablePerformanceInsights": True, "PerformanceInsightsRetentionPeriod": 30}, value, "30"),
        ({"DatabaseInsightsMode": "advanced"}, combination, "465"),
        ({"MonitoringInterval": 60, "MonitoringRoleArn": wrong_role}, value, "ENHANCED_MONITORING"),
        ({"MultiAZ": True, "AvailabilityZone": "eu-central-1a"}, combination, "Multi-AZ"),
        ({"AvailabilityZone": "eu-central-1c"}, combination, "eu-central-1a, eu-central-1b"),
    ):
        with refused(code, word):
            rds.create_db_instance(**{**wish, **changed})


def test_a_protected_instance_stays_and_an_unprotected_one_leaves_a_snapshot(rds, wish, name):
    """API Reference, DeleteDBInstance."""
    tags = [{"Key": "env", "Value": "local"}]
    rds.create_db_instance(**wish, DeletionProtection=True, CopyTagsToSnapshot=True, Tags=tags)
    of = {"DBInstanceIdentifier": name}
    with refused("InvalidParameterCombination", "disable deletion protection"):
        rds.delete_db_instance(**of, SkipFinalSnapshot=True)
    rds.modify_db_instance(**of, DeletionProtection=False, ApplyImmediately=True)
    with refused("InvalidParameterCombination", "FinalDBSnapshotIdentifier is required"):
        rds.delete_db_instance(**of)
    with refused("InvalidParameterCombination", "SkipFinalSnapshot"):
        rds.delete_db_instance(**of, SkipFinalSnapshot=True, FinalDBSnapshotIdentifier=f"{name}-last")
    rds.delete_db_instance(**of, FinalDBSnapshotIdentifier=f"{name}-last")
    with refused("DBInstanceNotFound"):
        rds.describe_db_instances(**of)
    (kept,) = rds.describe_db_snapshots(DBSnapshotIdentifier=f"{name}-last")["DBSnapshots"]
    assert (kept["SnapshotType"], kept["TagList"]) == ("manual", tags)
    assert rds.describe_db_snapshots(**of, SnapshotType="automated")["DBSnapshots"] == []


def test_the_network_stays_while_an_instance_is_in_it(rds, aws, wish, name):
    """API Reference, DeleteDBSubnetGroup; VPC User Guide, "Delete a subnet"."""
    ground, ec2 = make_ground(aws, name), aws("ec2")
    group = ec2.create_security_group(GroupName=name, Description="x", VpcId=ground.vpc)["GroupId"]
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="x", SubnetIds=ground.subnets)
    rds.create_db_instance(**{**wish, "DBSubnetGroupName": name, "MultiAZ": True, "VpcSecurityGroupIds": [group]})
    for subnet in ground.subnets:
        with refused("DependencyViolation"):
            ec2.delete_subnet(SubnetId=subnet)
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    with refused("InvalidDBSubnetGroupStateFault", name):
        rds.delete_db_subnet_group(DBSubnetGroupName=name)

    other = ec2.create_security_group(GroupName=f"{name}-b", Description="x", VpcId=ground.vpc)["GroupId"]
    change = {"VpcSecurityGroupIds": [other], "MultiAZ": False, "ApplyImmediately": True}
    rds.modify_db_instance(DBInstanceIdentifier=name, **change)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=ground.subnets[1])

    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    rds.delete_db_subnet_group(DBSubnetGroupName=name)
    ec2.delete_security_group(GroupId=other)
    ec2.delete_subnet(SubnetId=ground.subnets[0])
    ec2.delete_vpc(VpcId=ground.vpc)


def test_changes_are_made_and_kept(rds, aws, wish, look, key, parameters, name):
    """API Reference, ModifyDBInstance."""
    rds.create_db_instance(**wish)
    logs = {"EnableLogTypes": ["postgresql"]}
    wanted = {
        "DBInstanceClass": "db.m7g.large",
        "AllocatedStorage": 40,
        "MaxAllocatedStorage": 200,
        "MultiAZ": True,
        "BackupRetentionPeriod": 14,
        "CACertificateIdentifier": "rds-ca-rsa4096-g1",
        "PerformanceInsightsRetentionPeriod": 7,
    }
    of = {"DBInstanceIdentifier": name, "ApplyImmediately": True}
    rds.modify_db_instance(
        **of,
        **wanted,
        DBPortNumber=5433,
        EnablePerformanceInsights=True,
        EnableIAMDatabaseAuthentication=True,
        CloudwatchLogsExportConfiguration=logs,
        DBParameterGroupName=parameters,
    )
    found = look()
    assert {part: found[part] for part in wanted} == wanted
    assert (found["Endpoint"]["Port"], found["IAMDatabaseAuthenticationEnabled"]) == (5433, True)
    assert found["EnabledCloudwatchLogsExports"] == ["postgresql"]
    assert found["DBParameterGroups"][0]["DBParameterGroupName"] == parameters
    group = f"/aws/rds/instance/{name}/postgresql"
    assert len(aws("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]) == 1
    for changed, word in (
        ({"AllocatedStorage": 30}, "less than"),
        ({"EngineVersion": "15"}, "Cannot upgrade"),
        ({"EngineVersion": "17"}, "AllowMajorVersionUpgrade"),
        ({"EngineVersion": "17", "AllowMajorVersionUpgrade": True}, "new family"),
        ({"MaxAllocatedStorage": 30}, "greater than storage size"),
    ):
        with refused("InvalidParameterCombination", word):
            rds.modify_db_instance(**of, **changed)


def test_a_new_major_version_brings_a_group_of_its_family(rds, wish, look, name):
    """User Guide, "Upgrades of the RDS for PostgreSQL DB engine"."""
    rds.create_db_instance(**wish)
    of = {"DBInstanceIdentifier": name, "ApplyImmediately": True}
    rds.modify_db_instance(**of, EngineVersion="16")
    rds.create_db_parameter_group(
        DBParameterGroupName=f"{name}-17", DBParameterGroupFamily="postgres17", Description="new"
    )
    rds.modify_db_instance(**of, EngineVersion="17", AllowMajorVersionUpgrade=True, DBParameterGroupName=f"{name}-17")
    assert look()["EngineVersion"].startswith("17.")


def test_a_change_without_haste_waits_for_the_maintenance_window(rds, wish, look, name):
    """User Guide, "Modifying an Amazon RDS DB instance", "Schedule modifications setting"."""
    rds.create_db_instance(**wish)
    rds.modify_db_instance(DBInstanceIdentifier=name, DBInstanceClass="db.m7g.large", BackupRetentionPeriod=9)
    found = look()
    assert (found["DBInstanceClass"], found["BackupRetentionPeriod"]) == ("db.t4g.medium", 9)
    assert found["PendingModifiedValues"] == {"DBInstanceClass": "db.m7g.large"}
    rds.modify_db_instance(DBInstanceIdentifier=name, DBInstanceClass="db.m7g.large", ApplyImmediately=True)
    found = look()
    assert (found["DBInstanceClass"], found["PendingModifiedValues"]) == ("db.m7g.large", {})
