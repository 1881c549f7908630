"""The built engine, its language host and its AWS provider work together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import engine

PROJECT = """name: small
runtime: {{name: python, options: {{virtualenv: {venv}}}}}
"""
NO_ACCOUNT = """import pulumi, pulumi_aws as aws
own = pulumi.ResourceOptions(provider=aws.Provider(
    "own", region="eu-central-1", access_key="a", secret_key="b",
    skip_credentials_validation=True, skip_requesting_account_id=True,
))
"""


@pytest.fixture(scope="module")
def built() -> engine.Engine:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEEDBED_ENGINE", "build")
        return engine.ensure()


@pytest.fixture
def preview(built, tmp_path):
    """Preview a program of one file, with an empty state and without an account; give exit code and output."""
    venv = Path(sys.prefix)
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "AWS_"))},
        "PATH": os.pathsep.join([*map(str, built.path), str(venv / "bin"), os.environ["PATH"]]),
        "VIRTUAL_ENV": str(venv),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": tmp_path.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "none",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def run(program: str) -> tuple[int, str]:
        folder = tmp_path / "program"
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text(PROJECT.format(venv=venv))
        (folder / "__main__.py").write_text(program)
        for words in (["stack", "init", "one"], ["preview", "--non-interactive"]):
            done = subprocess.run(
                [built.pulumi, *words], cwd=folder, env=variables, capture_output=True, text=True, timeout=120
            )
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_program_runs_and_the_engine_takes_the_language_host_for_its_own(preview):
    code, said = preview("import pulumi\npulumi.export('answer', 42)\n")
    assert code == 0, said
    assert "answer: 42" in said
    assert "using pulumi-language-python from $PATH" not in said


def test_a_type_that_is_not_compiled_in_is_refused_with_the_files_to_add_it_to(preview):
    code, said = preview(f"{NO_ACCOUNT}aws.sqs.Queue('queue', opts=own)\n")
    assert code != 0
    assert "aws:sqs/queue:Queue is not compiled into this build of the AWS provider" in said
    assert "engine/aws/resources.txt" in said
    assert "engine/aws/services.txt" in said


def test_a_look_up_is_refused_with_what_to_do_instead(preview):
    code, said = preview(f"{NO_ACCOUNT}aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=own.provider))\n")
    assert code != 0
    assert "aws:index/getCallerIdentity:getCallerIdentity" in said
    assert "pass the value as a setting" in said


def test_a_bad_value_is_refused_by_the_providers_own_validation_before_any_call(preview):
    code, said = preview(f"{NO_ACCOUNT}aws.cloudwatch.LogGroup('log', retention_in_days=31, opts=own)\n")
    assert code != 0
    assert "retention_in_days" in said
    assert "31" in said
