"""Rules of security groups as the Amazon EC2 API Reference tells of them."""

import pytest


@pytest.fixture
def groups(aws, name):
    """Three security groups of a VPC."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_security_group(GroupName=f"{name}-{number}", Description="one", VpcId=vpc)["GroupId"]
        for number in range(3)
    ]


def test_a_rule_for_another_group_keeps_its_description_and_can_point_at_a_third(aws, groups):
    """AuthorizeSecurityGroupIngress, ModifySecurityGroupRules, DescribeSecurityGroupRules."""
    ec2, (own, first, second) = aws("ec2"), groups
    permission = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    pair = {"GroupId": first, "Description": "PostgreSQL"}
    made = ec2.authorize_security_group_ingress(
        GroupId=own, IpPermissions=[{**permission, "UserIdGroupPairs": [pair]}]
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def rule():
        (found,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[made])["SecurityGroupRules"]
        return found["ReferencedGroupInfo"]["GroupId"], found["Description"]

    assert rule() == (first, "PostgreSQL")
    change = {**permission, "ReferencedGroupId": second, "Description": "database"}
    ec2.modify_security_group_rules(
        GroupId=own, SecurityGroupRules=[{"SecurityGroupRuleId": made, "SecurityGroupRule": change}]
    )
    assert rule() == (second, "database")
