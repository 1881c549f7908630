"""The packs on projects that are not this one: another name, another folder, and one that has no Python at all."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from localcloud import provider_environment, temporary
from tests.integration.packs_on_engine import MANIFEST, ROOT, Pulumi, lines

SECURITY, GDPR = (str(ROOT / "policies" / pack) for pack in ("security", "gdpr"))

PROGRAM = """
import pulumi, pulumi_aws as aws
account = aws.Provider("account", region="eu-central-1", allowed_account_ids=["000000000000"],
    skip_credentials_validation=True, default_tags={"tags": {
        "owner": "shop@example.com", "system": "shop", "env": pulumi.get_stack(), "cost-center": "c"}})
aws.s3.Bucket("catalogue", tags={"data-class": "public"}, opts=pulumi.ResourceOptions(provider=account))
"""
"""A shop's program, which knows nothing of this project: a bucket that nobody closed."""


@pytest.fixture(scope="module")
def pulumi(tmp_path_factory: pytest.TempPathFactory) -> Pulumi:
    return Pulumi(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, str]]:
    with temporary() as running:
        yield provider_environment(running, "eu-central-1")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project of somebody else's; the SDKs of its program are those at hand."""
    folder = tmp_path / "shop"
    folder.mkdir()
    runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "shop", "runtime": runtime}))
    (folder / "__main__.py").write_text(PROGRAM)
    return folder


def preview(pulumi: Pulumi, shop: Path, account: dict[str, str], stack: str, *packs: str) -> tuple[int, str]:
    made = pulumi.run("stack", "init", stack, cwd=shop)
    assert made.returncode == 0, made.stderr
    words = [word for pack in packs for word in ("--policy-pack", pack)]
    return said(pulumi.run("preview", "--stack", stack, *words, cwd=shop, **account))


def said(done: CompletedProcess[str]) -> tuple[int, str]:
    return done.returncode, done.stdout + done.stderr


def test_one_line_judges_the_preview_of_another_project(pulumi, account, shop):
    code, words = preview(pulumi, shop, account, "staging", SECURITY)

    assert code != 0, words
    assert "[mandatory]  stack-controls  (aws:s3:Bucket: catalogue)" in words
    assert "give it exactly one BucketPublicAccessBlock" in lines(words, "STO-01")[0]


def test_a_pack_that_has_nothing_to_say_lets_another_project_pass(pulumi, account, shop):
    code, words = preview(pulumi, shop, account, "staging2", GDPR)

    assert code == 0, words
    assert "staging2.json does not exist, so the levels of prod apply" in words


def test_a_project_without_python_is_judged_by_what_it_has_deployed(pulumi, shop):
    (shop / "__main__.py").unlink()
    (shop / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "shop", "runtime": "yaml", "resources": {}}))
    head = "urn:pulumi:dev::shop::"
    root = {"urn": f"{head}pulumi:pulumi:Stack::shop-dev", "custom": False, "type": "pulumi:pulumi:Stack"}
    provider = {
        "urn": f"{head}pulumi:providers:aws::account",
        "custom": True,
        "id": "1",
        "type": "pulumi:providers:aws",
        "inputs": {"region": "us-east-1", "allowedAccountIds": '["111111111111"]'},
        "parent": root["urn"],
    }
    bucket = {
        "urn": f"{head}aws:s3/bucket:Bucket::catalogue",
        "custom": True,
        "id": "catalogue",
        "type": "aws:s3/bucket:Bucket",
        "inputs": {"bucket": "catalogue", "tags": {"data-class": "public"}},
        "outputs": {"bucket": "catalogue", "tags": {"data-class": "public"}},
        "parent": root["urn"],
        "provider": f"{provider['urn']}::1",
    }
    state = {"version": 3, "deployment": {"manifest": MANIFEST, "resources": [root, provider, bucket]}}
    (shop / "state.json").write_text(json.dumps(state))
    for words in (["init", "dev"], ["import", "--stack", "dev", "--file", "state.json"]):
        code, told = said(pulumi.run("stack", *words, cwd=shop))
        assert code == 0, told

    for where in (["--stack", "dev"], ["--file", "state.json"]):
        code, told = said(pulumi.run("policy", "analyze", *where, "--policy-pack", GDPR, cwd=shop))
        assert code != 0, told
        assert "RES-01" in told
        assert "PRIV-01" not in told, "the bucket is classified"


def test_a_pack_of_ones_own_has_the_levels_that_its_repository_keeps(pulumi, account, shop):
    pack = shop / "policies"
    shutil.copytree(ROOT / "policies" / "config", pack / "config")
    for path in (pack / "config").glob("*.json"):
        content = json.loads(path.read_text())
        if "levels" in content:
            content["levels"] = dict.fromkeys(content["levels"], "disabled") | {"STO-01": "advisory"}
            path.write_text(json.dumps(content))
    (pack / "exceptions.yaml").write_text("exceptions: []\n")
    runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    (pack / "PulumiPolicy.yaml").write_text(yaml.safe_dump({"runtime": runtime}))
    guide = (ROOT / "docs" / "writing-controls.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (pack / "__main__.py").write_text(program)
    code, words = preview(pulumi, shop, account, "staging3", str(pack))

    assert code == 0, words
    assert "our-security" in words
    assert "[advisory]  stack-advice  (aws:s3:Bucket: catalogue)" in words
