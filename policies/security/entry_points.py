"""Load balancers: internal, or approved as public and then encrypted, filtered and logged."""

import re
from collections.abc import Iterator

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
    is_on,
    items,
    look,
    parts,
    present,
    skip,
    text,
    undetermined,
)

BALANCER = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
CLASSIC = "aws:elb/loadBalancer:LoadBalancer"
LISTENER = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"

ENCRYPTED = ("HTTPS", "TLS")
MODERN = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]-|TLS-1-2-|FS-1-2-)[\w-]+")
"""Predefined policies that offer nothing below TLS 1.2 (Elastic Load Balancing user guide, "Security policies")."""


@control(
    "NET-06",
    title="Public entry points are encrypted and filtered",
    kind="stack",
    severity="high",
    types=(*BALANCER, CLASSIC, *LISTENER, ASSOCIATION, *BUCKET),
    subjects=(*BALANCER, CLASSIC, *LISTENER),
    basis=("32(1)(a)", "32(1)(b)"),
    refs=("securityhub:ELB.1", "securityhub:ELB.4", "securityhub:ELB.5", "securityhub:ELB.16", "CKV_AWS_2",
          "CKV_AWS_103", "CKV2_AWS_20", "CKV2_AWS_28", "CKV2_AWS_74", "CKV_AWS_91", "CKV_AWS_131", "trivy:AWS-0053",
          "trivy:AWS-0054", "prowler:elbv2_internet_facing", "prowler:elbv2_waf_acl_attached",
          "prowler:elbv2_ssl_listeners"),
)  # fmt: skip
def entry_points_are_filtered(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A load balancer is internal, which it is not by default, or approved under {publicLoadBalancers}; a classic one,
    which takes no web ACL, is internal. One that is public logs access and, where it reads HTTP, drops invalid headers
    and has a web ACL, which nothing has by default; its listeners speak HTTPS or TLS by a policy that offers nothing
    below TLS 1.2, or lead from HTTP to HTTPS. A listener of a load balancer of somebody else counts as public.
    """
    if one.type in LISTENER:
        yield from _listener(one, stack)
        return
    internal = look(one.props, "internal")
    if is_on(internal):
        return
    if internal is UNKNOWN:
        yield undetermined("internal")
    elif one.type == CLASSIC:
        yield fail("internal", "public, and nothing can filter it", "set internal, or use an application load balancer")
    elif one.urn not in given.get("publicLoadBalancers", ()):
        fix = "set internal to true, or register its URN under NET.publicLoadBalancers"
        yield fail("internal", "public, and nobody approved that", fix)
    else:
        application = text(one.props, "loadBalancerType", "application") == "application"
        yield from parts(_logged(one), *((_headers(one), _filtered(one, stack)) if application else ()))


def _logged(balancer: Resource) -> Iterator[Problem]:
    found, fix = "nobody can see who called", "set it to true, with a bucket"
    yield from expect(balancer.props, "accessLogs.enabled", is_on, found, fix, default=False)
    if not present(balancer.props, "accessLogs.bucket"):
        yield fail("accessLogs.bucket", "not set", "name a bucket of this stack")


def _headers(balancer: Resource) -> Iterator[Problem]:
    found, path = "headers that are none reach the servers", "dropInvalidHeaderFields"
    yield from expect(balancer.props, path, is_on, found, f"set {path} to true", default=False)


def _filtered(balancer: Resource, stack: Stack) -> Iterator[Problem]:
    if stack.joined(balancer, [ASSOCIATION], "resourceArn"):
        return
    if stack.ambiguous(balancer, [ASSOCIATION], "resourceArn"):
        yield undetermined("WebAclAssociation.resourceArn")
    else:
        yield fail("", "no web ACL", "add a WebAclAssociation with resourceArn=balancer.arn")


def _listener(listener: Resource, stack: Stack) -> Iterator[Problem]:
    behind = stack.referents(listener, "loadBalancerArn", BALANCER)
    if behind and all(is_on(look(one.props, "internal")) for one in behind):
        yield skip("belongs to an internal load balancer")
        return
    protocol = look(listener.props, "protocol")
    if protocol is UNKNOWN:
        yield undetermined("protocol")
    elif protocol in ENCRYPTED:
        path, found = "sslPolicy", "offers versions of TLS before 1.2"
        fix = "set ELBSecurityPolicy-TLS13-1-2-2021-06 or a stricter one"
        yield from expect(listener.props, path, _modern, found, fix, default="ELBSecurityPolicy-2016-08")
    elif not (protocol == "HTTP" and _redirects(listener)):
        found = "not set" if protocol is ABSENT else "clear text"
        yield fail("protocol", found, "set HTTPS with a certificate, or redirect every request to HTTPS")


def _modern(value: object) -> bool:
    return isinstance(value, str) and MODERN.fullmatch(value) is not None


def _redirects(listener: Resource) -> bool:
    """Whether nothing is answered but with the way to HTTPS; raises where that is unknown."""
    actions = [where for where, _ in items(listener.props, "defaultActions")]
    said = [(text(listener.props, f"{one}.type"), text(listener.props, f"{one}.redirect.protocol")) for one in actions]
    return bool(said) and all(kind == "redirect" and protocol == "HTTPS" for kind, protocol in said)
