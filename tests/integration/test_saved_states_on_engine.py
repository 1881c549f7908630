"""The packs on the real engine: saved states, judged in batches or alone."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from policies.rule import UNKNOWN, Resource, controls
from tests.integration.packs_on_engine import MANIFEST, PACKS, ROOT, Pulumi, Said, said
from tests.policies.cases import FIXTURES, Case, cases, read

NOT_IN_A_STATE = {
    "unknown": "a saved state has no unknown values; previews below have",
    "GOV-03": "its cases differ in the register of exceptions, which previews below do too",
    "GOV-04": "it speaks of unknown values",
    "COST-01": "it speaks of a stack as a whole, and a state holds many cases",
}
"""Fixtures that cannot be told as a saved state, and why."""

ALONE = frozenset(
    ("BAK-02", "BAK-03", "COST-02", "COST-03", "COST-04", "EKS-05", "IAM-06", "K8S-05", "LOG-01", "LOG-04", "LOG-05",
     "ML-04", "NET-04", "PRIV-04", "PRIV-05", "PRIV-07", "PRIV-08", "RES-05", "STO-06")
)  # fmt: skip
"""Controls that look for their proof anywhere in the stack: each of their cases is a state of its own."""


@pytest.fixture(scope="module")
def pulumi(tmp_path_factory) -> Pulumi:
    return Pulumi(tmp_path_factory.mktemp("policies"))


TODAY = datetime.datetime.now(datetime.UTC).date()
"""The packs go by the clock when the engine runs them."""

TOLD = [
    case
    for case in cases(TODAY, deployed=True)
    if case.kind not in NOT_IN_A_STATE and case.control not in NOT_IN_A_STATE
]
BATCH = [case for case in TOLD if case.control not in ALONE]


KINDS = ("good", "bad", "absent", "na")


@pytest.mark.parametrize("kind", KINDS)
def test_each_control_has_a_case_of_each_kind_in_some_saved_state(kind):
    assert {case.control for case in TOLD if case.kind == kind} == {one.id for one in controls()} - {*NOT_IN_A_STATE}


@pytest.mark.parametrize(("kind", "environment"), sorted({(case.kind, case.environment) for case in BATCH}))
def test_the_engine_comes_to_the_same_verdict_on_saved_states(kind, environment, pulumi, tmp_path, record_property):
    mine = [case for case in BATCH if (case.kind, case.environment) == (kind, environment)]
    record_property("judged", " ".join(case.id for case in mine))
    some = {one.urn: one for case in mine for one in prefixed(case)}
    done, heard = analyze(pulumi, tmp_path, list(some.values()))

    failed = {case.control for case in mine if any(owns(case, one) for one in heard)}
    assert failed == {case.control for case in mine if case.expected == "fail"}
    assert (done.returncode == 0) == (not any(one.level == "mandatory" for one in heard))


@pytest.mark.parametrize("case", [case for case in TOLD if case.control in ALONE], ids=lambda case: case.id)
def test_a_control_of_the_whole_stack_comes_to_the_same_verdict_on_a_saved_state(
    case, pulumi, tmp_path, record_property
):
    record_property("judged", case.id)
    (pack,) = (one.pack for one in controls() if one.id == case.control)
    _, heard = analyze(pulumi, tmp_path, list(case.resources), [str(ROOT / "policies" / pack)])

    assert (case.control in {one.control for one in heard}) == (case.expected == "fail")


def owns(case: Case, one: Said) -> bool:
    return one.control == case.control and one.urn.rpartition("::")[2].startswith(f"{case.control}-")


def prefixed(case: Case) -> tuple[Resource, ...]:
    """The resources of a case under names that say whose they are, so that many cases fit into one state."""
    again = read(FIXTURES / f"{case.control}.yaml", prefix=f"{case.control}-", today=TODAY, deployed=True)
    return next(one.resources for one in again if one.kind == case.kind)


def analyze(pulumi: Pulumi, folder: Path, some: list[Resource], packs: list[str] = PACKS) -> tuple[Any, list[Said]]:
    file = folder / "state.json"
    file.write_text(json.dumps({"version": 3, "deployment": {"manifest": MANIFEST, "resources": saved(some)}}))
    words = [word for pack in packs for word in ("--policy-pack", pack)]
    done = pulumi.run("policy", "analyze", "--file", str(file), "--json", *words, cwd=folder)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert any("summaryEvent" in event for event in events), done.stdout + done.stderr
    return done, [said(event["policyEvent"]) for event in events if "policyEvent" in event]


def saved(some: list[Resource]) -> list[dict[str, Any]]:
    """Resources as a saved state holds them: providers first, everything known."""
    order = sorted(some, key=lambda one: (one.parent != "", "providers" not in one.type))
    made = []
    for one in order:
        custom = one.type.count(":") > 1 and not one.type.startswith(("pulumi:pulumi:", "seedbed:"))
        entry = {
            "urn": one.urn,
            "custom": custom,
            "type": one.type,
            "inputs": known(one.props),
            "outputs": known(one.props),
            "parent": one.parent,
            "provider": one.provider,
            "protect": one.protect,
            "propertyDependencies": {key: list(urns) for key, urns in one.dependencies.items()},
            "dependencies": sorted({urn for urns in one.dependencies.values() for urn in urns}),
        }
        made.append({**entry, "id": "id"} if custom else entry)
    return made


def known(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: known(one) for key, one in value.items()}
    if isinstance(value, list):
        return [known(one) for one in value]
    return "known-after-up" if value is UNKNOWN else value
