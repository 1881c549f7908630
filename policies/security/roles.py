"""Who may do what in a cluster: its own identities, and no role that leads to all others."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.namespaces import space_of
from policies.pods import WORKLOADS, Pod, core, each_pod
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
    is_off,
    items,
    look,
    parts,
    undetermined,
)

RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
ROLE, CLUSTER_ROLE = f"{RBAC}:Role", f"{RBAC}:ClusterRole"
BINDING, CLUSTER_BINDING = f"{RBAC}:RoleBinding", f"{RBAC}:ClusterRoleBinding"
SERVICE_ACCOUNT = core("ServiceAccount")

LEADING = ("escalate", "bind", "impersonate")
"""Verbs by which somebody gets rights that nobody gave them (Kubernetes documentation, "Role Based Access Control Good
Practices", "Privilege escalation risks")."""

READING = frozenset({"get", "list", "watch"})

NOBODY = ("system:anonymous", "system:unauthenticated")
EVERYBODY = (*NOBODY, "system:authenticated", "system:serviceaccounts")
MASTERS = "system:masters"


@control(
    "K8S-06",
    title="Service accounts and roles are minimal",
    kind="stack",
    severity="high",
    types=(*WORKLOADS, *SERVICE_ACCOUNT, ROLE, CLUSTER_ROLE, BINDING, CLUSTER_BINDING),
    subjects=(*WORKLOADS, ROLE, CLUSTER_ROLE, BINDING, CLUSTER_BINDING),
    basis=("25(2)", "32(4)"),
    refs=("CKV_K8S_38", "CKV_K8S_41", "CKV_K8S_49", "CKV2_K8S_5", "CKV2_K8S_3", "CKV_K8S_157", "CKV_K8S_158",
          "trivy:KSV-0036", "trivy:KSV-0041", "trivy:KSV-0044", "trivy:KSV-0111", "kube-linter:default-service-account",
          "kube-linter:access-to-secrets", "kube-linter:cluster-admin-role-binding",
          "gatekeeper:K8sPSPAutomountServiceAccountTokenPod", "CIS-EKS:4.1.1", "CIS-EKS:4.1.2", "CIS-EKS:4.1.3",
          "CIS-EKS:4.1.5", "CIS-EKS:4.1.6"),
)  # fmt: skip
def identities_are_minimal(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A workload runs under a service account of its own, never `default`, and gets its token (it does by default) only
    where the pod asks for it. No role has a wildcard, escalates, binds, impersonates or makes tokens of others; none
    reads all secrets, but a role of one namespace for that namespace's own service accounts, and those of
    {secretReaders}. Nothing binds cluster-admin, the group system:masters, or everybody.
    """
    if one.type in (ROLE, CLUSTER_ROLE):
        yield from parts(*(_rule(one, where, stack, given) for where, _ in items(one.props, "rules")))
    elif one.type in (BINDING, CLUSTER_BINDING):
        yield from parts(_bound(one), _subjects(one))
    else:
        yield from each_pod(one, lambda pod: parts(_own_account(one, pod), _token(one, pod, stack)))


def _own_account(one: Resource, pod: Pod) -> Iterator[Problem]:
    path, fix = f"{pod.spec}.serviceAccountName", "name a service account that is for this workload"
    value = look(one.props, path)
    old = look(one.props, f"{pod.spec}.serviceAccount")
    if value in (ABSENT, "") and old is not ABSENT:
        path, value = f"{pod.spec}.serviceAccount", old
    if value is UNKNOWN:
        yield undetermined(path)
    elif value in (ABSENT, "", "default"):
        yield fail(path, "the account that all pods of the namespace share", fix)


def _token(one: Resource, pod: Pod, stack: Stack) -> Iterator[Problem]:
    path = f"{pod.spec}.automountServiceAccountToken"
    value = look(one.props, path)
    if value is UNKNOWN:
        yield undetermined(path)
    elif value is ABSENT:
        said = [look(account.props, "automountServiceAccountToken") for account in _accounts(one, pod, stack)]
        if not said or not all(is_off(entry) for entry in said):
            fix = "set it to false, or to true where the pod asks the API server"
            unsure = UNKNOWN in said
            yield undetermined(path) if unsure else fail(path, "not set, so every pod gets a token unasked", fix)


def _accounts(one: Resource, pod: Pod, stack: Stack) -> list[Resource]:
    """Service accounts of the stack that the pod runs under."""
    name, space = look(one.props, f"{pod.spec}.serviceAccountName"), space_of(one, stack)
    return [
        account
        for account in stack.of(SERVICE_ACCOUNT)
        if isinstance(name, str) and look(account.props, "metadata.name") == name and space_of(account, stack) == space
    ]


def _rule(role: Resource, where: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    said: dict[str, list[Any]] = {}
    for field in ("verbs", "resources", "apiGroups", "nonResourceURLs", "resourceNames"):
        value = look(role.props, f"{where}.{field}")
        said[field] = [UNKNOWN] if value is UNKNOWN else as_list(value)
    for field in ("verbs", "resources", "apiGroups", "nonResourceURLs"):
        path = f"{where}.{field}"
        if any(isinstance(entry, str) and "*" in entry for entry in said[field]):
            yield fail(path, "a wildcard", "name what the role needs")
        elif UNKNOWN in said[field]:
            yield undetermined(path)
    verbs, resources = said["verbs"], said["resources"]
    if any(verb in LEADING for verb in verbs):
        yield fail(f"{where}.verbs", "leads to rights of others", f"remove {', '.join(LEADING)}")
    if "create" in verbs and "serviceaccounts/token" in resources:
        yield fail(f"{where}.resources", "makes tokens of others", "remove serviceaccounts/token")
    if "secrets" in resources and READING & set(_texts(verbs)) and not said["resourceNames"]:
        known = _listed(role, given) or _at_home(role, stack)
        fix = "name the secrets under resourceNames, or remove secrets"
        yield from () if known else (fail(f"{where}.resources", "reads all secrets", fix),)


def _texts(values: list[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _listed(role: Resource, given: Parameters) -> bool:
    name = look(role.props, "metadata.name")
    return any(entry.get("reason") and entry.get("role") == name for entry in given.get("secretReaders", ()))


def _at_home(role: Resource, stack: Stack) -> bool:
    """Whether a role of one namespace is bound to service accounts of that namespace alone."""
    if role.type != ROLE:
        return False
    space, name = space_of(role, stack), look(role.props, "metadata.name")
    bindings = [
        one
        for one in stack.of([BINDING])
        if space_of(one, stack) == space
        and look(one.props, "roleRef.kind") == "Role"
        and look(one.props, "roleRef.name") == name
    ]
    subjects = [subject for one in bindings for subject in as_list(look(one.props, "subjects"))]
    return bool(subjects) and all(
        isinstance(one, Mapping) and one.get("kind") == "ServiceAccount" and one.get("namespace") == space
        for one in subjects
    )


def _bound(binding: Resource) -> Iterator[Problem]:
    name = look(binding.props, "roleRef.name")
    if name is UNKNOWN:
        yield undetermined("roleRef.name")
    elif name == "cluster-admin":
        yield fail("roleRef.name", "everything in the cluster", "bind a role with what is needed")


def _subjects(binding: Resource) -> Iterator[Problem]:
    for where, subject in items(binding.props, "subjects"):
        name = UNKNOWN if subject is UNKNOWN else look(subject, "name")
        if name is UNKNOWN:
            yield undetermined(f"{where}.name")
        elif name == MASTERS:
            yield fail(f"{where}.name", "a group that no role bounds", "name a group of people")
        elif name in EVERYBODY:
            yield fail(f"{where}.name", "everybody, or nobody in particular", "name who needs it")
