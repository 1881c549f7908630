"""Who owns a resource, and in whose account it is made."""

import re
from collections.abc import Iterator, Mapping

from policies.reading import as_list
from policies.rule import UNKNOWN, Parameters, Problem, Resource, Stack, control, fail, look, skip, undetermined
from policies.tags import configured, taggable, tags

WORKLOADS = (
    "kubernetes:core/v1:Namespace",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:batch/v1:Job",
    "kubernetes:batch/v1:CronJob",
    "kubernetes:core/v1:Pod",
    "kubernetes:serving.kserve.io/v1beta1:InferenceService",
    "kubernetes:kubeflow.org/v1:PyTorchJob",
)
PROVIDERS = ("pulumi:providers:aws", "pulumi:providers:kubernetes")

WELL_FORMED = {
    "owner": re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+|[A-Za-z][\w.-]*"),
    "system": re.compile(r"[a-z][a-z0-9-]*"),
    "env": re.compile(r"[a-z][a-z0-9-]*"),
    "cost-center": re.compile(r"[\w .:/=+@-]{1,256}"),
}
"""Tags that name the accountable: a person or team, the system, the environment, who pays."""

DEFAULT_PROVIDER = re.compile(r"default(_.*)?")
"""Names that the engine gives to providers that no program declared."""


@control(
    "GOV-01",
    title="Every resource has an accountable owner",
    kind="resource",
    severity="low",
    types=("aws:*", *WORKLOADS),
    basis=("5(2)", "24", "30(1)(a)"),
    refs=("prowler:organizations_tags_policies_enabled_and_attached", "kube-linter:required-label-owner",
          "gatekeeper:K8sRequiredLabels"),
)  # fmt: skip
def resources_name_their_owner(one: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """The effective tags (the provider's defaultTags under the resource's own; in Kubernetes labels and annotations,
    with or without a prefix such as `example.com/`) contain owner, system, env and cost-center with well-formed values.
    """
    if one.type in WORKLOADS:
        place, found = "metadata.annotations", _labels(one)
    elif one.type in taggable() or "tags" in one.props:
        place, found = "tags", tags(one, stack)
    else:
        yield skip("takes no tags")
        return
    for key, form in WELL_FORMED.items():
        value = found.get(key, "")
        if value is UNKNOWN:
            yield undetermined(f"{place}.{key}")
        elif not isinstance(value, str) or not form.fullmatch(value):
            state = "not well-formed" if value else "not set"
            yield fail(f"{place}.{key}", state, f"set {key} here or in the provider's defaultTags")


def _labels(one: Resource) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in ("metadata.annotations", "metadata.labels"):
        value = look(one.props, path)
        if isinstance(value, Mapping):
            found.update({key.rpartition("/")[2]: entry for key, entry in value.items()})
        elif value is UNKNOWN:
            found.update(dict.fromkeys(WELL_FORMED, UNKNOWN))
    return found


@control(
    "GOV-02",
    title="Providers are explicit and pinned to an account",
    kind="resource",
    severity="high",
    types=("aws:*", "kubernetes:*", *PROVIDERS),
    basis=("25(1)", "32(1)(b)"),
    refs=("design:pulumi/pulumi-policy#184",),
)
def providers_are_pinned(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """No resource uses a default provider; each AWS provider fixes exactly one allowed account, each Kubernetes
    provider its context, and both are those that the configuration registers for the environment, where it does.
    """
    if one.type not in PROVIDERS:
        name = one.provider.split("::")[3] if one.provider.count("::") >= 3 else ""
        if not name or DEFAULT_PROVIDER.fullmatch(name):
            fix = "pass an explicit provider (opts: provider, or that of the parent)"
            yield fail("", "uses the default provider", fix)
    elif DEFAULT_PROVIDER.fullmatch(one.name):
        return
    elif one.type == PROVIDERS[0]:
        yield from _account(one, given)
    else:
        yield from _context(one, given)


def _account(provider: Resource, given: Parameters) -> Iterator[Problem]:
    path, registered = "allowedAccountIds", given.get("accounts", ())
    ids = as_list(configured(provider, path))
    if any(entry is UNKNOWN for entry in ids):
        yield undetermined(path)
    elif len(ids) != 1 or not re.fullmatch(r"\d{12}", str(ids[0])):
        yield fail(path, f"{len(ids)} accounts", "set the one account of this environment, 12 digits")
    elif registered and ids[0] not in registered:
        fix = "deploy with the account of this environment, or register it under GOV-02.accounts"
        yield fail(path, "an account that is not registered for this environment", fix)


def _context(provider: Resource, given: Parameters) -> Iterator[Problem]:
    value, registered = look(provider.props, "context"), given.get("contexts", ())
    if value is UNKNOWN:
        yield undetermined("context")
    elif not isinstance(value, str) or not value:
        yield fail("context", "not set, so the shell's current context decides", "set the context")
    elif registered and value not in registered:
        yield fail("context", "not registered for this environment", "register it under GOV-02.contexts")
