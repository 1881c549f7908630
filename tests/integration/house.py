"""A checkout for a test: the real program and policies, environment files and state of its own."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import yaml
from botocore.config import Config

from localcloud import LocalCloud, Running, environment

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
SHARED = (".venv", "Pulumi.yaml", "versions.yaml", "stacks", "policies", "components")


class Done(NamedTuple):
    code: int
    output: str


class House:
    """Runs `seedbed` in a folder whose environments a test may change as it likes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.first_up = ""
        """What the first `up` said, where a fixture made one."""

        for part in SHARED:
            (root / part).symlink_to(ROOT / part)

    def write(self, name: str, config: dict[str, Any]) -> None:
        """Writes an environment's file."""
        (self.root / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))

    def start(self, *words: str) -> subprocess.Popen[str]:
        """`seedbed WORDS` in the background, in a session of its own."""
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_"))}
        return subprocess.Popen(
            [sys.executable, "-m", "seedbed", *words],
            cwd=self.root,
            env={**variables, "SEEDBED_ROOT": str(self.root), "NO_COLOR": "1", "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def seedbed(self, *words: str, code: int | None = 0) -> Done:
        """`seedbed WORDS` to its end; fails with all that it said when it ends with another code than `code`."""
        process = self.start(*words)
        output, _ = process.communicate(timeout=900)
        assert code is None or process.returncode == code, f"seedbed {' '.join(words)}: {process.returncode}\n{output}"
        return Done(process.returncode, output)

    def pulumi(self, name: str, *words: str, code: int | None = 0) -> Done:
        """Plain `pulumi WORDS` on the state of an environment of this machine, as `seedbed env --engine` sets it up."""
        variables = json.loads(self.seedbed("env", name, "--engine", "--json").output)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_"))}
        done = subprocess.run(
            ["pulumi", *words, "--stack", name, "--non-interactive", "--color", "never"],
            cwd=self.root / ".seedbed" / "project" / name,
            env={**inherited, **{k: v for k, v in variables.items() if v is not None}},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
        )
        output = done.stdout + done.stderr
        assert code is None or done.returncode == code, f"pulumi {' '.join(words)}: {done.returncode}\n{output}"
        return Done(done.returncode, done.stdout if "--json" in words else output)

    @property
    def running(self) -> Running:
        status = LocalCloud(self.root / ".seedbed" / "cloud").status()
        assert isinstance(status, Running), status
        return status

    def aws(self, service: str) -> Any:
        """A boto3 client of the house's account."""
        variables = environment(self.running, REGION)
        client: Any = boto3.client  # its types know each service by name only
        return client(
            service,
            endpoint_url=self.running.endpoint,
            region_name=REGION,
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Asks the local cloud itself: counts of requests, faults."""
        request = urllib.request.Request(
            f"{self.running.endpoint}/_localcloud/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/octet-stream"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def saved(self, name: str) -> list[dict[str, Any]]:
        """Resources of the saved state; none before the first `up`."""
        found = list((self.root / ".seedbed" / "state").rglob(f"{name}.json"))
        if not found:
            return []
        latest = json.loads(found[0].read_text())["checkpoint"]["latest"] or {}
        return latest.get("resources", [])


@contextmanager
def house(root: Path) -> Iterator[House]:
    """A house whose processes are gone at the end, whatever a test did."""
    made = House(root)
    try:
        yield made
    finally:
        made.seedbed("cloud", "stop", code=None)


def shipped(name: str) -> dict[str, Any]:
    """Configuration of a shipped environment file, to be changed at will."""
    return deepcopy(yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"])


INSIDE = ("cluster", "pools", "tracking", "pipelines", "endpoints")
INSIDE_OF_TEAMS = ("members", "gpuQuota", "cpuQuota", "memoryQuotaGib", "borrow")


def without_cluster(name: str) -> dict[str, Any]:
    """Configuration of a shipped environment file without the cluster and what is in it: up in half a minute of work.

    What only the whole has is looked at in tests/integration/test_whole_environment.py.
    """
    config = shipped(name)
    env = config["seedbed:environment"]
    for key in INSIDE:
        env.pop(key, None)
    env["monitoring"].pop("drift", None)
    for team in env["teams"]:
        for key in INSIDE_OF_TEAMS:
            team.pop(key, None)
    return config
