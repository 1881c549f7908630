"""What an account holds, asked service by service: the independent count that orphans cannot escape."""

import re
from collections import Counter

from tests.integration.house import House

GONE = {"deleted", "deleting"}
BY_CHANCE = re.compile(
    r"""(?x)
    (?<=-) [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} $ # alarms of application autoscaling
    | (?<=^security\ group\ eks-cluster-sg-) (?P<cluster>.+-) \d+ $       # the group that EKS makes
    | (?<=-) \d{4}(-\d\d){4} $                                          # automatic snapshots
    | (?<=-) [0-9a-f]{8} $                                               # models, by the ids of their networks
    """
)
"""Endings of names that differ from account to account."""


def steady(name: str) -> str:
    return BY_CHANCE.sub(lambda found: f"{found['cluster'] or ''}#", name)


def inventory(house: House) -> dict[str, int]:
    """How many things of each kind and name the account holds, without those that AWS itself makes in every account."""
    ec2, s3, kms, iam, ecr = (house.aws(s) for s in ("ec2", "s3", "kms", "iam", "ecr"))
    vpcs = {v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]}

    def inside(things: list[dict]) -> int:
        return sum(t["VpcId"] in vpcs for t in things)

    keys = [kms.describe_key(KeyId=k["KeyId"])["KeyMetadata"] for k in kms.list_keys()["Keys"]]
    counted = {
        "buckets": len(s3.list_buckets()["Buckets"]),
        "vpcs": len(vpcs),
        "subnets": inside(ec2.describe_subnets()["Subnets"]),
        "route tables": inside(ec2.describe_route_tables()["RouteTables"]),
        "routes": sum(len(t["Routes"]) for t in ec2.describe_route_tables()["RouteTables"] if t["VpcId"] in vpcs),
        "associations": sum(
            len(t["Associations"]) for t in ec2.describe_route_tables()["RouteTables"] if t["VpcId"] in vpcs
        ),
        "internet gateways": sum(
            a["VpcId"] in vpcs for g in ec2.describe_internet_gateways()["InternetGateways"] for a in g["Attachments"]
        ),
        "loose internet gateways": sum(
            not g["Attachments"] for g in ec2.describe_internet_gateways()["InternetGateways"]
        ),
        "nat gateways": sum(g["State"] not in GONE for g in ec2.describe_nat_gateways()["NatGateways"]),
        "addresses": len(ec2.describe_addresses()["Addresses"]),
        "endpoints": sum(e["State"] not in GONE for e in ec2.describe_vpc_endpoints()["VpcEndpoints"]),
        "security groups": inside(ec2.describe_security_groups()["SecurityGroups"]),
        "security group rules": sum(
            len(g["IpPermissions"]) for g in ec2.describe_security_groups()["SecurityGroups"] if g["VpcId"] in vpcs
        ),
        "flow logs": len(ec2.describe_flow_logs()["FlowLogs"]),
        "keys": sum(k["KeyManager"] == "CUSTOMER" and k["KeyState"] == "Enabled" for k in keys),
        "aliases": sum(not a["AliasName"].startswith("alias/aws/") for a in kms.list_aliases()["Aliases"]),
        "roles": sum(not r["Path"].startswith("/aws-service-role/") for r in iam.list_roles()["Roles"]),
        "policies": len(iam.list_policies(Scope="Local")["Policies"]),
        "log groups": len(house.aws("logs").describe_log_groups()["logGroups"]),
        "repositories": len(ecr.describe_repositories()["repositories"]),
        "mirrors": len(ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]),
        "templates": len(ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]),
        "rows of role policies": sum(
            len(iam.list_attached_role_policies(RoleName=r["RoleName"])["AttachedPolicies"])
            + len(iam.list_role_policies(RoleName=r["RoleName"])["PolicyNames"])
            for r in iam.list_roles()["Roles"]
            if not r["Path"].startswith("/aws-service-role/")
        ),
    }
    named = [
        *(f"bucket {b['Name']}" for b in s3.list_buckets()["Buckets"]),
        *(f"alias {a['AliasName']}" for a in kms.list_aliases()["Aliases"] if "/aws/" not in a["AliasName"]),
        *(f"role {r['RoleName']}" for r in iam.list_roles()["Roles"]),
        *(f"policy {p['PolicyName']}" for p in iam.list_policies(Scope="Local")["Policies"]),
        *(f"repository {r['repositoryName']}" for r in ecr.describe_repositories()["repositories"]),
        *(
            f"{kind} {tag['Value']}"
            for kind, things in {
                "vpc": ec2.describe_vpcs()["Vpcs"],
                "subnet": ec2.describe_subnets()["Subnets"],
                "route table": ec2.describe_route_tables()["RouteTables"],
                "address": ec2.describe_addresses()["Addresses"],
                "endpoint": [e for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] if e["State"] not in GONE],
                "security group": ec2.describe_security_groups()["SecurityGroups"],
                "flow log": ec2.describe_flow_logs()["FlowLogs"],
            }.items()
            for thing in things
            for tag in thing.get("Tags", [])
            if tag["Key"] == "Name"
        ),
        *_beside(house),
        *_in_clusters(house),
    ]
    return {**{kind: count for kind, count in counted.items() if count}, **Counter(map(steady, named))}


def _beside(house: House) -> list[str]:
    """Everything that is neither network nor store, by kind and name."""
    rds, cloudwatch, events = (house.aws(s) for s in ("rds", "cloudwatch", "events"))
    sagemaker, ce, sns = (house.aws(s) for s in ("sagemaker", "ce", "sns"))
    alarms = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    rules = [r["Name"] for r in events.list_rules()["Rules"]]
    kinds = {
        "database": (rds.describe_db_instances()["DBInstances"], "DBInstanceIdentifier"),
        "database snapshot": (rds.describe_db_snapshots()["DBSnapshots"], "DBSnapshotIdentifier"),
        "subnet group": (rds.describe_db_subnet_groups()["DBSubnetGroups"], "DBSubnetGroupName"),
        "parameter group": (rds.describe_db_parameter_groups()["DBParameterGroups"], "DBParameterGroupName"),
        "launch template": (house.aws("ec2").describe_launch_templates()["LaunchTemplates"], "LaunchTemplateName"),
        "identity provider": (house.aws("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"], "Arn"),
        "trail": (house.aws("cloudtrail").describe_trails()["trailList"], "Name"),
        "analyzer": (house.aws("accessanalyzer").list_analyzers()["analyzers"], "name"),
        "alarm": ([*alarms["MetricAlarms"], *alarms["CompositeAlarms"]], "AlarmName"),
        "dashboard": (cloudwatch.list_dashboards()["DashboardEntries"], "DashboardName"),
        "topic": (sns.list_topics()["Topics"], "TopicArn"),
        "budget": (house.aws("budgets").describe_budgets(AccountId="000000000000").get("Budgets", []), "BudgetName"),
        "anomaly monitor": (ce.get_anomaly_monitors()["AnomalyMonitors"], "MonitorName"),
        "anomaly subscription": (ce.get_anomaly_subscriptions()["AnomalySubscriptions"], "SubscriptionName"),
        "model": (sagemaker.list_models()["Models"], "ModelName"),
        "endpoint configuration": (sagemaker.list_endpoint_configs()["EndpointConfigs"], "EndpointConfigName"),
        "endpoint": (sagemaker.list_endpoints()["Endpoints"], "EndpointName"),
    }
    found = [f"{kind} {thing[name]}" for kind, (things, name) in kinds.items() for thing in things]
    # RDS gives the secrets of its databases names that say nothing.
    found += ["secret"] * len(house.aws("secretsmanager").list_secrets()["SecretList"])
    found += ["detector"] * len(house.aws("guardduty").list_detectors()["DetectorIds"])
    found += [f"subscription {s['TopicArn']} {s['Endpoint']}" for s in sns.list_subscriptions()["Subscriptions"]]
    found += [f"rule {name}" for name in rules]
    found += [f"target of {r} {t['Arn']}" for r in rules for t in events.list_targets_by_rule(Rule=r)["Targets"]]
    scaling = house.aws("application-autoscaling")
    for one in scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]:
        found.append(f"scalable target {one['ResourceId']}")
    for one in scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]:
        found.append(f"scaling policy {one['PolicyName']} of {one['ResourceId']}")
    return found


def _in_clusters(house: House) -> list[str]:
    """Clusters and all that is inside them."""
    eks, found = house.aws("eks"), []
    for name in eks.list_clusters()["clusters"]:
        found.append(f"cluster {name}")
        found += [f"node group {one}" for one in eks.list_nodegroups(clusterName=name)["nodegroups"]]
        found += [f"add-on {one}" for one in eks.list_addons(clusterName=name)["addons"]]
        for principal in eks.list_access_entries(clusterName=name)["accessEntries"]:
            found.append(f"access entry {principal}")
            policies = eks.list_associated_access_policies(clusterName=name, principalArn=principal)
            found += [f"access policy {p['policyArn']} of {principal}" for p in policies["associatedAccessPolicies"]]
        for one in eks.list_pod_identity_associations(clusterName=name)["associations"]:
            found.append(f"pod identity {one['namespace']}/{one['serviceAccount']}")
    return found
