"""What the benchmark of the policies measures: the environment, twice as much of it, and its equal for checkov."""

import json

import yaml

from benchmarks import policies
from benchmarks.declared import doubled, keep, kept, made
from benchmarks.packs import OBJECTIONS
from policies.control import PACKS
from policies.rule import UNKNOWN, Resource, Stack
from policies.stack import ROOT

PROD = policies.declared()


def test_resources_are_read_as_they_were_kept(tmp_path):
    assert any(UNKNOWN in one.props.values() for one in PROD)
    assert kept(keep(PROD, tmp_path / "prod.json")) == list(PROD)


def test_prod_twice_is_a_thousand_resources_that_refer_to_each_other_as_those_of_prod_do():
    twice = Stack(doubled(PROD))
    assert made(twice.resources) > 1000
    assert len(twice.by_urn) == len(twice.resources)
    shared = {one.urn for one in PROD if one.type == ROOT or one.type.startswith("pulumi:providers:")}
    for one in twice.resources[len(PROD) :]:
        for urn in [one.parent, *(urn for urns in one.dependencies.values() for urn in urns)]:
            assert not urn or urn in shared or (urn in twice.by_urn and urn.endswith("-2")), (one.urn, urn)


def test_checkov_gets_every_resource_but_definitions_and_providers(tmp_path):
    count = policies.templates(PROD, tmp_path / "template")
    plan = json.loads((tmp_path / "template" / "plan.json").read_text())
    objects = list(yaml.safe_load_all((tmp_path / "template" / "objects.yaml").read_text()))
    assert len(plan["resource_changes"]) + len(objects) == count
    apart = sum(one.type.endswith(":CustomResourceDefinition") or "pulumi:providers:" in one.type for one in PROD)
    assert count == made(PROD) - apart


def test_a_pack_is_timed_by_call_and_its_objections_are_counted(tmp_path):
    open_key = Resource(
        urn="urn:pulumi:prod::seedbed::aws:kms/key:Key::open",
        type="aws:kms/key:Key",
        name="open",
        props={"enableKeyRotation": False},
    )
    costs: list[policies.Costs] = []
    policies.asking(keep([open_key], tmp_path / "one.json"), costs)()
    (found,) = costs
    assert set(found) == set(PACKS)
    assert all(set(pack) == {*policies.CALLS, OBJECTIONS} for pack in found.values())
    assert found["security"][OBJECTIONS] > 0
    assert all(0 < pack["Analyze"] < 1 for pack in found.values())


def test_a_goal_that_is_missed_is_named(capsys):
    cheap = {pack: {"Remediate": 0.1, "Analyze": 0.1, "AnalyzeStack": 0.1, OBJECTIONS: 0} for pack in PACKS}
    dear = {pack: {"Remediate": 0.1, "Analyze": 0.3, "AnalyzeStack": 3.0, OBJECTIONS: 0} for pack in PACKS}
    assert policies.packs("prod", [cheap] * 3, 1000) == []
    assert policies.packs("prod", [dear] * 3, 1000) == [
        "prod: 1.60 ms a resource, allowed is 1.2",
        "prod: 13.60 s a thousand resources",
    ]
    times = {"judgement": [(1.0, 1.0)], "seedbed check": [(5.0, 5.0)], "checkov": [(6.0, 6.0)]}
    assert policies.scanners(times) == []
    assert policies.scanners({**times, "judgement": [(1.0, 1.5)], "seedbed check": [(9.0, 11.0)]}) == [
        "the judgement takes 0.250 of checkov, allowed is 0.2",
        "seedbed check takes 11.0 s, allowed is 10",
    ]
    assert "0.167 of checkov" in capsys.readouterr().out
