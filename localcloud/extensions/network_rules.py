"""moto loses the description of a security group's rule for another group, and cannot point it at a third."""

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Answer


def _description(rule: SecurityGroupRule) -> str | None:
    return rule.ip_range.get("Description") or rule.source_group.get("Description")


_described: Any = property(_description, doc="Amazon EC2 API Reference, SecurityGroupRule: whatever the rule is for.")
overlay.replaces(SecurityGroupRule, "description")(_described)


@overlay.follows("ec2", "ModifySecurityGroupRules")
def a_rule_points_where_it_is_told(call: Call, _: Answer) -> None:
    """Amazon EC2 API Reference, ModifySecurityGroupRules: the group that it is for may change."""
    group = call.backend.get_security_group_from_id(call.input["GroupId"])
    for change in call.input["SecurityGroupRules"]:
        wanted, rule = change["SecurityGroupRule"], group.get_rule(change["SecurityGroupRuleId"])
        if "ReferencedGroupId" in wanted:
            rule.ip_range.pop("Description", None)
            rule.source_group = {**rule.source_group, "GroupId": wanted["ReferencedGroupId"]}
            rule.source_group["Description"] = wanted.get("Description", "")
