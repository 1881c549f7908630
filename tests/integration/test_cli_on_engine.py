"""The command line on the real engine."""

import json
import os
import re
import shlex
import signal
import subprocess
import time

import pytest

from tests.integration.house import House, house, shipped, without_cluster


@pytest.fixture
def elsewhere(tmp_path) -> House:
    """A house without anything up, and without a local cloud."""
    return House(tmp_path)


def test_an_environment_of_an_account_elsewhere_is_previewed_offline_without_credentials(elsewhere):
    reached = {
        "aws:profile": "there-is-no-such-profile",
        "aws:assumeRole": {"roleArn": "arn:aws:iam::111111111111:role/deployer"},
        "aws:endpoints": {"s3": "http://127.0.0.1:9"},
    }
    elsewhere.write("dev", {**shipped("dev"), **reached})
    done = elsewhere.seedbed("preview", "dev", "--offline")
    assert "Offline: shown against an empty account 111111111111 on this machine" in done.output
    assert "create applications-bucket  s3 Bucket" in done.output
    packs = "seedbed-cost, seedbed-gdpr, seedbed-reproducibility, seedbed-security"
    assert f"policies: no violation (packs {packs})" in done.output
    assert not (elsewhere.root / ".seedbed" / "state").exists()
    assert not (elsewhere.root / ".seedbed" / "cloud").exists()


def test_a_violation_stops_the_preview_and_is_told_as_the_check_tells_it(elsewhere):
    config = without_cluster("local")
    config["seedbed:environment"]["datasets"][0]["purpose"] = "curiosity"
    elsewhere.write("local", config)
    previewed = elsewhere.seedbed("preview", "local", "--offline", code=1).output
    checked = elsewhere.seedbed("check", "local", code=1).output

    def told(output: str) -> set[str]:
        return {line.strip() for line in output.splitlines() if line.startswith("mandatory PRIV-02 urn:")}

    assert told(checked)
    assert told(previewed) == told(checked)
    assert "local: policies say no" in previewed


def test_a_shell_that_takes_the_variables_reaches_the_account(home):
    lines = home.seedbed("env", "local").output
    script = f"eval {shlex.quote(lines)}; echo $AWS_ENDPOINT_URL $SEEDBED_DATASET_REFERENCE_URL ${{AWS_PROFILE-unset}}"
    shell = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "AWS_PROFILE": "production"},
        check=True,
    )
    url = "s3://seedbed-local-data-reference-000000000000"
    assert shell.stdout.split() == [home.running.endpoint, url, "unset"]


def test_plain_pulumi_works_with_the_engines_variables(home):
    variables = json.loads(home.seedbed("env", "local", "--engine", "--json").output)
    listed = subprocess.run(
        ["pulumi", "--cwd", variables["SEEDBED_PULUMI_PROJECT"], "stack", "ls", "--json"],
        capture_output=True,
        text=True,
        env={"HOME": os.environ["HOME"], **variables},
        check=True,
    )
    (stack,) = json.loads(listed.stdout)
    assert stack["name"] == "local"
    assert stack["resourceCount"] == len(home.saved("local"))


def test_status_tells_what_runs_and_since_when(home):
    output = home.seedbed("status", "local").output
    made = sum(bool(resource["custom"]) for resource in home.saved("local"))
    assert f"{made} resources, last changed " in output
    assert f"{home.running.endpoint}, account 000000000000, process {home.running.pid}, since " in output


def with_another_data_set() -> dict:
    """The shipped environment with a data set `benchmark` in place of `reference`."""
    config = without_cluster("local")
    config["seedbed:environment"]["datasets"][1]["name"] = "benchmark"
    config["seedbed:environment"]["teams"] = [
        {**team, "datasets": ["benchmark" if d == "reference" else d for d in team["datasets"]]}
        for team in config["seedbed:environment"]["teams"]
    ]
    return config


def test_a_store_that_would_be_replaced_is_announced_with_what_would_be_lost(home):
    try:
        home.write("local", with_another_data_set())
        output = home.seedbed("preview", "local").output
    finally:
        home.write("local", without_cluster("local"))
    assert "WOULD BE DELETED: reference-bucket (s3 Bucket); lost: every object and every version in it" in output
    assert "create benchmark-bucket  s3 Bucket" in output


def test_an_up_without_a_data_set_that_holds_data_leaves_its_bucket_as_protected_as_it_was(home):
    s3, bucket = home.aws("s3"), "seedbed-local-data-reference-000000000000"
    version = s3.put_object(Bucket=bucket, Key="dvc/research/x", Body=b"1")["VersionId"]
    before, policy = home.saved("local"), s3.get_bucket_policy(Bucket=bucket)["Policy"]
    try:
        home.write("local", with_another_data_set())
        output = home.seedbed("up", "local", code=1).output
    finally:
        home.write("local", without_cluster("local"))
        s3.delete_object(Bucket=bucket, Key="dvc/research/x", VersionId=version)
    assert "local: nothing was changed, because these would be deleted or replaced:" in output
    assert f"bucket {bucket}: 1 object, 1 version, 1 B" in output
    assert "seedbed down local --delete-data" in output
    assert home.saved("local") == before
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy


def urn_of(home: House, name: str) -> str:
    (urn,) = [one["urn"] for one in home.saved("local") if one["custom"] and one["urn"].endswith(f"::{name}")]
    return urn


def test_a_store_goes_when_it_is_named_and_the_wrong_name_is_wrong_input(home):
    s3, urn = home.aws("s3"), urn_of(home, "reference-bucket")

    def buckets() -> set[str]:
        return {bucket["Name"].split("-")[3] for bucket in s3.list_buckets()["Buckets"] if "-data-" in bucket["Name"]}

    before = buckets()
    try:
        home.write("local", with_another_data_set())
        slip = home.seedbed("up", "local", "--allow-replace", "reference-bucket", code=2).output
        assert f"local has no such resource. Nearest: {urn}" in slip
        unnamed = home.seedbed("up", "local", code=1).output
        assert f"seedbed up local --allow-replace '{urn}'" in unnamed
        assert buckets() == before
        key = urn_of(home, "keys-data-reference")
        home.seedbed("up", "local", "--allow-replace", urn, "--allow-replace", key)
        assert buckets() == before - {"reference"} | {"benchmark"}
        new = [urn_of(home, "benchmark-bucket"), urn_of(home, "keys-data-benchmark")]
    finally:
        home.write("local", without_cluster("local"))
    home.seedbed("up", "local", *(word for one in new for word in ("--allow-replace", one)))
    assert buckets() == before


def test_a_preview_without_database_says_first_what_would_be_lost(home):
    config = without_cluster("local")
    del config["seedbed:environment"]["database"]
    try:
        home.write("local", config)
        lines = home.seedbed("preview", "local").output.splitlines()
    finally:
        home.write("local", without_cluster("local"))
    lost = [number for number, line in enumerate(lines) if line.startswith("WOULD BE DELETED")]
    changed = [number for number, line in enumerate(lines) if line.lstrip().startswith("delete ")]
    assert lost
    assert max(lost) < min(changed)
    said = "\n".join(lines)
    assert "database seedbed-local-tracking: postgres 16" in said
    assert "20 GiB" in said
    assert f"--allow-replace '{urn_of(home, 'database-instance')}'" in said


def test_what_is_protected_is_kept_by_preview_and_by_down_which_say_how_to_lift_it(home):
    urn = urn_of(home, "reference-bucket")
    home.pulumi("local", "state", "protect", urn, "--yes")
    before = home.saved("local")
    try:
        home.write("local", with_another_data_set())
        preview = home.seedbed("preview", "local", code=1).output
        down = home.seedbed("down", "local", "--delete-data", code=1).output
        assert home.saved("local") == before
    finally:
        home.write("local", without_cluster("local"))
        home.pulumi("local", "state", "unprotect", urn, "--yes")
    assert "local: nothing was changed, because these would be deleted or replaced and are protected:" in preview
    assert "local: nothing was destroyed, because 1 resources are protected:" in down
    for output in (preview, down):
        assert "reference-bucket (s3 Bucket)" in output
        assert "-> " in output
        assert "`protect: false`" in output
        assert "state unprotect" not in output


def test_status_shows_an_environment_at_a_glance(home):
    output = home.seedbed("status", "local").output
    for title in ("layers", "alarms", "backups", "keys", "spend", "quotas", "SageMaker endpoints"):
        assert f"\n{title} " in output or f"\n{title}\n" in output, title
    for layer in ("foundation", "stores", "platform", "teams"):
        assert re.search(rf"^  {layer} +\d+ resources: ", output, re.MULTILINE), layer
    assert re.search(r"alias/seedbed-local-internal +rotates every 365 days", output)
    assert re.search(r"database seedbed-local-tracking +kept 7 days", output)
    assert re.search(r"budget +500 USD a month", output)
    assert re.search(r"affordability +no model yet", output)
    assert re.search(r"needs \d+, the account allows \d+", output)


def test_down_keeps_everything_while_a_store_holds_data(home):
    s3, bucket = home.aws("s3"), "seedbed-local-data-reference-000000000000"
    version = s3.put_object(Bucket=bucket, Key="dvc/research/x", Body=b"1")["VersionId"]
    before = home.saved("local")
    try:
        output = home.seedbed("down", "local", code=1).output
    finally:
        s3.delete_object(Bucket=bucket, Key="dvc/research/x", VersionId=version)
    assert f"bucket {bucket}: 1 object, 1 version, 1 B" in output
    assert "-> Save what you need, then: seedbed down local --delete-data" in output
    assert home.saved("local") == before


def test_an_interrupted_up_ends_what_it_began_and_the_state_has_nothing_pending(tmp_path):
    with house(tmp_path) as made:
        made.write("local", without_cluster("local"))
        process = made.start("up", "local")
        record = tmp_path / ".seedbed" / "run" / "local.json"
        until = time.monotonic() + 120
        while not (record.exists() and made.root.joinpath(".seedbed/state").exists() and begun(made)):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < until
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=200)
        assert process.returncode == 130, output
        assert "stopped as you asked" in output
        assert not record.exists()
        assert pending(made) == []
        down = made.seedbed("down", "local")
        assert "nothing of it is left" in down.output


def checkpoint(made: House) -> dict:
    file = made.root / ".seedbed" / "state" / ".pulumi" / "stacks" / "seedbed" / "local.json"
    return json.loads(file.read_text())["checkpoint"]["latest"] or {} if file.exists() else {}


def begun(made: House) -> bool:
    return any(resource["type"] == "aws:s3/bucket:Bucket" for resource in checkpoint(made).get("resources", []))


def pending(made: House) -> list[str]:
    return [operation["resource"]["urn"] for operation in checkpoint(made).get("pending_operations", [])]
