"""Where images come from."""

from collections.abc import Iterator

from policies.images import OWN_REGISTRY, RUNNING, host, images, repository
from policies.reading import as_list
from policies.regions import approved
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    UndeterminedError,
    control,
    fail,
    undetermined,
)
from policies.tags import configured

PROVIDER = "pulumi:providers:aws"

FIX = "use a mirror of the account's registry, or list the repository under REG-05.mirrors"


@control(
    "REG-05",
    title="Images come from approved registries in approved regions",
    kind="stack",
    severity="medium",
    types=(*RUNNING, PROVIDER),
    subjects=RUNNING,
    basis=("28(1)", "32(1)(b)"),
    refs=("trivy:KSV-0125", "trivy:KSV-0034", "trivy:KSV-0035", "gatekeeper:K8sAllowedRepos", "CIS-EKS:5.1.4"),
)
def images_come_from_approved_registries(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Every image is in the registry of an account of the stack's providers or of {accounts}, in an approved region,
    or its repository is on the list {mirrors}, by its whole name and with the reason. A name without a host leads to
    the hub of Docker.
    """
    for found in images(one):
        if found.value is UNKNOWN:
            yield undetermined(found.path)
        elif isinstance(found.value, str):
            yield from _source(found.path, found.value, stack, given)
        elif found.value is not ABSENT:
            yield fail(found.path, "no reference to an image", FIX)


def _source(path: str, reference: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    own = OWN_REGISTRY.fullmatch(host(reference))
    mirrors = {entry.get("repository") for entry in given.get("mirrors", ()) if entry.get("reason")}
    if repository(reference) in mirrors:
        return
    if own is None:
        yield fail(path, "a registry that is not approved", FIX)
        return
    if own["account"] not in (*given.get("accounts", ()), *_accounts(stack)):
        yield fail(path, "the registry of an account that is not registered", "register it under REG-05.accounts")
    if own["region"] not in approved(given):
        yield fail(path, "a registry in a region that is not approved", "use a region of RES.regions")


def _accounts(stack: Stack) -> list[str]:
    """Accounts that the stack's providers are pinned to (GOV-02); one that is unknown is approved by nobody."""
    found: list[str] = []
    for provider in stack.of([PROVIDER]):
        try:
            some = as_list(configured(provider, "allowedAccountIds"))
        except UndeterminedError:
            continue
        found += [one for one in some if isinstance(one, str)]
    return found
