"""The engine with the policy packs, and what the packs say through it."""

import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import engine
from policies import rule

ROOT = Path(__file__).parents[2]
PACKS = [str(ROOT / "policies" / name) for name in rule.PACKS]

MANIFEST = {"time": "2026-11-23T00:00:00Z", "magic": "", "version": ""}


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


def said(event: dict[str, Any]) -> Said:
    line = event["message"].splitlines()[1]
    return Said(event["enforcementLevel"], line.split()[0], event["resourceUrn"], line)


def lines(words: str, control: str) -> list[str]:
    return [line.strip() for line in words.splitlines() if line.strip().startswith(control)]
