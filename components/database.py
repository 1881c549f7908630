"""Databases."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

PORT = 5432
LOG_TYPES = ("postgresql", "upgrade")
"""Logs that RDS for PostgreSQL can send to CloudWatch (RDS user guide, "PostgreSQL database log files")."""

GIB = 1024**3


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    identifier: str
    """Name of the instance, unique in account and region; known before it is made."""

    database_name: str
    """Name of the first database and of its owner; lower-case letters, digits, underscores."""

    vpc_id: pulumi.Input[str]

    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets in two zones at least."""

    engine_version: str
    """Major version of PostgreSQL; RDS picks and upgrades the minor one."""

    instance_class: str
    """For example db.t4g.medium."""

    storage_gib: int
    """Storage at the start, in GiB; 20 to 65536."""

    max_storage_gib: int
    """Storage up to which RDS grows the volume by itself, in GiB."""

    backup_days: int
    """Days that an automated backup is kept, 1 to 35 (CreateDBInstance)."""

    multi_az: bool
    """Whether a standby in a second zone takes over."""

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts storage, backups, password, logs and query history."""

    data_class: Literal["internal", "confidential"]
    """How sensitive the contents are; written on the instance, its snapshots and its logs."""

    log_retention_days: int
    """Days that the logs are kept; one of the values that CloudWatch Logs allows (PutRetentionPolicy)."""

    alarm_topic_arn: pulumi.Input[str]
    """Topic that is told of every alarm."""

    protect: bool
    """Whether engine and service refuse to delete the database, and a last snapshot is kept of it."""

    tags: Mapping[str, str]
    """Tags of everything; those of the instance follow its snapshots."""


class Database(pulumi.ComponentResource):
    """PostgreSQL for experiment tracking: private, over TLS alone, backed up, with a password that nobody sees."""

    endpoint: pulumi.Output[str]
    """Host and port."""

    secret_arn: pulumi.Output[str]
    """Secret with user and password, which RDS makes and rotates."""

    security_group_id: pulumi.Output[str]
    alarm_names: list[pulumi.Output[str]]
    """Each known once the alarm is there, for CloudWatch refuses a rule over one that is not."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:database:Database", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        group = aws.ec2.SecurityGroup(
            f"{name}-network",
            name=args.identifier,
            description="PostgreSQL for those who are let in by name",
            vpc_id=args.vpc_id,
            tags={**args.tags, "Name": args.identifier},
            opts=child,
        )
        subnets = aws.rds.SubnetGroup(
            f"{name}-subnets",
            name=args.identifier,
            description=f"{args.identifier}: private subnets",
            subnet_ids=args.subnet_ids,
            tags=args.tags,
            opts=child,
        )
        parameters = aws.rds.ParameterGroup(
            f"{name}-parameters",
            name=f"{args.identifier}-postgres{args.engine_version}",
            description=f"{args.identifier}: TLS for every connection, and a record of slow and of changing statements",
            family=f"postgres{args.engine_version}",
            parameters=[{"name": key, "value": value} for key, value in _PARAMETERS.items()],
            tags=args.tags,
            opts=child,
        )
        logs = [
            aws.cloudwatch.LogGroup(
                f"{name}-{log}-log",
                name=f"/aws/rds/instance/{args.identifier}/{log}",
                kms_key_id=args.kms_key_arn,
                retention_in_days=args.log_retention_days,
                tags={**args.tags, "data-class": args.data_class, "data-stage": "log"},
                opts=child,
            )
            for log in LOG_TYPES
        ]
        instance = self._instance(name, args, group, subnets, parameters, logs)
        self._alarms(name, args)

        self.endpoint = instance.endpoint
        self.secret_arn = instance.master_user_secrets[0].secret_arn
        self.security_group_id = group.id
        self.register_outputs(
            {
                "endpoint": self.endpoint,
                "secret_arn": self.secret_arn,
                "security_group_id": self.security_group_id,
                "alarm_names": self.alarm_names,
            }
        )

    def _instance(
        self,
        name: str,
        args: DatabaseArgs,
        group: aws.ec2.SecurityGroup,
        subnets: aws.rds.SubnetGroup,
        parameters: aws.rds.ParameterGroup,
        logs: Sequence[aws.cloudwatch.LogGroup],
    ) -> aws.rds.Instance:
        return aws.rds.Instance(
            f"{name}-instance",
            identifier=args.identifier,
            engine="postgres",
            engine_version=args.engine_version,
            # The file names the major version: a change of it is meant.
            allow_major_version_upgrade=True,
            auto_minor_version_upgrade=True,
            instance_class=args.instance_class,
            multi_az=args.multi_az,
            # What the file says is so after `up`, and not after the next maintenance window.
            apply_immediately=True,
            allocated_storage=args.storage_gib,
            max_allocated_storage=args.max_storage_gib,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=args.kms_key_arn,
            db_name=args.database_name,
            username=args.database_name,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=args.kms_key_arn,
            iam_database_authentication_enabled=True,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            publicly_accessible=False,
            parameter_group_name=parameters.name,
            backup_retention_period=args.backup_days,
            delete_automated_backups=True,
            copy_tags_to_snapshot=True,
            skip_final_snapshot=not args.protect,
            final_snapshot_identifier=f"{args.identifier}-final",
            deletion_protection=args.protect,
            enabled_cloudwatch_logs_exports=list(LOG_TYPES),
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.kms_key_arn,
            performance_insights_retention_period=7,
            tags={**args.tags, "data-class": args.data_class, "data-stage": "database"},
            # RDS would make groups of its own, which keep everything for ever.
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, depends_on=logs),
        )

    def _alarms(self, name: str, args: DatabaseArgs) -> None:
        self.alarm_names = []
        for role, metric, comparison, threshold, meaning in (
            ("cpu", "CPUUtilization", "GreaterThanThreshold", 80, "is busy: queries wait"),
            (
                "storage",
                "FreeStorageSpace",
                "LessThanThreshold",
                args.storage_gib * GIB // 10,
                "has less than a tenth of its first storage left, and stops when none is",
            ),
            ("memory", "FreeableMemory", "LessThanThreshold", GIB // 4, "is short of memory and may be restarted"),
        ):
            alarm = aws.cloudwatch.MetricAlarm(
                f"{name}-{role}-alarm",
                name=f"{args.identifier}-{role}",
                alarm_description=f"The database {args.identifier} {meaning}",
                namespace="AWS/RDS",
                metric_name=metric,
                dimensions={"DBInstanceIdentifier": args.identifier},
                statistic="Average",
                period=300,
                evaluation_periods=3,
                comparison_operator=comparison,
                threshold=threshold,
                # A database that says nothing is down.
                treat_missing_data="breaching",
                alarm_actions=[args.alarm_topic_arn],
                ok_actions=[args.alarm_topic_arn],
                tags=args.tags,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.alarm_names.append(alarm.name)


_PARAMETERS = {
    "rds.force_ssl": "1",
    "log_connections": "1",
    "log_disconnections": "1",
    "log_min_duration_statement": "1000",
    "log_statement": "ddl",
}
"""TLS for all (RDS user guide, "Requiring an SSL connection"); who came, what took over a second, what was changed."""


@dataclass(frozen=True, kw_only=True)
class DatabaseClientsArgs:
    security_group_id: pulumi.Input[str]
    """The database's security group."""

    client_security_group_id: pulumi.Input[str]
    """Security group whose members may connect."""

    tags: Mapping[str, str]


class DatabaseClients(pulumi.ComponentResource):
    """Who may connect to a database: made apart from it, so that it need not wait for them."""

    def __init__(self, name: str, args: DatabaseClientsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:database:DatabaseClients", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        aws.vpc.SecurityGroupIngressRule(
            f"{name}-postgres",
            security_group_id=args.security_group_id,
            referenced_security_group_id=args.client_security_group_id,
            description="PostgreSQL",
            ip_protocol="tcp",
            from_port=PORT,
            to_port=PORT,
            tags=args.tags,
            opts=child,
        )

        self.register_outputs({})
