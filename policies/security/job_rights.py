"""Rights to start jobs: only under conditions that make a job as isolated as a declared one."""

from collections.abc import Iterator, Mapping

from policies.documents import Statement, statements
from policies.grants import NEGATIVE, Grants
from policies.identities import DOCUMENTS, boundaries, bounds, inline, roles_of
from policies.identities import ROLE as ROLES
from policies.rule import Parameters, Problem, Resource, Stack, control, fail, parts, skip

ISOLATION, TRAFFIC = "sagemaker:networkisolation", "sagemaker:intercontainertrafficencryption"
OUTPUT, VOLUME, SUBNETS = "sagemaker:outputkmskey", "sagemaker:volumekmskey", "sagemaker:vpcsubnets"

FORCED: Mapping[str, tuple[str, ...]] = {
    "sagemaker:CreateTrainingJob": (ISOLATION, TRAFFIC, OUTPUT, VOLUME, SUBNETS),
    "sagemaker:CreateHyperParameterTuningJob": (ISOLATION, TRAFFIC, OUTPUT, VOLUME, SUBNETS),
    "sagemaker:CreateProcessingJob": (ISOLATION, TRAFFIC, OUTPUT, VOLUME, SUBNETS),
    "sagemaker:CreateAutoMLJob": (TRAFFIC, OUTPUT, VOLUME, SUBNETS),
    "sagemaker:CreateAutoMLJobV2": (TRAFFIC, OUTPUT, VOLUME, SUBNETS),
    "sagemaker:CreateTransformJob": (OUTPUT, VOLUME),
}
"""Condition keys that each action knows of those that isolate and encrypt a job (Service Authorization Reference,
"Actions, resources, and condition keys for Amazon SageMaker AI")."""

SPELLED: Mapping[str, str] = {
    ISOLATION: "Bool sagemaker:NetworkIsolation true",
    TRAFFIC: "Bool sagemaker:InterContainerTrafficEncryption true",
    OUTPUT: "ArnEquals sagemaker:OutputKmsKey with a key of ours",
    VOLUME: "ArnEquals sagemaker:VolumeKmsKey with a key of ours",
    SUBNETS: "Null sagemaker:VpcSubnets false",
}
"""What a statement that allows has to say of each."""


@control(
    "ML-05",
    title="Jobs started outside code are isolated too",
    kind="stack",
    severity="high",
    types=(*DOCUMENTS, ROLES),
    basis=("25(1)", "32(1)(b)"),
    refs=("prowler:AISF-ML-03", "prowler:AISF-IAM-05"),
)
def jobs_are_forced_to_be_isolated(one: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """Who may create training, tuning, processing, AutoML or transform jobs may do so only under conditions that force
    what ML-04 asks of declared ones: isolation, encrypted traffic, subnets of a VPC, and named keys for volumes and
    results, each as far as the action knows the condition key. A denial of the opposite, in the same document or the
    permissions boundary, forces as well. A policy that is nothing but a boundary allows nothing.
    """
    if one.type != ROLES and bounds(one, stack):
        yield skip("a permissions boundary grants nothing")
        return
    roles = (one,) if one.type == ROLES else roles_of(one, stack)
    paths = inline(one) if one.type == ROLES else ["policy"]
    yield from parts(*(_document(one, path, roles, stack) for path in paths))


def _document(holder: Resource, path: str, roles: tuple[Resource, ...], stack: Stack) -> Iterator[Problem]:
    found = statements(holder.props, path) or []
    views = [Grants(tuple(found), boundaries(role, stack)) for role in roles] or [Grants(tuple(found))]
    for one in found:
        missing: dict[str, list[str]] = {}
        for view in views:
            alone = Grants((one, *view.denies), view.limit)
            for action in FORCED:
                if one.allow and one.does(action) and alone.at_all(action):
                    for key in _loose(one, view.denies, action):
                        missing.setdefault(key, []).append(action.partition(":")[2])
        for key, actions in missing.items():
            some = ", ".join(dict.fromkeys(actions))
            yield fail(f"{one.path}.Condition", f"{some} without it", f"add {SPELLED[key]}, or leave the action out")


def _loose(one: Statement, denies: tuple[Statement, ...], action: str) -> list[str]:
    """Condition keys of an action that neither an allowance nor a denial fixes."""
    against = [deny for deny in denies if deny.does(action) and "*" in deny.resources]
    return [key for key in FORCED[action] if not _allowed_only(one, key) and not _denied_else(against, key)]


def _allowed_only(one: Statement, key: str) -> bool:
    if key in (ISOLATION, TRAFFIC):
        return _says(one, "bool", key, "true")
    if key == SUBNETS and _says(one, "null", key, "false"):
        return True
    return one.fixes(lambda found: found == key)


def _denied_else(against: list[Statement], key: str) -> bool:
    """Whether denials leave nothing but the wanted value; each must hold whatever else the request says."""
    sole = [one for one in against if len(one.conditions) == 1 and one.conditions[0][1] == key]
    absent = any(_says(one, "null", key, "true") for one in sole)
    if key in (ISOLATION, TRAFFIC):
        off = any(_says(one, "bool", key, "false") for one in sole)
        return (off and absent) or any(_says(one, "boolifexists", key, "false") for one in sole)
    if key == SUBNETS and absent:
        return True
    return any(one.conditions[0][0].lower() in NEGATIVE and one.conditions[0][2] for one in sole)


def _says(one: Statement, operator: str, key: str, value: str) -> bool:
    return any(
        found.lower() == operator and where == key and [str(each).lower() for each in values] == [value]
        for found, where, values in one.conditions
    )
