"""Article × control × test."""

from types import SimpleNamespace

import pytest

from policies.__main__ import main
from policies.articles import heading, place
from policies.control import controls
from policies.matrix import FIXTURES, Tally, matrix, written
from tests.coverage_matrix import outcome

STO_01 = [one for one in controls() if one.id == "STO-01"]


def ran(test: str, result: str = "passed", judged: str = "", when: str = "call") -> SimpleNamespace:
    properties = [("judged", judged)] if judged else []
    return SimpleNamespace(nodeid=f"tests/a.py::{test}", when=when, outcome=result, user_properties=properties)


def all_fixtures(result: str = "passed") -> list[SimpleNamespace]:
    test = "test_a_control_comes_to_the_verdict_of_its_fixture"
    return [ran(f"{test}[{one.id}-{kind}]", result) for one in controls() for kind in FIXTURES]


def test_every_article_that_a_control_serves_has_a_heading_and_a_place():
    for one in controls():
        for article in one.gdpr:
            assert heading(article), f"{one.id}: {article}"


@pytest.mark.parametrize("wrong", ["", "32.1", "Art. 32", "32(1)(a)(b)", "32(a)"])
def test_what_cites_no_article_is_refused(wrong):
    with pytest.raises(ValueError, match="cites no article"):
        place(wrong)


def test_articles_stand_in_the_order_of_the_regulation():
    assert sorted(["32(1)(a)", "5(2)", "5(1)(f)", "44", "32(1)"], key=place) == [
        "5(1)(f)",
        "5(2)",
        "32(1)",
        "32(1)(a)",
        "44",
    ]


def test_a_control_stands_under_each_of_its_articles_and_what_is_not_tested_is_named():
    said = matrix({"STO-01": {"good": Tally(1, 1), "bad": Tally(2, 1)}}, STO_01)

    assert said.count("  STO-01  ") == len(STO_01[0].gdpr)
    assert "Art. 25(2)  Data protection by design and by default\n  STO-01      1    1/2\n" in said
    assert "not tested: STO-01: unknown, absent, na" in said
    assert "not passed: STO-01: bad" in said


def test_the_tests_that_are_written_cover_every_control():
    told = written()
    for one in controls():
        assert set(FIXTURES) <= set(told[one.id]), one.id
        assert "deviations" in told[one.id] or one.id in ("GOV-03", "GOV-04"), one.id


def test_it_is_printed_on_request(capsys):
    assert main(["matrix"]) == 0
    said = capsys.readouterr().out
    assert "Art. 32(1)(a)  Security of processing" in said
    assert "not tested" not in said


def test_a_run_of_everything_says_how_each_kind_of_test_went():
    reports = [
        *all_fixtures(),
        ran("test_a_deviation_is_met_by_its_control_alone[STO-01 one switch is off, beside KMS-01]"),
        ran("test_a_deviation_is_met_by_its_control_alone[STO-01 the block is gone]", "failed"),
        ran("test_the_sdk_comes_to_the_same_verdict_on_every_fixture[staging-x]", judged="STO-01-good STO-01-bad"),
        ran("test_a_control_answers[STO-01 says]"),
        ran("test_a_control_answers[STO-01 says]", when="setup"),
    ]
    said = outcome(reports)

    assert "  STO-01       1      1        1       1      1      2         1/2       1\n" in said
    assert "not passed: STO-01: deviations" in said
    assert said.count("not passed") == 1


def test_a_run_of_some_tests_says_nothing():
    assert outcome(all_fixtures()[1:]) == ""
    assert outcome([]) == ""
