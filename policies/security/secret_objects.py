"""Secrets of Kubernetes: filled by who keeps them, read as files."""

from collections.abc import Iterator, Mapping
from functools import partial

from policies.pods import WORKLOADS, Container, core, each_container, each_pod
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    items,
    look,
    parts,
    undetermined,
)

SECRET = core("Secret")

LASTING_TOKEN = "kubernetes.io/service-account-token"
"""Type of a secret that the cluster fills with a token that never ends."""


@control(
    "K8S-07",
    title="Secrets arrive as files from an external store",
    kind="resource",
    severity="medium",
    types=(*SECRET, *WORKLOADS),
    basis=("32(1)(a)",),
    refs=("CKV_K8S_35", "trivy:KSV-0109", "kube-linter:read-secret-from-env-var", "CIS-EKS:4.4.1", "CIS-EKS:4.4.2"),
)
def secrets_arrive_as_files(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """A secret of the stack is empty: a controller fills it from where it is kept, since what the program put there
    would be in its state; it holds no token that never ends. Containers of any kind read secrets as files: an
    environment is inherited and shown by every tool that looks at the process.
    """
    if one.type in SECRET:
        yield from parts(*(_empty(one, field) for field in ("data", "stringData")), _no_token(one))
    else:
        check = partial(_read_as_files, one)
        yield from each_pod(one, lambda pod: each_container(one, pod, check))


def _empty(secret: Resource, field: str) -> Iterator[Problem]:
    # An output is in the state after the deployment: that there is one decides, not what it is.
    if look(secret.props, field) not in (ABSENT, {}):
        fix = "leave it empty, and let external-secrets or the program that owns it fill it"
        yield fail(field, "values of the program", fix)


def _no_token(secret: Resource) -> Iterator[Problem]:
    kind = look(secret.props, "type")
    if kind is UNKNOWN:
        yield undetermined("type")
    elif kind == LASTING_TOKEN:
        yield fail("type", "a token that never ends", "mount a projected serviceAccountToken instead")


def _read_as_files(one: Resource, container: Container) -> Iterator[Problem]:
    yield from parts(_entries(one, container), _all_of_it(one, container))


def _entries(one: Resource, container: Container) -> Iterator[Problem]:
    for where, entry in items(one.props, f"{container.path}.env"):
        source = UNKNOWN if entry is UNKNOWN else look(entry, "valueFrom")
        if source is UNKNOWN:
            yield undetermined(f"{where}.valueFrom")
        elif isinstance(source, Mapping) and look(source, "secretKeyRef") is not ABSENT:
            fix = "mount the secret as a volume"
            yield fail(f"{where}.valueFrom.secretKeyRef", "a secret in the environment", fix)


def _all_of_it(one: Resource, container: Container) -> Iterator[Problem]:
    for where, entry in items(one.props, f"{container.path}.envFrom"):
        source = UNKNOWN if entry is UNKNOWN else look(entry, "secretRef")
        if source is UNKNOWN:
            yield undetermined(f"{where}.secretRef")
        elif source is not ABSENT:
            yield fail(f"{where}.secretRef", "a whole secret in the environment", "mount the secret as a volume")
