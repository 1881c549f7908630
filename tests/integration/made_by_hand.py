"""Things of each kind made by hand in an account, as a creation of the program would have made them."""

import json
from collections.abc import Callable
from typing import Any

from seedbed.account import Account

OURS = {"system": "seedbed", "env": "local"}
SERVICES = ["eks.amazonaws.com", "ec2.amazonaws.com", "pods.eks.amazonaws.com", "sagemaker.amazonaws.com"]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": SERVICES},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
)
DIGEST = "sha256:" + "0" * 64

Maker = Callable[[Account, str, dict[str, str]], tuple[dict[str, Any], str]]
"""Makes a thing with a name and tags; the inputs of its creation, and the id by which the provider imports it."""


def pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def subnets(account: Account) -> list[str]:
    """Two subnets in two zones, made once."""
    ec2 = account.client("ec2")
    found = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.77.*"]}])["Subnets"]
    if not found:
        vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
        found = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.77.{number}.0/24", AvailabilityZone=f"eu-central-1{zone}")[
                "Subnet"
            ]
            for number, zone in enumerate("ab")
        ]
    return [subnet["SubnetId"] for subnet in found]


def role(account: Account) -> str:
    """A role that clusters, nodes and models may take on, made once."""
    iam = account.client("iam")
    try:
        made = iam.create_role(RoleName="a-role", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        return iam.get_role(RoleName="a-role")["Role"]["Arn"]
    for policy in ("AmazonEKSClusterPolicy", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"):
        iam.attach_role_policy(RoleName="a-role", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    return made


def subnet_group(account, name, tags):
    account.client("rds").create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription="x", SubnetIds=subnets(account), Tags=pairs(tags)
    )
    return {"name": name}, name


def parameter_group(account, name, tags):
    account.client("rds").create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily="postgres16", Description="x", Tags=pairs(tags)
    )
    return {"name": name}, name


def database(account, name, tags):
    account.client("rds").create_db_instance(
        DBInstanceIdentifier=name, Engine="postgres", DBInstanceClass="db.t4g.medium", AllocatedStorage=20,
        MasterUsername="tracking", ManageMasterUserPassword=True, Tags=pairs(tags),
    )  # fmt: skip
    return {"identifier": name}, name


def cluster(account, name, tags):
    account.client("eks").create_cluster(
        name=name, version="1.34", roleArn=role(account), resourcesVpcConfig={"subnetIds": subnets(account)},
        accessConfig={"authenticationMode": "API"}, tags=tags,
    )  # fmt: skip
    return {"name": name}, name


def home_of(account: Account) -> str:
    """A cluster of the environment's own, made once."""
    if account.prefix not in set(account.pages("eks", "list_clusters", "clusters")):
        cluster(account, account.prefix, OURS)
    return account.prefix


def node_group(account, name, tags):
    home = home_of(account)
    account.client("eks").create_nodegroup(
        clusterName=home, nodegroupName=name, nodeRole=role(account), subnets=subnets(account), tags=tags
    )
    return {"clusterName": home, "nodeGroupName": name}, f"{home}:{name}"


ADD_ONS = {"mine": "metrics-server", "other": "coredns", "swept": "kube-proxy"}


def add_on(account, name, tags):
    home, given = home_of(account), ADD_ONS[name.split("-")[2]]
    account.client("eks").create_addon(clusterName=home, addonName=given, tags=tags)
    return {"clusterName": home, "addonName": given}, f"{home}:{given}"


def access_entry(account, name, tags):
    home = home_of(account)
    arn = account.client("iam").create_role(RoleName=f"who-{name}", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    account.client("eks").create_access_entry(clusterName=home, principalArn=arn, tags=tags)
    return {"clusterName": home, "principalArn": arn}, f"{home}:{arn}"


def pod_identity(account, name, tags):
    home = home_of(account)
    made = account.client("eks").create_pod_identity_association(
        clusterName=home, namespace=name, serviceAccount="default", roleArn=role(account), tags=tags
    )
    inputs = {"clusterName": home, "namespace": name, "serviceAccount": "default"}
    return inputs, f"{home},{made['association']['associationId']}"


def trail(account, name, tags):
    account.client("s3").create_bucket(
        Bucket=f"logs-of-{name}", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    allow = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": ["s3:GetBucketAcl", "s3:PutObject"],
                "Resource": [f"arn:aws:s3:::logs-of-{name}", f"arn:aws:s3:::logs-of-{name}/*"],
            }
        ],
    }
    account.client("s3").put_bucket_policy(Bucket=f"logs-of-{name}", Policy=json.dumps(allow))
    made = account.client("cloudtrail").create_trail(Name=name, S3BucketName=f"logs-of-{name}", TagsList=pairs(tags))
    return {"name": name}, made["TrailARN"]


def metric_alarm(account, name, tags):
    account.client("cloudwatch").put_metric_alarm(
        AlarmName=name, MetricName="CPUUtilization", Namespace="AWS/RDS", Statistic="Average", Period=300,
        EvaluationPeriods=1, Threshold=80, ComparisonOperator="GreaterThanThreshold", Tags=pairs(tags),
    )  # fmt: skip
    return {"name": name}, name


def composite_alarm(account, name, tags):
    metric_alarm(account, f"{name}-inside", tags)
    account.client("cloudwatch").put_composite_alarm(
        AlarmName=name, AlarmRule=f'ALARM("{name}-inside")', Tags=pairs(tags)
    )
    return {"alarmName": name}, name


def topic(account, name, tags):
    return {"name": name}, account.client("sns").create_topic(Name=name, Tags=pairs(tags))["TopicArn"]


def event_rule(account, name, tags):
    account.client("events").put_rule(Name=name, EventPattern='{"source": ["aws.iam"]}', Tags=pairs(tags))
    return {"name": name}, name


def budget(account, name, tags):
    about = {
        "BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": "10", "Unit": "USD"},
    }  # fmt: skip
    number = account.settings.account
    account.client("budgets").create_budget(AccountId=number, Budget=about, ResourceTags=pairs(tags))
    return {"name": name}, f"{number}:{name}"


def anomaly_monitor(account, name, tags):
    made = account.client("ce").create_anomaly_monitor(
        AnomalyMonitor={
            "MonitorName": name,
            "MonitorType": "CUSTOM",
            "MonitorSpecification": {"Tags": {"Key": "env", "Values": [name], "MatchOptions": ["EQUALS"]}},
        },
        ResourceTags=pairs(tags),
    )
    return {"name": name}, made["MonitorArn"]


def anomaly_subscription(account, name, tags):
    _, monitor = anomaly_monitor(account, f"{name}-of", tags)
    _, arn = topic(account, f"{name}-anomalies", tags)
    made = account.client("ce").create_anomaly_subscription(
        AnomalySubscription={
            "SubscriptionName": name, "Frequency": "IMMEDIATE", "MonitorArnList": [monitor],
            "Subscribers": [{"Type": "SNS", "Address": arn}],
            "ThresholdExpression": {
                "Dimensions": {
                    "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "Values": ["10"], "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
                }
            },
        },
        ResourceTags=pairs(tags),
    )  # fmt: skip
    return {"name": name}, made["SubscriptionArn"]


def model(account, name, tags):
    image = f"{account.settings.account}.dkr.ecr.eu-central-1.amazonaws.com/serving@{DIGEST}"
    account.client("sagemaker").create_model(
        ModelName=name, ExecutionRoleArn=role(account), PrimaryContainer={"Image": image}, Tags=pairs(tags)
    )
    return {"name": name}, name


def endpoint_configuration(account, name, tags):
    model(account, f"{name}-served", tags)
    variant = {"VariantName": "all", "ModelName": f"{name}-served", "InstanceType": "ml.m5.large"}
    account.client("sagemaker").create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}], Tags=pairs(tags)
    )
    return {"name": name}, name


def endpoint(account, name, tags):
    endpoint_configuration(account, f"{name}-configured", tags)
    account.client("sagemaker").create_endpoint(
        EndpointName=name, EndpointConfigName=f"{name}-configured", Tags=pairs(tags)
    )
    return {"name": name}, name


def scalable_target(account, name, tags):
    endpoint(account, f"{name}-scaled", tags)
    asked = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}-scaled/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    account.client("application-autoscaling").register_scalable_target(**asked, MinCapacity=1, MaxCapacity=2, Tags=tags)
    inputs = {"resourceId": asked["ResourceId"], "scalableDimension": asked["ScalableDimension"]}
    return inputs, "/".join(asked.values())


TAGGED: dict[str, Maker] = {
    "aws:rds/subnetGroup:SubnetGroup": subnet_group,
    "aws:rds/parameterGroup:ParameterGroup": parameter_group,
    "aws:rds/instance:Instance": database,
    "aws:eks/cluster:Cluster": cluster,
    "aws:eks/nodeGroup:NodeGroup": node_group,
    "aws:eks/addon:Addon": add_on,
    "aws:eks/accessEntry:AccessEntry": access_entry,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": pod_identity,
    "aws:cloudtrail/trail:Trail": trail,
    "aws:cloudwatch/metricAlarm:MetricAlarm": metric_alarm,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": composite_alarm,
    "aws:sns/topic:Topic": topic,
    "aws:cloudwatch/eventRule:EventRule": event_rule,
    "aws:budgets/budget:Budget": budget,
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": anomaly_monitor,
    "aws:costexplorer/anomalySubscription:AnomalySubscription": anomaly_subscription,
    "aws:sagemaker/model:Model": model,
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": endpoint_configuration,
    "aws:sagemaker/endpoint:Endpoint": endpoint,
    "aws:appautoscaling/target:Target": scalable_target,
}
"""Kinds whose name and tags both tell whose a thing is."""
