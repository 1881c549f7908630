"""Each control against its fixtures, as a pure function and as the Pulumi SDK runs it."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies.control import PACKS
from policies.levels import FOLDER, SHARED
from policies.rule import UNKNOWN, Resource, Stack, config, controls, environments, judge
from policies.server import filled, policies
from policies.stack import ROOT
from tests.policies.cases import FIXTURES, KINDS, TODAY, Case, cases, read, world

WORST = ("fail", "undetermined", "pass", "not-applicable")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_a_control_comes_to_the_verdict_of_its_fixture(case: Case):
    states = judge(Stack(case.resources), config(case.environment), case.waivers, today=TODAY).states(case.control)

    assert min(states.values(), key=WORST.index) == case.expected, states


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_the_sdk_comes_to_the_same_verdict_on_every_fixture(pack, environment, tmp_path, record_property):
    ids = {one.id for one in controls(pack)}
    mine = [case for case in cases() if case.control in ids and case.environment == environment]
    record_property("judged", " ".join(case.id for case in mine))
    different = {}
    for case in mine:
        heard = said(case.resources, pack, tmp_path, case)
        expected = {"pass": set(), "not-applicable": set(), "fail": {"fail"}, "undetermined": {"undetermined"}}
        if heard.get(case.control, set()) != expected[case.expected]:
            different[case.id] = heard
    assert different == {}


def test_the_sdk_has_nothing_to_say_about_a_compliant_stack(tmp_path):
    assert [said(world(), pack, tmp_path) for pack in PACKS] == [{}] * len(PACKS)


def test_a_control_is_at_home_in_one_pack_with_fixtures_and_a_level_in_every_environment():
    ids = {one.id for one in controls()}

    assert {path.stem for path in FIXTURES.glob("*.yaml")} == ids
    for environment in environments():
        assert set(config(environment).levels) == ids, environment
    assert environments() == ("dev", "local", "prod", "staging")


def test_a_fixture_file_without_all_five_cases_is_refused(tmp_path):
    for kind in KINDS:
        path = tmp_path / f"{kind}.yaml"
        path.write_text("".join(f"{one}: []\n" for one in KINDS if one != kind))
        with pytest.raises(AssertionError, match=f"no {kind};"):
            read(path)


def test_controls_of_the_gdpr_pack_are_those_on_residency_privacy_and_captured_traffic():
    families = {pack: {one.id.split("-")[0] for one in controls(pack)} for pack in PACKS}
    security = {"GOV", "STO", "KMS", "NET", "REG", "RDS", "EKS", "K8S", "IAM", "LOG", "BAK", "ML"}
    assert families.pop("reproducibility") <= {"REG", "ML"}
    assert families == {"gdpr": {"RES", "PRIV", "ML"}, "security": security, "cost": {"COST"}}
    assert [one.id for one in controls("gdpr") if one.id.startswith("ML")] == ["ML-08"]


def test_every_type_that_a_control_reads_exists_in_the_pinned_sdk():
    site = Path(pulumi_aws.__file__).parent
    tokens = {
        token
        for path in site.rglob("*.py")
        for token in re.findall(r'pulumi\.type_token\("(aws:[^"]+)"\)', path.read_text())
    }
    read = {token for one in controls() for token in one.types if token.startswith("aws:") and token != "aws:*"}
    later = {"aws:sagemaker/trainingJob:TrainingJob", "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob"}
    assert read - tokens == later, "the pinned SDK has none yet (docs/decisions/0086-*.md); others are misspelled"


def test_an_environment_without_a_file_gets_the_levels_of_prod_and_is_told():
    made = config("qa")

    assert made.levels == config("prod").levels
    assert "qa.json does not exist, so the levels of prod apply" in made.notes[0]
    assert config(SHARED).levels == config("prod").levels


def test_the_packs_say_when_an_environment_has_no_levels_of_its_own(tmp_path):
    qa = tuple(replace(one, urn=one.urn.replace(":staging::", ":qa::"), provider="") for one in world()[:1])

    assert f"{FOLDER / 'qa.json'}" in said(qa, "gdpr", tmp_path)


def test_inputs_that_only_the_resource_policy_saw_decide_and_outputs_fill_what_they_leave_open():
    assert filled({"a": UNKNOWN, "b": [UNKNOWN, 1], "c": 2}, {"a": 3, "b": [4, 5], "d": 6}) == {
        "a": 3,
        "b": [4, 1],
        "c": 2,
    }
    assert filled({"a": UNKNOWN, "b": [UNKNOWN]}, {}) == {"a": UNKNOWN, "b": [UNKNOWN]}
    assert filled({"a": {"x": UNKNOWN}}, {"a": {"x": {"y": 1}}}) == {"a": {"x": {"y": 1}}}


@pytest.mark.parametrize("environment", ["dev", "staging"])
def test_the_same_resource_with_other_inputs_is_judged_anew_at_either_level(environment):
    """KMS-01 is advice in dev and must hold in staging; the advisory policy takes over what the other has found."""
    levels = {"dev": "advisory", "staging": "mandatory"}
    assert config(environment).levels["KMS-01"] == levels[environment]
    servicer = _PolicyAnalyzerServicer("seedbed-security", "0.1.0", policies("security"), EnforcementLevel.MANDATORY)

    def says(rotates: bool) -> bool:
        answer = servicer.Analyze(
            analyzer_pb2.AnalyzeRequest(
                urn=f"urn:pulumi:{environment}::seedbed::aws:kms/key:Key::one",
                type="aws:kms/key:Key",
                name="one",
                properties=struct({"enableKeyRotation": rotates}),
            ),
            None,
        )
        return any(" KMS-01 " in f" {one.message}".replace("\n", " ") for one in answer.diagnostics)

    assert [says(rotates) for rotates in (False, True, False, False, True)] == [True, False, True, True, False]


def test_three_hundred_resources_are_judged_within_the_budget(tmp_path):
    providers = tuple(one for one in world() if "providers" in one.type)
    rest = [one for one in world() if "providers" not in one.type]
    some = (*providers, *(copied(one, f"-{number}") for number in range(6) for one in rest))
    assert len(some) > 300
    began = time.process_time()
    heard = [said(some, pack, tmp_path) for pack in PACKS]

    assert heard == [{}] * len(PACKS)
    assert time.process_time() - began < 10, "seconds of processor time"


def copied(one: Resource, mark: str) -> Resource:
    """The same resource under another name, joined to the copies of those that it was joined to."""
    behind = {prop: tuple(f"{urn}{mark}" for urn in urns) for prop, urns in one.dependencies.items()}
    return replace(one, urn=f"{one.urn}{mark}", dependencies=behind)


def said(some: tuple[Resource, ...], pack: str, tmp_path: Path, case: Case | None = None) -> dict[str, set[str]]:
    """What the SDK's own servicer reports: control -> fail, or undetermined where GOV-04 speaks for it."""
    file = tmp_path / "exceptions.yaml"
    entries = [
        {name: getattr(one, name) for name in ("control", "urn", "reason", "approver", "ticket", "until")}
        for one in (case.waivers if case else ())
    ]
    entries = [{key: str(value) for key, value in entry.items() if value} for entry in entries]
    file.write_text(json.dumps({"exceptions": entries}))
    made = policies(pack, exceptions=file, today=lambda: TODAY)
    servicer = _PolicyAnalyzerServicer(f"seedbed-{pack}", "0.1.0", made, EnforcementLevel.MANDATORY)
    by_urn = {one.urn: one for one in some}
    diagnostics = []
    for one in some:
        answer = servicer.Analyze(
            analyzer_pb2.AnalyzeRequest(
                urn=one.urn,
                type=one.type,
                name=one.name,
                properties=struct(one.props),
                provider=provider(one, by_urn),
                options=analyzer_pb2.AnalyzerResourceOptions(protect=one.protect, ignoreChanges=one.ignores),
            ),
            None,
        )
        diagnostics += answer.diagnostics
    request = analyzer_pb2.AnalyzeStackRequest(
        resources=[
            analyzer_pb2.AnalyzerResource(
                urn=one.urn,
                type=one.type,
                name=one.name,
                parent=one.parent,
                provider=provider(one, by_urn),
                options=analyzer_pb2.AnalyzerResourceOptions(protect=one.protect, ignoreChanges=one.ignores),
                properties=struct(one.props) if one.type == ROOT else None,
                propertyDependencies={
                    key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns) for key, urns in one.dependencies.items()
                },
            )
            for one in some
        ]
    )
    diagnostics += servicer.AnalyzeStack(request, None).diagnostics
    heard: dict[str, set[str]] = {}
    for one in diagnostics:
        line = one.message.splitlines()[1]
        control, about = line.split()[0], re.search(r": (\w+-\d\d) \(.*\) cannot be decided", line)
        heard.setdefault(control, set()).add("fail")
        if about:
            heard.setdefault(about[1], set()).add("undetermined")
    return heard


def provider(one: Resource, by_urn: dict[str, Resource]) -> analyzer_pb2.AnalyzerProviderResource | None:
    made = by_urn.get(one.provider.rpartition("::")[0])
    if made is None:
        return None
    return analyzer_pb2.AnalyzerProviderResource(
        urn=made.urn, type=made.type, name=made.name, properties=struct(made.props)
    )


def struct(props: Any) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(sent(props))
    return made


def sent(value: Any) -> Any:
    """Inputs as the engine sends them."""
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, dict):
        return {key: sent(one) for key, one in value.items()}
    return [sent(one) for one in value] if isinstance(value, list) else value
