"""What judges the judging: exceptions end, and undecided is not compliant."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from policies.rule import Docket, Finding, Problem, Remark, control, controls, judge
from policies.waivers import Waiver, faults

ALL = ("aws:*", "kubernetes:*")


@control(
    "GOV-03",
    title="Exceptions are specific, justified and temporary",
    kind="verdict",
    severity="high",
    types=("pulumi:pulumi:Stack",),
    basis=("5(2)", "24(1)", "32(1)(d)"),
    refs=("trivy:.trivyignore.yaml expired_at", "design:pulumi/pulumi-policy#438", "design:pulumi/pulumi-policy#225",
          "design:kyverno/kyverno#17473"),
)  # fmt: skip
def exceptions_end(docket: Docket) -> Iterator[Remark]:
    """Every entry of policies/exceptions.yaml names one control other than this one, one URN, a reason, an approver, a
    ticket and an end at most {maxDays} days ahead, and a finding of this deployment; one that is expired, malformed or
    wildcarded, whose stack is misspelt, or that matches nothing, because its control is disabled too, is itself a
    violation. An entry for GOV-04 matches what is undecided on its URN.
    """
    known = [one.id for one in controls()]
    days = docket.config.of("GOV-03").get("maxDays", 90)
    for waiver in docket.waivers:
        misspelt = _misspelt(waiver, docket)
        elsewhere = not waiver.faults and not misspelt and waiver.environment != docket.stack.environment
        if elsewhere or not (docket.strays if misspelt or _stray(waiver, docket) else waiver.control in docket.judged):
            continue
        wrong = [*faults(waiver, known, days, docket.today), *misspelt]
        if not wrong and not _used(waiver, docket):
            wrong = [f"{waiver.control} has no finding on that URN; remove the entry"]
        urn = waiver.urn if waiver.urn in docket.stack.by_urn else docket.stack.root
        for one in wrong:
            yield Remark(urn, Problem("fail", waiver.where, one))


def _stray(waiver: Waiver, docket: Docket) -> bool:
    """Whether no pack has findings of the entry's own: it is malformed, or its control judges nothing here."""
    found = [one for one in controls() if one.id == waiver.control and one.kind != "verdict"]
    return bool(waiver.faults) or not found or docket.config.level(waiver.control) == "disabled"


def _misspelt(waiver: Waiver, docket: Docket) -> list[str]:
    """What is wrong with the stack of an entry: nothing where the stack that is judged has no levels of its own either,
    so that names are not known from them, nor with the stack of another project.
    """
    known, here = docket.config.environments, docket.stack.environment
    ours = waiver.urn.split("::")[1:2] == docket.stack.root.split("::")[1:2]
    if waiver.faults or not ours or here not in known or waiver.environment in known:
        return []
    return [f"urn: no environment has the name {waiver.environment}; write one of {', '.join(known)}"]


def _used(waiver: Waiver, docket: Docket) -> bool:
    """Whether there is a finding that the entry lowers."""
    if waiver.control != "GOV-04":
        return any((one.control, one.urn) == (waiver.control, waiver.urn) for one in docket.findings if _open(one))
    whole = judge(docket.stack, docket.config, today=docket.today)  # of every pack: any of them may be undecided
    return any(one.urn == waiver.urn for one in _undecided(docket, whole.findings))


def _open(one: Finding) -> bool:
    return one.state in ("fail", "undetermined")


@control(
    "GOV-04",
    title="Undecided is not compliant",
    kind="verdict",
    severity="high",
    types=ALL,
    basis=("5(2)", "25(1)"),
    refs=("design:pulumi/pulumi-policy#181", "design:pulumi/pulumi-policy#180", "design:bridgecrewio/checkov#5752",
          "design:pulumi/pulumi-terraform-module#97"),
)  # fmt: skip
def undecided_is_reported(docket: Docket) -> Iterator[Remark]:
    """A control that cannot be decided because an input is unknown is reported with the input's path, unless the
    input is on the reviewed list {computed} of those that only the provider can know.
    """
    for one in _undecided(docket, docket.findings):
        message = (
            f"{one.control} ({one.title}) cannot be decided, because this value is unknown until the deployment; "
            f"compute it from names and settings instead of another resource's output"
        )
        yield Remark(one.urn, Problem("fail", one.path, message), one.control)


def _undecided(docket: Docket, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings that are undecided for want of an input that is not on the reviewed list."""
    reviewed = docket.config.of("GOV-04").get("computed", ())
    for one in findings:
        token = docket.stack.by_urn[one.urn].type if one.urn in docket.stack.by_urn else ""
        if one.state == "undetermined" and not any(_reviewed(entry, token, one.path) for entry in reviewed):
            yield one


def _reviewed(entry: dict[str, str], token: str, path: str) -> bool:
    return entry["type"] == token and fnmatchcase(path.replace("[", "("), entry["path"].replace("[", "("))
