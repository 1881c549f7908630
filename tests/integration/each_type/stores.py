"""A database, and the audit of what is done to stores."""

import pulumi_aws as aws

from tests.integration.each_type.ground import TAGS, group, key, own, role, subnets

subnet_group = aws.rds.SubnetGroup(
    "subnets", name="demo-one-tracking", subnet_ids=[s.id for s in subnets], tags=TAGS, opts=own
)
parameters = aws.rds.ParameterGroup(
    "parameters",
    name="demo-one-tracking-postgres16",
    family="postgres16",
    parameters=[
        {"name": "rds.force_ssl", "value": "1"},
        {"name": "log_connections", "value": "1"},
        {"name": "shared_preload_libraries", "value": "pgaudit", "apply_method": "pending-reboot"},
    ],
    tags=TAGS,
    opts=own,
)
aws.rds.Instance(
    "database",
    identifier="demo-one-tracking",
    engine="postgres",
    engine_version="16",
    instance_class="db.t4g.medium",
    allocated_storage=20,
    max_allocated_storage=100,
    storage_type="gp3",
    storage_encrypted=True,
    kms_key_id=key.arn,
    db_name="mlflow",
    username="mlflow",
    manage_master_user_password=True,
    master_user_secret_kms_key_id=key.arn,
    db_subnet_group_name=subnet_group.name,
    parameter_group_name=parameters.name,
    vpc_security_group_ids=[group.id],
    publicly_accessible=False,
    multi_az=True,
    backup_retention_period=7,
    backup_window="02:00-03:00",
    maintenance_window="sun:03:30-sun:04:30",
    copy_tags_to_snapshot=True,
    deletion_protection=True,
    skip_final_snapshot=False,
    final_snapshot_identifier="demo-one-tracking-final",
    delete_automated_backups=False,
    enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
    performance_insights_enabled=True,
    performance_insights_kms_key_id=key.arn,
    monitoring_interval=60,
    monitoring_role_arn=role.arn,
    auto_minor_version_upgrade=True,
    allow_major_version_upgrade=False,
    ca_cert_identifier="rds-ca-rsa2048-g1",
    iam_database_authentication_enabled=True,
    apply_immediately=False,
    tags=TAGS,
    opts=own,
)

bucket = aws.s3.Bucket("bucket", bucket="demo-one-audit-000000000000", tags=TAGS, opts=own)
aws.s3.BucketMetric("metric", bucket=bucket.bucket, name="EntireBucket", opts=own)
aws.cloudtrail.Trail(
    "trail",
    name="demo-one",
    s3_bucket_name=bucket.bucket,
    kms_key_id=key.arn,
    is_multi_region_trail=True,
    include_global_service_events=True,
    enable_log_file_validation=True,
    advanced_event_selectors=[
        {
            "name": "management",
            "field_selectors": [{"field": "eventCategory", "equals": ["Management"]}],
        },
        {
            "name": "objects",
            "field_selectors": [
                {"field": "eventCategory", "equals": ["Data"]},
                {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                {"field": "resources.ARN", "starts_withs": ["arn:aws:s3:::demo-one-data/"]},
            ],
        },
    ],
    tags=TAGS,
    opts=own,
)
detector = aws.guardduty.Detector(
    "detector", enable=True, finding_publishing_frequency="FIFTEEN_MINUTES", tags=TAGS, opts=own
)
aws.guardduty.DetectorFeature("feature", detector_id=detector.id, name="S3_DATA_EVENTS", status="ENABLED", opts=own)
aws.guardduty.DetectorFeature(
    "runtime",
    detector_id=detector.id,
    name="RUNTIME_MONITORING",
    status="ENABLED",
    additional_configurations=[{"name": "EKS_ADDON_MANAGEMENT", "status": "ENABLED"}],
    opts=own,
)
aws.accessanalyzer.Analyzer("analyzer", analyzer_name="demo-one", type="ACCOUNT", tags=TAGS, opts=own)
