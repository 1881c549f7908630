"""The packs on the real engine: saved states judged in batches, and previews that stop or do not."""

import datetime
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import engine
from localcloud import provider_environment, temporary
from policies import rule
from policies.rule import UNKNOWN, Resource, controls
from tests.policies.cases import FIXTURES, Case, cases, read

ROOT = Path(__file__).parents[2]
PACKS = [str(ROOT / "policies" / name) for name in rule.PACKS]

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


class Said(NamedTuple):
    level: str
    control: str
    urn: str
    text: str


class Pulumi:
    """The engine with a home and a backend of its own."""

    def __init__(self, home: Path) -> None:
        found = engine.ensure()
        venv = ROOT / ".venv"
        folders = [*map(str, found.path), str(found.pulumi.parent), str(venv / "bin"), os.environ["PATH"]]
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
        self.home = home
        self.program = str(found.pulumi)
        (home / "backend").mkdir(parents=True)
        self.variables = {
            **keep,
            "PATH": os.pathsep.join(folders),
            "VIRTUAL_ENV": str(venv),
            "PULUMI_HOME": str(home / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{home / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": str(found.built).lower(),
        }

    def run(self, *words: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        command = [self.program, "--non-interactive", "--color=never", *words]
        return subprocess.run(
            command, cwd=cwd, env={**self.variables, **more}, capture_output=True, text=True, timeout=120, check=False
        )


@pytest.fixture(scope="module")
def pulumi(tmp_path_factory) -> Pulumi:
    return Pulumi(tmp_path_factory.mktemp("policies"))


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, str]]:
    with temporary() as running:
        yield provider_environment(running, "eu-central-1")


TOLD = [case for case in cases() if case.kind not in NOT_IN_A_STATE and case.control not in NOT_IN_A_STATE]
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
    _, heard = analyze(pulumi, tmp_path, list(case.resources))

    assert (case.control in {one.control for one in heard}) == (case.expected == "fail")


def owns(case: Case, one: Said) -> bool:
    return one.control == case.control and one.urn.rpartition("::")[2].startswith(f"{case.control}-")


def prefixed(case: Case) -> tuple[Resource, ...]:
    """The resources of a case under names that say whose they are, so that many cases fit into one state."""
    again = read(FIXTURES / f"{case.control}.yaml", prefix=f"{case.control}-")
    return next(one.resources for one in again if one.kind == case.kind)


def analyze(pulumi: Pulumi, folder: Path, some: list[Resource]) -> tuple[Any, list[Said]]:
    file = folder / "state.json"
    file.write_text(json.dumps({"version": 3, "deployment": {"manifest": MANIFEST, "resources": saved(some)}}))
    packs = [word for pack in PACKS for word in ("--policy-pack", pack)]
    done = pulumi.run("policy", "analyze", "--file", str(file), "--json", *packs, cwd=folder)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert any("summaryEvent" in event for event in events), done.stdout + done.stderr
    return done, [said(event["policyEvent"]) for event in events if "policyEvent" in event]


MANIFEST = {"time": "2026-11-23T00:00:00Z", "magic": "", "version": ""}


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


def said(event: dict[str, Any]) -> Said:
    line = event["message"].splitlines()[1]
    return Said(event["enforcementLevel"], line.split()[0], event["resourceUrn"], line)


KEY = """
import json, pulumi, pulumi_aws as aws
account = pulumi.ResourceOptions(provider=aws.Provider(
    "aws", region="eu-central-1", allowed_account_ids=["000000000000"], skip_credentials_validation=True,
    default_tags={"tags": {"owner": "a@example.com", "system": "seedbed", "env": "x", "cost-center": "c"}}))
policy = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
                                    "Action": "kms:*", "Resource": "*"}]})
first = aws.kms.Key("first", enable_key_rotation=%s, policy=policy, deletion_window_in_days=30,
                    opts=pulumi.ResourceOptions.merge(account, pulumi.ResourceOptions(protect=True)))
aws.kms.Key("second", enable_key_rotation=True, policy=pulumi.Output.format(policy.replace("{", "{{").replace("}", "}}")
            .replace('"kms:*"', '"kms:*", "Sid": "{}"'), first.arn), deletion_window_in_days=30, opts=account)
"""
VIOLATING = KEY % False
"""A key that does not rotate, beside another whose policy is unknown until the first exists."""

UNDECIDED = KEY % True
"""Nothing wrong that can be seen, but one key's policy is unknown."""

REAL_DATA = (
    KEY % True
    + """
aws.s3.Bucket("raw", bucket="raw", tags={"data-class": "personal", "data-origin": "real"}, opts=account)
"""
)


def preview(
    pulumi: Pulumi,
    folder: Path,
    account: dict[str, str],
    environment: str,
    program: str,
    packs: list[str] | None = None,
) -> tuple[int, str]:
    """Exit code and words of `pulumi preview` of a program as an environment of that name."""
    venv = json.dumps(str(ROOT / ".venv"))
    runtime = f"name: python, options: {{virtualenv: {venv}}}"
    (folder / "Pulumi.yaml").write_text(f"name: seedbed\nruntime: {{{runtime}}}\n")
    (folder / "__main__.py").write_text(program)
    made = pulumi.run("stack", "init", environment, cwd=folder)
    assert made.returncode == 0, made.stderr
    words = [word for pack in packs or PACKS for word in ("--policy-pack", pack)]
    done = pulumi.run("preview", "--stack", environment, *words, cwd=folder, **account)
    pulumi.run("stack", "rm", "--yes", environment, cwd=folder)
    return done.returncode, done.stdout + done.stderr


def lines(words: str, control: str) -> list[str]:
    return [line.strip() for line in words.splitlines() if line.strip().startswith(control)]


def undecided(words: str) -> set[str]:
    """The controls that GOV-04 speaks for."""
    return {re.findall(r": policy: (\S+) \(", line)[0] for line in lines(words, "GOV-04")}


def test_a_mandatory_violation_stops_the_preview_beside_another_resources_unknown(pulumi, account, tmp_path):
    code, words = preview(pulumi, tmp_path, account, "staging", VIOLATING)

    assert code != 0, words
    (line,) = lines(words, "KMS-01")
    assert "enableKeyRotation: " in line
    assert "[mandatory]  controls  (aws:kms:Key: first)" in words
    assert "[advisory]  stack-advice  (aws:kms:Key: second)" in words
    assert undecided(words) == {"KMS-02", "RES-04"}


def test_an_advisory_violation_is_printed_and_stops_nothing(pulumi, account, tmp_path):
    code, words = preview(pulumi, tmp_path, account, "dev", VIOLATING, [one for one in PACKS if "cost" not in one])

    assert code == 0, words
    assert lines(words, "KMS-01")
    assert "[advisory]  advice  (aws:kms:Key: first)" in words
    assert "[mandatory]" not in words


def test_what_is_undecided_stops_prod_and_nothing_else(pulumi, account, tmp_path):
    code, words = preview(pulumi, tmp_path, account, "prod", UNDECIDED)

    assert code != 0, words
    assert "[mandatory]  stack-controls  (aws:kms:Key: second)" in words
    assert undecided(words) == {"KMS-02", "RES-04"}
    assert [line for line in lines(words, "KMS") if line] == []
    assert len(lines(words, "BAK-01")) == 1, "the first key is protected by the engine, the second is not"


def test_the_packs_judge_one_preview_together(pulumi, account, tmp_path):
    code, words = preview(pulumi, tmp_path, account, "local", REAL_DATA)

    assert code != 0, words
    assert lines(words, "STO-01")
    assert lines(words, "PRIV-06")
    assert lines(words, "COST-01")


@pytest.mark.parametrize(("days", "stops"), [(-1, True), (30, False)], ids=["ended", "open"])
def test_an_exception_holds_until_its_day_and_then_stops_the_preview(days, stops, pulumi, account, tmp_path):
    until = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=days)
    urn = "urn:pulumi:staging::seedbed::aws:kms/key:Key::first"
    entry = {
        "control": "KMS-01",
        "urn": urn,
        "reason": "the key is replaced by one that rotates",
        "approver": "security@example.com",
        "ticket": "SEC-1",
        "until": str(until),
    }
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "exceptions.yaml").write_text(json.dumps({"exceptions": [entry]}))
    venv = json.dumps(str(ROOT / ".venv"))
    (pack / "PulumiPolicy.yaml").write_text(f"runtime: {{name: python, options: {{virtualenv: {venv}}}}}\n")
    (pack / "__main__.py").write_text(
        "from pathlib import Path\nfrom pulumi_policy import PolicyPack\nfrom policies.server import policies\n"
        "register = Path(__file__).parent / 'exceptions.yaml'\n"
        "PolicyPack('with-exceptions', policies('security', exceptions=register))\n"
    )
    code, words = preview(pulumi, tmp_path, account, "staging", VIOLATING, [str(pack)])

    assert (code != 0) == stops, words
    assert bool(lines(words, "GOV-03")) == stops
    assert (f"waived until {until}" in lines(words, "KMS-01")[0]) != stops
