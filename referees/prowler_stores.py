"""Samples of what keeps data: buckets, keys, logs, volumes, images, databases, secrets, backups."""

from collections.abc import Iterator

from localcloud import ACCOUNT
from referees.prowler_account import ANYTHING, NAME, REGION, Account, Sample, Witness, document


def bucket(account: Account, good: bool) -> Iterator[Witness]:
    s3, name = account("s3"), f"seedbed-{NAME}"
    arn, place = f"arn:aws:s3:::{name}", {"LocationConstraint": REGION}
    yield Witness(arn, (
        "s3_bucket_kms_encryption", "s3_bucket_default_encryption", "s3_bucket_object_versioning",
        "s3_bucket_level_public_access_block", "s3_bucket_secure_transport_policy", "s3_bucket_acl_prohibited",
        "s3_bucket_policy_public_write_access", "s3_bucket_server_access_logging_enabled",
        "s3_bucket_lifecycle_enabled", "s3_bucket_cross_account_access", "s3_bucket_object_lock",
        "s3_bucket_cross_region_replication",
    ))  # fmt: skip
    if not good:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=place, ObjectOwnership="ObjectWriter")
        s3.delete_public_access_block(Bucket=name)
        anyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{arn}/*"}
        s3.put_bucket_policy(Bucket=name, Policy=document(anyone))
        return
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": account.key}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    everything = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(everything, True))
    owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=owned)
    unsafe = {"Bool": {"aws:SecureTransport": "false"}}
    own = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    service = {"Service": "logging.s3.amazonaws.com"}
    policy = document(
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"], "Condition": unsafe},
        {"Effect": "Allow", "Principal": service, "Action": "s3:PutObject", "Resource": f"{arn}/*", "Condition": own},
    )
    s3.put_bucket_policy(Bucket=name, Policy=policy)
    expiry = {"ID": NAME, "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [expiry]})
    logging = {"TargetBucket": name, "TargetPrefix": "log/"}
    s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": logging})


def key(account: Account, good: bool) -> Iterator[Witness]:
    kms, staying, leaving = account("kms"), account.key, account.key
    if not good:
        doomed = kms.create_key()["KeyMetadata"]
        leaving = doomed["Arn"]
        kms.schedule_key_deletion(KeyId=doomed["KeyId"], PendingWindowInDays=7)
        anyone = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
        staying = kms.create_key(MultiRegion=True, Policy=document(anyone))["KeyMetadata"]["Arn"]
    yield Witness(leaving, ("kms_cmk_not_deleted_unintentionally",))
    yield Witness(staying, ("kms_cmk_rotation_enabled", "kms_key_not_publicly_accessible", "kms_cmk_not_multi_region"))


def log_group(account: Account, good: bool) -> Iterator[Witness]:
    if good:
        account.log_group(NAME)
    else:
        account("logs").create_log_group(logGroupName=NAME)
        account("logs").put_retention_policy(logGroupName=NAME, retentionInDays=90)
    yield Witness(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{NAME}:*", (
        "cloudwatch_log_group_kms_encryption_enabled", "cloudwatch_log_group_retention_policy_specific_days_enabled",
    ))  # fmt: skip


def volume(account: Account, good: bool) -> Iterator[Witness]:
    ec2 = account("ec2")
    if good:
        ec2.enable_ebs_encryption_by_default()
    made = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, Encrypted=good)["VolumeId"]
    yield Witness(made, ("ec2_ebs_volume_encryption",))
    yield Witness(ANYTHING, ("ec2_ebs_default_encryption",))


def file_system(account: Account, good: bool) -> Iterator[Witness]:
    made = account("efs").create_file_system(CreationToken=NAME, Encrypted=good)
    yield Witness(made["FileSystemId"], ("efs_encryption_at_rest_enabled",))


def repository(account: Account, good: bool) -> Iterator[Witness]:
    ecr = account("ecr")
    made = ecr.create_repository(
        repositoryName=NAME,
        imageTagMutability="IMMUTABLE" if good else "MUTABLE",
        imageScanningConfiguration={"scanOnPush": good},
    )["repository"]
    scan = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}]
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=scan if good else [])
    if not good:
        anyone = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}
        ecr.set_repository_policy(repositoryName=NAME, policyText=document(anyone), force=True)
    yield Witness(ANYTHING, ("ecr_registry_scan_images_on_push_enabled",))
    yield Witness(made["repositoryArn"], (
        "ecr_repositories_tag_immutability", "ecr_repositories_scan_images_on_push_enabled",
        "ecr_repositories_not_publicly_accessible",
    ))  # fmt: skip


def database(account: Account, good: bool) -> Iterator[Witness]:
    rds, made = account("rds"), account.network
    rds.create_db_subnet_group(DBSubnetGroupName=NAME, DBSubnetGroupDescription=NAME, SubnetIds=list(made.subnets))
    rds.create_db_parameter_group(DBParameterGroupName=NAME, DBParameterGroupFamily="postgres16", Description=NAME)
    force = {"ParameterName": "rds.force_ssl", "ParameterValue": str(int(good)), "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName=NAME, Parameters=[force])
    rds.create_db_instance(
        DBInstanceIdentifier=NAME, Engine="postgres", EngineVersion="16", DBInstanceClass="db.t4g.medium",
        AllocatedStorage=20, MasterUsername="owner", ManageMasterUserPassword=True, DBParameterGroupName=NAME,
        DBSubnetGroupName=NAME, VpcSecurityGroupIds=[made.group], StorageEncrypted=good, DeletionProtection=good,
        BackupRetentionPeriod=7 if good else 0, MultiAZ=good, PubliclyAccessible=not good,
        EnableIAMDatabaseAuthentication=good,
        EnableCloudwatchLogsExports=["postgresql", "upgrade"] if good else [],
    )  # fmt: skip
    yield Witness(f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{NAME}", (
        "rds_instance_storage_encrypted", "rds_instance_deletion_protection", "rds_instance_backup_enabled",
        "rds_instance_multi_az", "rds_instance_no_public_access", "rds_instance_iam_authentication_enabled",
        "rds_instance_integration_cloudwatch_logs", "rds_instance_transport_encrypted",
        "rds_instance_protected_by_backup_plan",
    ))  # fmt: skip


def secret(account: Account, good: bool) -> Iterator[Witness]:
    manager, owner = account("secretsmanager"), f"arn:aws:iam::{ACCOUNT}:role/{NAME}-ec2"
    arn = manager.create_secret(Name=NAME, SecretString="nothing")["ARN"]
    everything = {"Principal": "*", "Action": "*", "Resource": "*"}
    others = {"StringNotEquals": {"aws:PrincipalArn": owner}}
    policy = document(
        {"Effect": "Deny", **everything, "Condition": others} if good else {"Effect": "Allow", **everything}
    )
    manager.put_resource_policy(SecretId=arn, ResourcePolicy=policy)
    yield Witness(arn, ("secretsmanager_has_restrictive_resource_policy",))


def backup(account: Account, good: bool) -> Iterator[Witness]:
    made = account("backup")
    made.create_backup_vault(BackupVaultName=NAME, EncryptionKeyArn=account.key)
    if good:
        rule = {"RuleName": NAME, "TargetBackupVaultName": NAME, "ScheduleExpression": "cron(0 3 * * ? *)"}
        made.create_backup_plan(BackupPlan={"BackupPlanName": NAME, "Rules": [rule]})
    yield Witness(ANYTHING, ("backup_plans_exist",))


SAMPLES: tuple[Sample, ...] = (bucket, key, log_group, volume, file_system, repository, database, secret, backup)
