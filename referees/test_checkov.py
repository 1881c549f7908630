"""checkov, run beside the controls: which of its checks may testify, and what they say of the shipped environments."""

from functools import cache

import pytest

from policies.rule import UNKNOWN, Stack, controls
from referees.calibration import FIXTURES, candidates, inverted, witnesses
from referees.checkov import PROGRAM, CheckovError, Result, known, review
from referees.disagreements import Disagreement, Entry, compared, problems, table
from referees.shipped import shipped
from seedbed.check import judge
from tests.policies.cases import resources

LEAST = 47
"""Controls with a witness; fewer means that a fixture, a check or the plan has changed so that it says less."""


@pytest.fixture(scope="module", autouse=True)
def worth(tell):
    """Says at the end what the referee's word is worth."""
    yield
    alone = [id for id, some in witnesses().items() if any(FIXTURES in one.trials for one in some)]
    silent = sorted(set(witnesses()) - set(checks()))
    seen = said_of_shipped()
    tell(
        "checkov as a referee",
        f"controls with a calibrated witness: {len(checks())} of {len(controls())}, {len(alone)} of them by their "
        f"fixtures good and bad alone; checks that testify: {len({one for some in checks().values() for one in some})}",
        f"controls that name a check of which none is calibrated: {', '.join(silent)}",
        f"verdicts on {len(shipped())} shipped environments: {len(seen)}, by {len({one.check for one in seen})} checks",
        f"reviewed disagreements: {len(table())} entries, met by {len(disagreements())} verdicts",
    )


@cache
def checks() -> dict[str, tuple[str, ...]]:
    """The calibrated checks by control."""
    return {id: tuple(one.check for one in some) for id, some in witnesses().items() if some}


@cache
def said_of_shipped() -> tuple[Result, ...]:
    asked = {check for some in checks().values() for check in some} | set(inverted())
    return review({name: one.stack for name, one in shipped().items()}, asked)


@cache
def disagreements() -> tuple[Disagreement, ...]:
    return tuple(
        one
        for name, it in shipped().items()
        for one in compared(name, it.stack, it.verdict, of(said_of_shipped(), name), checks(), inverted())
    )


def of(results: tuple[Result, ...], stack: str) -> list[Result]:
    return [one for one in results if one.stack == stack]


def test_every_check_that_a_control_names_exists():
    named = {check for one in controls() for check in candidates(one)} | set(inverted())

    assert named - known() == set()


def test_a_check_testifies_only_when_it_was_seen_to_pass_a_sound_stack_and_to_fail_a_deviating_one():
    found = [one for some in witnesses().values() for one in some]

    assert all(one.trials for one in found)
    # CKV_AWS_273 knows no pass: it speaks where there is a user, and only against it.
    assert "CKV_AWS_273" not in {one.check for one in found}
    # CKV_AWS_53 looks at one of four switches, and the fixture turns off another: no trial of its own, no word.
    assert {one.check for one in found if one.control == "STO-01"} == {"CKV2_AWS_6", "CKV_AWS_55", "CKV_AWS_56"}


def test_no_control_loses_its_witness_unseen():
    assert len(checks()) >= LEAST


def test_the_referee_speaks_about_every_shipped_environment():
    assert {one.stack for one in said_of_shipped()} == set(shipped())


def test_controls_and_referee_agree_on_the_shipped_environments_but_for_what_was_reviewed():
    assert problems(disagreements(), table()) == []


def test_a_block_that_goes_from_prod_is_met_by_control_and_referee_alike():
    sound = shipped()["prod"].stack
    gone = next(one for one in sound.resources if one.type.endswith(":BucketPublicAccessBlock"))
    bare = Stack(one for one in sound.resources if one.urn != gone.urn)
    some = {"STO-01": ("CKV2_AWS_6",)}
    results = review({"prod": bare}, ["CKV2_AWS_6"])

    assert [one.urn for one in results if not one.passed] == list(gone.dependencies["bucket"])
    assert compared("prod", bare, judge("prod", bare), results, some, {}) == ()
    # The controls asleep: the referee alone sees it.
    (one,) = compared("prod", bare, shipped()["prod"].verdict, results, some, {})
    assert (one.check, one.control, one.referee) == ("CKV2_AWS_6", "STO-01", "fails")
    assert len(problems([one], table())) == 1 + len(table())


def test_what_the_control_fails_and_the_referee_passes_is_a_disagreement_too():
    entry = {"type": "aws:kms/key:Key", "name": "key", "protect": True, "props": {"enableKeyRotation": False}}
    stack = Stack(resources([entry], "prod"))
    key = stack.of(["aws:kms/key:Key"]).__next__().urn
    mistaken = [Result(check="CKV_AWS_7", stack="prod", urn=key, passed=True)]

    (one,) = compared("prod", stack, judge("prod", stack), mistaken, {"KMS-01": ("CKV_AWS_7",)}, {})

    assert (one.referee, one.resource) == ("passes", "aws:kms/key:Key::key")
    assert compared("prod", stack, judge("prod", stack), review({"prod": stack}, ["CKV_AWS_7"]),
                    {"KMS-01": ("CKV_AWS_7",)}, {}) == ()  # fmt: skip


def test_an_entry_that_nothing_uses_any_more_is_a_failure():
    idle = Entry(check="CKV_AWS_7", control="KMS-01", referee="fails", resource="aws:kms/key:Key::*", reason="once")

    assert problems(disagreements(), (*table(), idle)) == [
        "CKV_AWS_7 fails aws:kms/key:Key::* against KMS-01: nothing uses this entry any more"
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("- {check: CKV_AWS_7, control: KMS-01, referee: fails, resource: 'aws:kms/key:Key::*'}", "exactly"),
        ("- {check: A, control: B, referee: fails, resource: 'aws:kms/key:Key::*', reason: ''}", "a value"),
        ("- {check: A, control: B, referee: maybe, resource: 'aws:kms/key:Key::*', reason: x}", "maybe"),
        ("- {check: A, control: B, referee: fails, resource: '*::*', reason: x}", "TYPE::NAME"),
        ("- {check: A, control: B, referee: fails, resource: key, reason: x}", "TYPE::NAME"),
    ],
)
def test_an_entry_that_says_too_little_or_means_too_much_is_refused(tmp_path, line, says):
    file = tmp_path / "table.yaml"
    file.write_text(line)

    with pytest.raises(ValueError, match=says):
        table(file)


def test_what_is_set_but_unknown_counts_as_set():
    bucket = {"type": "aws:s3/bucket:Bucket", "name": "raw", "props": {"bucket": "raw"}}
    group = {"type": "aws:cloudwatch/logGroup:LogGroup", "name": "log", "props": {"kmsKeyId": UNKNOWN}}
    bare = {"type": "aws:cloudwatch/logGroup:LogGroup", "name": "bare", "props": {}}

    said = review({"one": Stack(resources([bucket, group, bare], "prod"))}, ["CKV_AWS_158"])

    assert {one.urn.rpartition("::")[2]: one.passed for one in said} == {"log": True, "bare": False}


def test_stacks_read_side_by_side_do_not_meet():
    bucket = {"type": "aws:s3/bucket:Bucket", "name": "raw"}
    block = {"type": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "name": "raw", "from": {"bucket": "raw"}}
    open_, closed = (
        [{**bucket, "name": "raw"}, {**block, "name": "private", "props": dict.fromkeys(
            ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), value)}]
        for value in (False, True)
    )  # fmt: skip
    stacks = {"open": Stack(resources(open_, "prod")), "closed": Stack(resources(closed, "prod"))}

    said = review(stacks, ["CKV2_AWS_6"])

    assert {one.stack: one.passed for one in said} == {"open": False, "closed": True}


def test_a_referee_that_is_missing_is_said_aloud(monkeypatch):
    monkeypatch.setattr("referees.checkov.PROGRAM", PROGRAM.parent / "nothing")

    with pytest.raises(CheckovError, match="requirements/install checkov"):
        review({"one": Stack(())})


def test_checkov_is_given_nothing_of_this_environment(monkeypatch, tmp_path):
    spy = tmp_path / "checkov"
    spy.write_text('#!/bin/sh\nenv > "$HOME/../seen"\necho "{}"\n')
    spy.chmod(0o755)
    monkeypatch.setattr("referees.checkov.PROGRAM", spy)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("BC_API_KEY", "canary")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")

    assert review({"one": Stack(())}) == ()
    seen = (tmp_path / "seen").read_text()
    assert "canary" not in seen
    assert "HTTPS_PROXY=http://127.0.0.1:9" in seen
