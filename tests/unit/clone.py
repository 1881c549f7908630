"""A clone of the project for a test: the real program and policies, environment files of its own."""

from pathlib import Path
from typing import Any

import yaml

from engine import Engine
from seedbed.checkout import Checkout

ROOT = Path(__file__).parents[2]


def clone(folder: Path, **environments: dict[str, Any]) -> Checkout:
    """A checkout in `folder` with the shipped environments, and those given by their configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in (".venv", "Pulumi.yaml", "versions.yaml", "stacks", "policies", "components"):
        (folder / part).symlink_to(ROOT / part)
    for name in ("local", "dev"):
        environments.setdefault(name, shipped(name))
    for name, config in environments.items():
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
    return Checkout(folder)


def shipped(name: str) -> dict[str, Any]:
    """The configuration of a shipped environment."""
    return yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]


def engine_of(script: str, folder: Path, built: bool = True) -> Engine:
    """An engine whose `pulumi` is a shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    pulumi = folder / "pulumi"
    pulumi.write_text(f"#!/bin/sh\n{script}\n")
    pulumi.chmod(0o755)
    return Engine(pulumi=pulumi, path=(folder,), origin="a script", version="3.259.0", built=built)
