"""Namespaces: pods of a known kind, and no way between them that nobody named."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from policies.namespaces import NAMESPACE, conditions, named, narrows, selects, space_of
from policies.pods import WORKLOADS, Pod, core, each_pod, pod_labels, pods
from policies.ranges import internet
from policies.reading import as_list
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    is_on,
    items,
    literal,
    look,
    parts,
    skip,
    text,
    undetermined,
)

NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ADD_ON, CLUSTER = "aws:eks/addon:Addon", "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
CONFIG_MAP = core("ConfigMap")

ENFORCE = "pod-security.kubernetes.io/enforce"
"""Label by which the API server refuses pods (Kubernetes documentation, "Pod Security Admission")."""

PINNED = re.compile(r"v1\.\d{1,3}")

STANDARDS = ("baseline", "privileged")
"""Standards wider than `restricted`."""

DIRECTIONS = {"Ingress": "ingress", "Egress": "egress"}

CNI, CONTROLLER = "amazon-vpc-cni", "enable-network-policy-controller"
"""ConfigMap of kube-system, and its key, by which EKS Auto Mode enforces network policies (EKS user guide, "Use Network
Policies with EKS Auto Mode"): without it they are accepted and do nothing."""


@control(
    "K8S-01",
    title="Namespaces enforce a pod security level",
    kind="resource",
    severity="high",
    types=NAMESPACE,
    basis=("25(2)", "32(1)(b)"),
    refs=("PSS:restricted", "NSA-via-trivy:1.0-1.12", "CIS-EKS:4.2.1"),
)
def namespaces_enforce_a_level(namespace: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """A namespace's labels enforce the standard `restricted` at a pinned version: without the label nothing is
    enforced, without a version a newer cluster refuses what ran before. A wider standard is enforced only where
    {platform} lists it, with a reason, for drivers and agents of nodes.
    """
    name = look(namespace.props, "metadata.name")
    listed = [entry for entry in given.get("platform", ()) if entry.get("reason") and entry.get("namespace") == name]
    wider = {entry.get("level") for entry in listed} & set(STANDARDS)
    allowed = {"restricted", *wider, *(["baseline"] if "privileged" in wider else [])}
    fix = "set restricted, or list the namespace under K8S-01.platform"
    level = _label(namespace, ENFORCE, lambda value: value in allowed, "nothing is enforced", "another standard", fix)
    pinned = _label(
        namespace,
        f"{ENFORCE}-version",
        lambda value: PINNED.fullmatch(value) is not None,
        "the newest version counts",
        "no version of Kubernetes",
        "set the cluster's minor version, such as v1.34",
    )
    yield from parts(level, pinned)


def _label(
    one: Resource, key: str, accept: Callable[[str], bool], absent: str, found: str, fix: str
) -> Iterator[Problem]:
    """One label, whose name may have dots, which a path could not tell from its own."""
    labels = literal(one.props, "metadata.labels", {})
    value = labels.get(key, ABSENT) if isinstance(labels, Mapping) else ABSENT
    path = f"metadata.labels.{key}"
    if value is UNKNOWN:
        yield undetermined(path)
    elif value is ABSENT or value is None:
        yield fail(path, f"not set, so {absent}", fix)
    elif not isinstance(value, str) or not accept(value):
        yield fail(path, found, fix)


@control(
    "K8S-05",
    title="Pods are isolated by network policy",
    kind="stack",
    severity="high",
    types=(*NAMESPACE, NETWORK_POLICY, ADD_ON, CLUSTER, NODE_GROUP, *CONFIG_MAP, *WORKLOADS),
    subjects=(*NAMESPACE, NETWORK_POLICY, ADD_ON, CLUSTER, *WORKLOADS),
    basis=("32(1)(b)", "25(2)"),
    refs=("CKV2_K8S_6", "trivy:KSV-0038", "kube-linter:non-isolated-pod", "CIS-EKS:4.3.1", "CIS-EKS:4.3.2",
          "CIS-EKS:5.4.4", "prowler:eks_cluster_network_policy_enabled", "NSA-via-trivy:2.0"),
)  # fmt: skip
def pods_are_isolated(one: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """In every namespace of the stack one policy for all pods denies both directions, and workloads in others, such as
    kube-system, are selected by policies for both; every workload outside its node's network is selected by a policy
    with a selector of its own; no policy lets all sources in, or all but some; and the cluster enforces policies, which
    it does not by default: on node groups by its add-on vpc-cni, in Auto Mode by the ConfigMap amazon-vpc-cni.
    """
    if one.type in NAMESPACE:
        yield from _closed(named(one), stack)
    elif one.type == NETWORK_POLICY:
        yield from parts(*(_sources(one, where) for where, _ in items(one.props, "spec.ingress")))
    elif one.type == ADD_ON:
        yield from _add_on(one)
    elif one.type == CLUSTER:
        yield from _enforced(one, stack)
    else:
        yield from _isolated(one, stack)


def _closed(space: str, stack: Stack) -> Iterator[Problem]:
    some = _policies(space, stack)
    for direction, rules in DIRECTIONS.items():
        answers = [_denies(one, direction, rules) for one in some]
        path, fix = (
            f"NetworkPolicy.spec.{rules}",
            f"add a NetworkPolicy for all pods with the type {direction} and no rules",
        )
        if None in answers and True not in answers:
            yield undetermined(path)
        elif True not in answers:
            yield fail(path, f"nothing in the namespace denies {rules} by default", fix)


def _policies(space: str, stack: Stack) -> list[Resource]:
    return [one for one in stack.of([NETWORK_POLICY]) if space_of(one, stack) == space]


def _denies(policy: Resource, direction: str, rules: str) -> bool | None:
    """Whether a policy denies one direction to all pods of its namespace; None where that is unknown."""
    some, kinds = look(policy.props, f"spec.{rules}"), as_list(look(policy.props, "spec.policyTypes"))
    narrow = conditions(look(policy.props, "spec.podSelector"))
    if some is UNKNOWN or UNKNOWN in kinds or narrow is None:
        return None
    # Without types a policy is for ingress, and for egress too where it has rules of it (NetworkPolicySpec).
    return not narrow and direction in (kinds or ["Ingress"]) and not as_list(some)


def _isolated(one: Resource, stack: Stack) -> Iterator[Problem]:
    space = space_of(one, stack)
    if all(is_on(look(one.props, f"{pod.spec}.hostNetwork")) for pod in pods(one)):
        yield skip("is in its node's network, where no network policy holds")
        return
    if space is None:
        yield undetermined("metadata.namespace")
        return
    own = _policies(space, stack)
    checks = [each_pod(one, partial(_selected, one, own))]
    if all(named(namespace) != space for namespace in stack.of(NAMESPACE)):
        checks.append(each_pod(one, partial(_shut, one, own)))
    yield from parts(*checks)


def _selected(one: Resource, policies: list[Resource], pod: Pod) -> Iterator[Problem]:
    labels = pod_labels(one, pod)
    answers = []
    for policy in policies:
        selector = look(policy.props, "spec.podSelector")
        own = conditions(selector)
        answers.append(None if own is None else own and selects(selector, labels))
    if None in answers and True not in answers:
        yield undetermined("NetworkPolicy.spec.podSelector")
    elif True not in answers:
        fix = "add a NetworkPolicy whose podSelector has labels of these pods"
        yield fail(f"{pod.metadata}.labels", "no network policy is for these pods in particular", fix)


def _shut(one: Resource, policies: list[Resource], pod: Pod) -> Iterator[Problem]:
    """In a namespace that is not the stack's to close, pods are closed by whatever policy selects them."""
    labels = pod_labels(one, pod)
    for direction, rules in DIRECTIONS.items():
        answers = [_isolates(policy, direction, rules, labels) for policy in policies]
        path, fix = f"NetworkPolicy.spec.{rules}", f"add a NetworkPolicy for these pods with the type {direction}"
        if None in answers and True not in answers:
            yield undetermined(path)
        elif True not in answers:
            yield fail(path, f"nothing denies {rules} by default", fix)


def _isolates(policy: Resource, direction: str, rules: str, labels: Mapping[str, Any]) -> bool | None:
    """Whether pods with `labels` have only the ways of a direction that policies name; None where that is unknown."""
    kinds, some = as_list(look(policy.props, "spec.policyTypes")), look(policy.props, f"spec.{rules}")
    chosen = selects(look(policy.props, "spec.podSelector"), labels)
    if chosen is False or (kinds and UNKNOWN not in kinds and direction not in kinds):
        return False
    if chosen is None or UNKNOWN in kinds or some is UNKNOWN:
        return None
    return direction in (kinds or ["Ingress", *(["Egress"] if as_list(some) else [])])


def _sources(policy: Resource, where: str) -> Iterator[Problem]:
    path, fix = f"{where}.from", "name pods, namespaces or narrow ranges"
    peers = items(policy.props, path)
    if not peers:
        yield fail(path, "not set, so everybody is let in", fix)
    for place, peer in peers:
        if peer is UNKNOWN:
            yield undetermined(place)
            continue
        cidr = look(peer, "ipBlock.cidr")
        if cidr is UNKNOWN:
            yield undetermined(f"{place}.ipBlock.cidr")
        elif internet(cidr):
            yield fail(f"{place}.ipBlock.cidr", "the internet is let in", fix)
        spaces = look(peer, "namespaceSelector")
        if spaces is not ABSENT and not narrows(look(peer, "podSelector")):
            narrow = narrows(spaces)
            if narrow is None:
                yield undetermined(f"{place}.namespaceSelector")
            elif not narrow:
                yield fail(f"{place}.namespaceSelector", "every pod of the cluster is let in", fix)


def _add_on(one: Resource) -> Iterator[Problem]:
    if text(one.props, "addonName") != "vpc-cni":
        yield skip("is not the add-on of the network")
    elif not _switched_on(one):
        path, fix = "configurationValues", 'set enableNetworkPolicy to "true" in it'
        yield fail(path, "network policies are accepted and not enforced", fix)


def _switched_on(add_on: Resource) -> bool:
    """Whether the add-on enforces policies; raises UndeterminedError where its configuration is unknown."""
    value = literal(add_on.props, "configurationValues", "")
    try:
        configured = json.loads(value) if isinstance(value, str) and value else value
    except (ValueError, RecursionError):
        return False
    return isinstance(configured, Mapping) and is_on(configured.get("enableNetworkPolicy"))


def _enforced(cluster: Resource, stack: Stack) -> Iterator[Problem]:
    if not any(True for _ in stack.of((*WORKLOADS, NETWORK_POLICY, *NAMESPACE))):
        yield skip("nothing of this stack runs in it")
        return
    auto_mode = is_on(literal(cluster.props, "computeConfig.enabled", False))
    if auto_mode:
        yield from _auto_mode(stack)
    groups = any(_belongs(one, cluster, stack) for one in stack.of([NODE_GROUP]))
    if (groups or not auto_mode) and not any(_of(one, cluster, stack) for one in stack.of([ADD_ON])):
        fix = 'add the add-on vpc-cni with enableNetworkPolicy "true"'
        yield fail("", "no add-on of the cluster enforces network policies", fix)


def _auto_mode(stack: Stack) -> Iterator[Problem]:
    switches: list[Any] = [
        look(one.props, f"data.{CONTROLLER}")
        for one in stack.of(CONFIG_MAP)
        if look(one.props, "metadata.name") == CNI and look(one.props, "metadata.namespace") == "kube-system"
    ]
    path, fix = f"ConfigMap.data.{CONTROLLER}", f'add the ConfigMap {CNI} to kube-system with {CONTROLLER}: "true"'
    if UNKNOWN in switches:
        yield undetermined(path)
    elif not any(is_on(value) for value in switches):
        yield fail(path, "network policies are accepted and not enforced in Auto Mode", fix)


def _of(add_on: Resource, cluster: Resource, stack: Stack) -> bool:
    return look(add_on.props, "addonName") == "vpc-cni" and _belongs(add_on, cluster, stack)


def _belongs(one: Resource, cluster: Resource, stack: Stack) -> bool:
    name = look(one.props, "clusterName")
    return cluster in stack.referents(one, "clusterName", [CLUSTER]) or (
        isinstance(name, str) and name == look(cluster.props, "name")
    )
