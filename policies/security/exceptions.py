"""What judges the judging: exceptions end, and undecided is not compliant."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from policies.rule import Docket, Problem, Remark, control, controls
from policies.waivers import faults

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
    """Every entry of policies/exceptions.yaml names one control, one URN, a reason, an approver, a ticket and an end at
    most {maxDays} days ahead, and a finding of this deployment; one that is expired, malformed or wildcarded, or that
    matches nothing, is itself a violation.
    """
    known = [one.id for one in controls()]
    days = docket.config.of("GOV-03").get("maxDays", 90)
    open_findings = {(one.control, one.urn) for one in docket.findings if one.state in ("fail", "undetermined")}
    for waiver in docket.waivers:
        stray = waiver.control not in known or bool(waiver.faults)
        elsewhere = not waiver.faults and waiver.environment != docket.stack.environment
        if elsewhere or (stray and not docket.strays) or (not stray and waiver.control not in docket.judged):
            continue
        wrong = faults(waiver, known, days, docket.today)
        if not wrong and (waiver.control, waiver.urn) not in open_findings:
            wrong = [f"{waiver.control} has no finding on that URN; remove the entry"]
        urn = waiver.urn if waiver.urn in docket.stack.by_urn else docket.stack.root
        for one in wrong:
            yield Remark(urn, Problem("fail", waiver.where, one))


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
    reviewed = docket.config.of("GOV-04").get("computed", ())
    for one in docket.findings:
        token = docket.stack.by_urn[one.urn].type if one.urn in docket.stack.by_urn else ""
        if one.state != "undetermined" or any(_reviewed(entry, token, one.path) for entry in reviewed):
            continue
        message = (
            f"{one.control} ({one.title}) cannot be decided, because this value is unknown until the deployment; "
            f"compute it from names and settings instead of another resource's output"
        )
        yield Remark(one.urn, Problem("fail", one.path, message), one.control)


def _reviewed(entry: dict[str, str], token: str, path: str) -> bool:
    return entry["type"] == token and fnmatchcase(path.replace("[", "("), entry["path"].replace("[", "("))
