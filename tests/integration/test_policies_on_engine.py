"""The packs on the real engine: previews that stop or do not."""

import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import provider_environment, temporary
from tests.integration.packs_on_engine import PACKS, ROOT, Pulumi, lines


@pytest.fixture(scope="module")
def pulumi(tmp_path_factory) -> Pulumi:
    return Pulumi(tmp_path_factory.mktemp("policies"))


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, str]]:
    with temporary() as running:
        yield provider_environment(running, "eu-central-1")


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
