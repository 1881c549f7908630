"""The network: closed by default, and what flows is on record."""

from collections.abc import Iterator

from policies.ranges import internet
from policies.reading import as_list
from policies.retention import CURRENT, lifecycles, shortest
from policies.rule import (
    ABSENT,
    BUCKET,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    items,
    literal,
    look,
    number,
    parts,
    present,
    text,
    undetermined,
)

VPC, FLOW_LOG, LOG_GROUP = "aws:ec2/vpc:Vpc", "aws:ec2/flowLog:FlowLog", "aws:cloudwatch/logGroup:LogGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
PREFIXES = "aws:ec2/managedPrefixList:ManagedPrefixList"
PREFIX = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"
LOAD_BALANCERS = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:alb/loadBalancer:LoadBalancer",
)

HTTPS = 443


@control(
    "NET-01",
    title="Every VPC records its flows",
    kind="stack",
    severity="medium",
    types=(VPC, FLOW_LOG, LOG_GROUP),
    subjects=(VPC,),
    basis=("32(1)(d)", "33(3)"),
    refs=("securityhub:EC2.6", "CKV2_AWS_11", "trivy:AWS-0178", "prowler:vpc_flow_logs_enabled"),
)
def vpcs_record_their_flows(vpc: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """A flow log for all traffic is joined to the VPC and goes to a log group of this stack (retention and key:
    LOG-02), or to a bucket of it that deletes in time. A flow log without a type goes to CloudWatch Logs.
    """
    logs = stack.joined(vpc, [FLOW_LOG], "vpcId")
    if not logs and stack.ambiguous(vpc, [FLOW_LOG], "vpcId"):
        yield undetermined("FlowLog.vpcId")
    elif not logs:
        yield fail("", "no flow log refers to this VPC", "add a FlowLog with vpcId=vpc.id and trafficType ALL")
    said = [list(parts(_traffic(one), _destination(one, stack))) for one in logs]
    if all(said):
        yield from (problem for problems in said for problem in problems)


def _traffic(log: Resource) -> Iterator[Problem]:
    found = f"the flow log {log.name} leaves traffic out"
    yield from expect(log.props, "trafficType", lambda value: value == "ALL", found, "set ALL", default="none")


def _destination(log: Resource, stack: Stack) -> Iterator[Problem]:
    kind, path = text(log.props, "logDestinationType", "cloud-watch-logs"), "logDestination"
    types = (LOG_GROUP,) if kind == "cloud-watch-logs" else BUCKET
    found = stack.referents(log, path, types) or _by_name(log, stack)
    if len(found) > 1 or (not found and look(log.props, path) is UNKNOWN):
        yield undetermined(path)
    elif not found:
        yield fail(path, "leads to no log group or bucket of this stack", "refer to one through its arn")
    elif kind != "cloud-watch-logs" and not any(shortest([holder], CURRENT) for holder in lifecycles(found[0], stack)):
        yield fail(path, f"the bucket {found[0].name} keeps flow logs for ever", "expire its objects by lifecycle")


def _by_name(log: Resource, stack: Stack) -> tuple[Resource, ...]:
    """Log groups of this stack that a literal ARN or name points at."""
    where = look(log.props, "logDestination")
    name = where.split(":log-group:")[-1].removesuffix(":*") if isinstance(where, str) else ""
    return tuple(one for one in stack.of([LOG_GROUP]) if name and look(one.props, "name") == name)


@control(
    "NET-02",
    title="Closed by default",
    kind="stack",
    severity="high",
    types=(VPC, DEFAULT_GROUP, GROUP, INGRESS_RULE, EGRESS_RULE, RULE, PREFIXES, PREFIX),
    subjects=(VPC, GROUP, INGRESS_RULE, RULE),
    basis=("32(1)(b)",),
    refs=("securityhub:EC2.2", "securityhub:EC2.13", "securityhub:EC2.18", "securityhub:EC2.19", "CKV2_AWS_12",
          "CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "CKV_AWS_277", "trivy:AWS-0107",
          "prowler:ec2_securitygroup_default_restrict_traffic",
          "prowler:ec2_securitygroup_allow_ingress_from_internet_to_any_port"),
)  # fmt: skip
def closed_by_default(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """The default security group of every VPC is managed and empty, also of rules that stand alone; no ingress rule,
    inline or of its own, admits the internet, also not by a prefix list, except port 443 on a load balancer that the
    configuration approves as public.
    """
    if one.type == VPC:
        yield from _default_group(one, stack)
    elif one.type == GROUP:
        for where, _ in items(one.props, "ingress"):
            ranges = (f"{where}.cidrBlocks", f"{where}.ipv6CidrBlocks")
            lists = (f"{where}.prefixListIds", "ingress")
            yield from parts(_admits(one, one, ranges, lists, f"{where}.", "protocol", stack, given))
    elif one.type == INGRESS_RULE or literal(one.props, "type") == "ingress":
        own = one.type == INGRESS_RULE
        ranges = ("cidrIpv4", "cidrIpv6") if own else ("cidrBlocks", "ipv6CidrBlocks")
        lists = ("prefixListId",) * 2 if own else ("prefixListIds",) * 2
        (group, *_rest) = stack.referents(one, "securityGroupId", [GROUP]) or (None,)
        yield from _admits(one, group, ranges, lists, "", "ipProtocol" if own else "protocol", stack, given)


def _default_group(vpc: Resource, stack: Stack) -> Iterator[Problem]:
    groups = stack.joined(vpc, [DEFAULT_GROUP], "vpcId")
    if not groups and stack.ambiguous(vpc, [DEFAULT_GROUP], "vpcId"):
        yield undetermined("DefaultSecurityGroup.vpcId")
    elif not groups:
        fix = "add a DefaultSecurityGroup with vpcId=vpc.id and no rules"
        yield fail("", "the default security group is not managed, so it admits its own members", fix)
    for group in groups:
        for path in ("ingress", "egress"):
            rules = look(group.props, path)
            if rules is UNKNOWN:
                yield undetermined(path)
            elif rules is not ABSENT and as_list(rules):
                yield fail(path, f"the default security group {group.name} has rules", f"remove {path}")
    # The id of the default group is an output of its VPC too.
    for holder in (vpc, *groups):
        for rule in stack.joined(holder, (INGRESS_RULE, EGRESS_RULE, RULE), "securityGroupId"):
            yield fail("", f"the rule {rule.name} is in the default security group", "give it a group of its own")


def _admits(
    holder: Resource,
    group: Resource | None,
    ranges: tuple[str, str],
    lists: tuple[str, str],
    prefix: str,
    protocol: str,
    stack: Stack,
    given: Parameters,
) -> Iterator[Problem]:
    """Problems of one rule: each range that is the internet, unless it is HTTPS on an approved load balancer.

    lists: path of the prefix lists, and the input whose dependencies they are.
    """
    some = [pair for path in ranges for pair in _each(holder, path)]
    some += [(lists[0], value) for value in _listed(holder, *lists, stack)]
    for where, value in some:
        if value is UNKNOWN:
            yield undetermined(where)
        elif internet(value) and not (_https_only(holder, prefix, protocol) and group and _public(group, stack, given)):
            yield fail(where, "admits the whole internet", "name the range or security group that needs it")


def _listed(holder: Resource, path: str, prop: str, stack: Stack) -> Iterator[object]:
    """Ranges of the prefix lists of this stack that a rule may name."""
    for one in stack.referents(holder, prop, [PREFIXES]) if present(holder.props, path) else ():
        for where, _ in items(one.props, "entries"):
            yield look(one.props, f"{where}.cidr")
        for entry in (*stack.joined(one, [PREFIX], "prefixListId"), *stack.ambiguous(one, [PREFIX], "prefixListId")):
            yield look(entry.props, "cidr")


def _each(holder: Resource, path: str) -> Iterator[tuple[str, object]]:
    value = look(holder.props, path)
    if value is UNKNOWN or not isinstance(value, list | tuple):
        yield path, value
    else:
        yield from ((f"{path}[{index}]", one) for index, one in enumerate(value))


def _https_only(holder: Resource, prefix: str, protocol: str) -> bool:
    ports = (number(holder.props, f"{prefix}fromPort"), number(holder.props, f"{prefix}toPort"))
    return ports == (HTTPS, HTTPS) and text(holder.props, f"{prefix}{protocol}") in ("tcp", "6")


def _public(group: Resource, stack: Stack, given: Parameters) -> bool:
    """Whether every load balancer that wears the group, and at least one, is approved as public."""
    wearers = [
        one for one in stack.of(LOAD_BALANCERS)
        if group.urn in {found.urn for found in stack.referents(one, "securityGroups", [GROUP])}
    ]  # fmt: skip
    return bool(wearers) and all(one.urn in given.get("publicLoadBalancers", ()) for one in wearers)
