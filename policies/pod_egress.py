"""Whom pods may call: the network policies that select them, and what those let out."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.control import Problem, fail, parts, undetermined
from policies.namespaces import selects, space_of
from policies.ranges import internet
from policies.reading import ABSENT, UndeterminedError, as_list, items, literal, look
from policies.stack import UNKNOWN, Resource, Stack

NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


def bounded(one: Resource, labels: Mapping[str, Any], stack: Stack, fix: str) -> Iterator[Problem]:
    """Problems of what pods of a workload may call: a policy for egress selects them, and none opens the internet.

    labels: those of the pods; fix: what to do where no policy selects them. Raises UndeterminedError where it is
    unknown which policies do.
    """
    space = space_of(one, stack)
    unclear: list[str] = []
    bounding: list[Resource] = []
    for policy in stack.of([NETWORK_POLICY]):
        kinds = as_list(literal(policy.props, "spec.policyTypes", []))
        if not ("Egress" in kinds or (not kinds and look(policy.props, "spec.egress") is not ABSENT)):
            continue
        where, chosen = space_of(policy, stack), selects(look(policy.props, "spec.podSelector"), labels)
        if chosen is False or (None not in (where, space) and where != space):
            continue
        if None in (where, space, chosen):
            unclear.append("NetworkPolicy.spec.podSelector" if chosen is None else "NetworkPolicy.metadata.namespace")
        else:
            bounding.append(policy)
    if not bounding and unclear:
        raise UndeterminedError(unclear[0])
    if not bounding:
        yield fail("", "no network policy bounds what its pods may call", fix)
    for policy in bounding:
        yield from parts(*(_narrow(policy, where, stack) for where, _ in items(policy.props, "spec.egress")))


def _narrow(policy: Resource, where: str, stack: Stack) -> Iterator[Problem]:
    """One rule of a policy; peers that come from an endpoint of the stack are the ranges of its service."""
    path, fix = f"NetworkPolicy.{where}.to", "name pods, namespaces or the ranges of stores and telemetry"
    value = look(policy.props, f"{where}.to")
    behind = [stack.by_urn.get(urn) for urn in policy.dependencies.get("spec", ())]
    services = bool(behind) and all(one is not None and one.type == ENDPOINT for one in behind)
    if value is UNKNOWN:
        yield from [] if services else [undetermined(path)]
        return
    targets = items(policy.props, f"{where}.to")
    if not targets:
        yield fail(path, f"the policy {policy.name} lets everything out", fix)
    for target, _ in targets:
        block = look(policy.props, f"{target}.ipBlock.cidr")
        if block is UNKNOWN:
            yield undetermined(f"NetworkPolicy.{target}.ipBlock.cidr")
        elif internet(block):
            yield fail(f"NetworkPolicy.{target}.ipBlock.cidr", f"the policy {policy.name} opens the internet", fix)
