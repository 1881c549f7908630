"""prowler, run beside the controls: which of its checks may testify, and what they say of an environment that is up."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

import pytest

from policies.rule import Verdict
from referees import prowler_run
from referees.prowler_compared import (
    TABLE,
    Disagreement,
    Entry,
    compared,
    judged,
    plain,
    problems,
    stack_of,
    table,
    urns_by_arn,
)
from referees.prowler_run import (
    ROOT,
    Calibration,
    Hearing,
    ProwlerError,
    Trial,
    calibrate,
    hear,
    known,
    named,
    trial,
)
from tests.integration.house import House, house, without_cluster

LEAST = 70
"""Checks that may testify; fewer means that a sample or the local cloud has changed so that it says less."""

WHOLE = {
    "aws:s3/bucket:Bucket": "s3_bucket_",
    "aws:kms/key:Key": "kms_",
    "aws:cloudwatch/logGroup:LogGroup": "cloudwatch_log_group_",
    "aws:ecr/repository:Repository": "ecr_repositories_",
    "aws:rds/instance:Instance": "rds_instance_",
    "aws:ec2/subnet:Subnet": "vpc_subnet_",
    "aws:ec2/vpc:Vpc": "vpc_flow_logs_",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpc_endpoint_",
    "aws:ec2/securityGroup:SecurityGroup": "ec2_securitygroup_allow_",
    "aws:sagemaker/model:Model": "sagemaker_models_network_",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "sagemaker_endpoint_config_",
}
"""Types of which prowler looks at each resource, and how the names of its checks for them begin."""


@dataclass(frozen=True)
class Environment:
    """The environment `local` on the local cloud, and what prowler said before and after."""

    house: House
    before: Hearing
    after: Hearing

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        return self.compare(self.after)

    def compare(self, told: Hearing) -> tuple[Disagreement, ...]:
        return compared(self.house.saved("local"), self.verdict, told, self.before, calibration(), named())

    @property
    def verdict(self) -> Verdict:
        return judged("local", stack_of(self.house.saved("local")))


@cache
def checks() -> frozenset[str]:
    """Checks that controls name and that this prowler has."""
    return frozenset(named()) & known().checks


@cache
def samples() -> tuple[Trial, Trial]:
    return trial(checks(), good=True), trial(checks(), good=False)


@cache
def calibration() -> Calibration:
    return calibrate(checks(), *samples())


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with house(tmp_path_factory.mktemp("house")) as made:
        made.write("local", without_cluster("local"))
        made.seedbed("cloud", "start")
        before = hear(made.running, calibration().testifying)
        made.seedbed("up", "local")
        yield Environment(made, before, hear(made.running, calibration().testifying))


@pytest.fixture(scope="module", autouse=True)
def size(pytestconfig):
    """Says at the end what the referee's word is worth, where a test asked it."""
    yield
    if not calibration.cache_info().currsize:
        return
    found = calibration()
    lines = [
        f"checks that controls name: {len(checks())}, calibrated: {len(found.testifying)}, for "
        f"{len({id for one in found.testifying for id in named()[one]})} controls",
        f"reviewed disagreements: {len(table())} entries",
        "not calibrated:",
        *(f"  {check}: {why}" for check, why in found.refused.items()),
    ]
    reporter = pytestconfig.pluginmanager.getplugin("terminalreporter")
    reporter.ensure_newline()
    reporter.section("prowler as a referee")
    reporter.write("\n".join(lines) + "\n")


def test_every_id_that_a_control_names_is_a_check_or_a_requirement_of_the_pinned_prowler():
    there = known()
    (pinned,) = re.findall(r"^prowler==(\S+)", (ROOT / "requirements" / "prowler.in").read_text(), re.MULTILINE)
    assert there.version == pinned
    assert sorted(named().keys() - there.checks - there.requirements) == []
    assert len(checks()) > 90


def test_most_checks_tell_good_from_bad_and_may_testify():
    assert len(calibration().testifying) >= LEAST, calibration().refused


def test_no_check_may_testify_where_good_and_bad_are_exchanged_or_alike():
    good, bad = samples()
    assert calibrate(checks(), bad, good).testifying == frozenset()
    assert calibrate(checks(), good, good).testifying == frozenset()
    assert calibrate(checks(), bad, bad).testifying == frozenset()


def test_each_sample_is_of_use_to_a_control():
    assert sorted(check for one in samples() for check in one.witnesses if check not in checks()) == []


def test_where_prowler_fails_and_the_controls_are_content_people_have_said_why(local):
    assert problems(local.disagreements, table()) == []


def test_prowler_looks_at_every_resource_of_the_kinds_it_knows(local):
    """A call that the local cloud does not answer would take findings away in silence."""
    urns = urns_by_arn(local.house.saved("local"))
    for token, prefix in WHOLE.items():
        there = {urn for urn in urns.values() if urn.split("::")[2].endswith(token)}
        assert there, token
        for check in (one for one in calibration().testifying if one.startswith(prefix)):
            assert there == there & {urns.get(plain(f.arn), "") for f in local.after.of(check)}, check
        assert any(one.startswith(prefix) for one in calibration().testifying), prefix


def test_the_environment_mends_what_prowler_finds_wrong_with_an_empty_account(local):
    def failed(told: Hearing) -> set[str]:
        return {f.check for f in told.findings if f.status == "FAIL"} & calibration().of_account

    mended = failed(local.before) - failed(local.after)
    assert {"guardduty_is_enabled", "cloudtrail_s3_dataevents_read_enabled"} <= mended


def test_a_bucket_that_somebody_opens_by_hand_is_new_to_the_table(local):
    s3, name = local.house.aws("s3"), "seedbed-local-data-applications-000000000000"
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    policy = s3.get_bucket_policy(Bucket=name)["Policy"]
    s3.delete_public_access_block(Bucket=name)
    s3.delete_bucket_policy(Bucket=name)
    try:
        told = hear(local.house.running, {one for one in calibration().testifying if one.startswith("s3_")})
    finally:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
        s3.put_bucket_policy(Bucket=name, Policy=policy)
    new = [one for one in local.compare(told) if not any(entry.covers(one) for entry in table())]
    assert Counter((one.check, one.resource) for one in new) == {
        ("s3_bucket_level_public_access_block", "aws:s3/bucket:Bucket::applications-bucket"): 1,
        ("s3_bucket_secure_transport_policy", "aws:s3/bucket:Bucket::applications-bucket"): 1,
    }


def test_the_table_is_held_to_what_is_found():
    some = Disagreement(check="a", controls=("X-01",), resource="aws:s3/bucket:Bucket::one", said="it is open")
    entry = Entry(check="a", resource="aws:s3/bucket:Bucket::*", reason="so")
    assert problems([some], [entry]) == []
    assert problems([some], []) == [f"{some}; not in {TABLE.name}"]
    assert problems([], [entry]) == ["a on aws:s3/bucket:Bucket::*: nothing uses this entry any more"]
    other = Entry(check="b", resource="aws:s3/bucket:Bucket::one", reason="so")
    assert len(problems([some], [other])) == 2


@pytest.mark.parametrize(
    "entry",
    [
        "{check: a, resource: account}",
        "{check: a, resource: account, reason: ''}",
        "{check: a, resource: 'aws:*::one', reason: so}",
        "{check: a, resource: one, reason: so}",
        "{check: a, resource: account, reason: so, until: never}",
    ],
)
def test_an_entry_that_says_too_little_or_means_too_much_is_refused(entry, tmp_path):
    file = tmp_path / "table.yaml"
    file.write_text(f"- {entry}\n")
    with pytest.raises(ValueError, match="entry 1"):
        table(file)


def test_without_prowler_it_says_what_to_run(monkeypatch, tmp_path):
    monkeypatch.setattr(prowler_run, "PYTHON", tmp_path / ".venv-prowler" / "bin" / "python")
    with pytest.raises(ProwlerError, match="run requirements/install prowler"):
        known()


def test_a_check_that_breaks_is_no_testimony(monkeypatch):
    monkeypatch.setattr(
        prowler_run, "_ask", lambda *_: {"broken": {"a": "KeyError: 'b'"}, "findings": [], "errors": []}
    )
    monkeypatch.setattr(prowler_run, "provider_environment", lambda *_: {})
    with pytest.raises(ProwlerError, match="KeyError"):
        hear(object(), ["a"])  # type: ignore
