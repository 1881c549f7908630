"""What an account holds, asked service by service: the independent count that orphans cannot escape."""

from collections import Counter

from tests.integration.house import House

GONE = {"deleted", "deleting"}


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
    ]
    return {**{kind: count for kind, count in counted.items() if count}, **Counter(named)}
