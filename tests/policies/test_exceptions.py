"""The register of exceptions: what it waives, and what it refuses."""

import datetime
import json
from dataclasses import replace

import pytest

from policies.rule import PACKS, UNKNOWN, Resource, Stack, config, controls, judge, waivers
from policies.waivers import FILE, entries_of
from tests.policies.cases import TODAY

URN = "urn:pulumi:staging::seedbed::aws:kms/key:Key::key"
KEY = Resource(
    urn=URN,
    type="aws:kms/key:Key",
    name="key",
    props={
        "enableKeyRotation": False,
        "policy": '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*"}]}',
    },
    provider="urn:pulumi:staging::seedbed::pulumi:providers:aws::aws::id",
)
ENTRY = {
    "control": "KMS-01",
    "urn": URN,
    "reason": "the key is replaced by one that rotates",
    "approver": "security@example.com",
    "ticket": "SEC-1",
    "until": "2026-12-24",
}


PROD = replace(KEY, urn=URN.replace("staging", "prod"))


def verdict(*entries, today=TODAY, environment="staging", only=None, key=KEY):
    register = entries_of(json.dumps({"exceptions": list(entries)}), "exceptions.yaml")
    return judge(Stack([key]), config(environment), register, today=today, only=only)


def complaints(*entries, **more):
    return [one.message for one in verdict(*entries, **more).blocking if one.control == "GOV-03"]


def test_an_exception_lowers_the_finding_to_advice_and_is_printed_with_who_approved_it():
    made = verdict(ENTRY)

    assert complaints(ENTRY) == []
    (waived,) = made.exceptions
    assert (waived.control, waived.level, waived.state) == ("KMS-01", "advisory", "fail")
    assert "(waived until 2026-12-24 by security@example.com, SEC-1)" in str(waived)


def test_the_end_date_is_the_last_day():
    last = datetime.date(2026, 12, 24)

    assert verdict(ENTRY, today=last).exceptions
    assert not verdict(ENTRY, today=last + datetime.timedelta(days=1)).exceptions


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"until": "2026-11-22"}, "expired on 2026-11-22"),
        ({"until": "2027-02-22"}, "more than 90 days ahead"),
        ({"until": "soon"}, "until: must be a day written YYYY-MM-DD"),
        ({"until": 20261224}, "until: must be a day written YYYY-MM-DD"),
        ({"urn": "urn:pulumi:staging::seedbed::aws:kms/key:Key::*"}, "a wildcard"),
        ({"control": "KMS-*"}, "a wildcard"),
        ({"urn": "key"}, "urn: must be a whole URN"),
        ({"control": "KMS-99"}, "names no control of this project"),
        ({"control": "KMS-02"}, "KMS-02 has no finding on that URN"),
        ({"control": "IAM-06"}, "IAM-06 has no finding on that URN"),
        ({"control": "GOV-04"}, "GOV-04 has no finding on that URN"),
        ({"control": "GOV-04", "until": "2099-01-01"}, "more than 90 days ahead"),
        ({"control": "GOV-03"}, "GOV-03 judges this register"),
        ({"urn": URN.replace("staging", "stagin")}, "no environment has the name stagin; write one of dev, local"),
        ({"urn": URN + "2"}, "KMS-01 has no finding on that URN"),
        ({"reason": "because"}, "reason: too short"),
        ({"reason": None}, "reason: missing"),
        ({"approver": ""}, "approver: missing"),
        ({"ticket": 7}, "ticket: missing"),
        ({"scope": "all"}, "scope: unknown field; allowed are control, urn"),
    ],
    ids=str,
)
def test_an_entry_with_a_fault_stops_the_deployment_and_says_which(change, message):
    found = complaints({**ENTRY, **change})

    assert [one for one in found if message in one], found


def test_an_entry_with_a_fault_waives_nothing():
    assert not verdict({**ENTRY, "approver": ""}).exceptions


def test_an_entry_of_another_environment_is_left_to_that_environment():
    other = {**ENTRY, "urn": URN.replace(":staging::", ":prod::"), "until": "2020-01-01"}

    assert complaints(ENTRY, other) == []


def test_each_pack_answers_for_the_entries_of_its_own_controls():
    privacy = {**ENTRY, "control": "PRIV-01"}
    by = {
        pack: [one for one in controls() if one.pack == pack or one.kind == "verdict"] for pack in ("gdpr", "security")
    }

    assert len(complaints(privacy, only=by["gdpr"])) == 1
    assert complaints(privacy, only=by["security"]) == []
    assert len(complaints({**ENTRY, "control": "X-1"}, only=by["security"])) == 1
    assert complaints({**ENTRY, "control": "X-1"}, only=by["gdpr"]) == []


OF_ONE = {pack: [one for one in controls() if one.pack == pack or one.kind == "verdict"] for pack in PACKS}


@pytest.mark.parametrize(
    ("change", "times"),
    [
        ({"control": "GOV-04"}, 1),
        ({"control": "GOV-03"}, 1),
        ({"control": "COST-04"}, 1),
        ({"control": "COST-04", "until": "2099-01-01"}, 1),
        ({"control": "KMS-01"}, 1),
        ({"control": "PRIV-01"}, 1),
        ({"control": "PRIV-01", "urn": URN.replace("staging", "prd")}, 1),
        ({"control": "PRIV-01", "urn": URN.replace("staging", "dev")}, 0),
    ],
    ids=str,
)
def test_each_fault_is_told_by_one_pack(change, times):
    entry = {**ENTRY, "urn": URN.replace("staging", "prod") + "2", **change}

    assert sum(len(complaints(entry, environment="prod", key=PROD, only=some)) for some in OF_ONE.values()) == times


def test_an_entry_for_gov_04_is_used_where_a_control_of_any_pack_cannot_decide():
    late = replace(KEY, props={**KEY.props, "enableKeyRotation": True, "description": UNKNOWN})
    bucket = replace(KEY, urn=URN.replace("kms/key:Key", "s3/bucket:Bucket"), type="aws:s3/bucket:Bucket")
    unclassified = replace(bucket, props={"tags": {"data-class": UNKNOWN}})
    entry = {**ENTRY, "control": "GOV-04"}

    assert complaints(entry, key=replace(KEY, props={**KEY.props, "enableKeyRotation": UNKNOWN})) == []
    assert len(complaints(entry, key=late)) == 1
    for pack in OF_ONE:
        assert complaints({**entry, "urn": bucket.urn}, key=unclassified, only=OF_ONE[pack]) == [], pack


def test_an_input_on_the_reviewed_list_leaves_an_entry_for_gov_04_without_use():
    late = replace(KEY, props={**KEY.props, "policy": UNKNOWN})
    levels = config("staging")
    computed = {"GOV-04": {"computed": [{"type": KEY.type, "path": "policy"}]}}
    register = entries_of(json.dumps({"exceptions": [{**ENTRY, "control": "GOV-04"}]}), "exceptions.yaml")

    assert judge(Stack([late]), levels, register, today=TODAY).states("GOV-03") != {late.urn: "fail"}
    levels = replace(levels, parameters={**levels.parameters, **computed})
    assert judge(Stack([late]), levels, register, today=TODAY).states("GOV-03") == {late.urn: "fail"}


def test_names_of_stacks_are_known_from_the_files_and_only_where_the_project_follows_them():
    prd = {**ENTRY, "urn": URN.replace("staging", "prd"), "until": "2020-01-01"}
    shop = {**prd, "urn": prd["urn"].replace("::seedbed::", "::shop::")}
    own = replace(KEY, urn=prd["urn"])

    assert len(complaints(ENTRY, prd)) == 2
    assert complaints(ENTRY, shop) == []
    assert complaints(ENTRY, prd, environment="live", key=replace(KEY, urn=URN.replace("staging", "live"))) == []
    assert complaints({**prd, "until": "2026-12-24"}, environment="prd", key=own) == []


def test_nothing_waives_what_is_wrong_with_the_register():
    root = "urn:pulumi:staging::seedbed::pulumi:pulumi:Stack::seedbed-staging"
    entry = {**ENTRY, "control": "GOV-03", "urn": root}
    made = verdict(entry, {**ENTRY, "control": "KMS-*"})

    assert {one.control for one in made.exceptions} == set()
    assert {one.path[-3:] for one in made.blocking if one.control == "GOV-03"} == {"[0]", "[1]"}


def test_an_exception_covers_what_cannot_be_decided_too():
    unknown = {**ENTRY, "control": "KMS-02"}
    key = Resource(urn=URN.replace("staging", "prod"), type=KEY.type, name="key", props={"policy": UNKNOWN})
    register = entries_of(json.dumps({"exceptions": [{**unknown, "urn": key.urn}]}), "exceptions.yaml")
    made = judge(Stack([key]), config("prod"), register, today=TODAY)

    assert [one.level for one in made.findings if one.about == "KMS-02"] == ["advisory"]
    assert [one for one in made.findings if one.control == "GOV-03" and one.state == "fail"] == []


@pytest.mark.parametrize("text", ["exceptions: [", "- control", "exceptions: {}", "other: []", "exceptions: [7]", "7"])
def test_a_register_that_cannot_be_read_stops_the_deployment(text):
    register = entries_of(text, "exceptions.yaml")
    made = judge(Stack([KEY]), config("dev"), register, today=TODAY)

    assert [one for one in made.blocking if one.control == "GOV-03"]


def test_the_shipped_register_is_empty_and_a_missing_one_waives_nothing(tmp_path):
    assert waivers(FILE) == ()
    assert waivers(tmp_path / "none.yaml") == ()


def test_bytes_that_are_no_text_and_a_folder_are_faults_of_the_register(tmp_path):
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")

    assert waivers(tmp_path / "bytes.yaml")[0].faults == ("is no UTF-8 text",)
    assert "cannot be read" in waivers(tmp_path)[0].faults[0]
