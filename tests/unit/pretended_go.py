"""A Go toolchain that only pretends, so that what is tested is everything around it."""

from pathlib import Path

import pytest

import engine
from engine import programs

GO = """#!/bin/sh
PATH=/usr/bin:/bin
echo "$@" >> "{log}"
case "$1 $2" in
  "env GOVERSION") echo go1.26.8 ;;
  "mod download") echo '{{"Dir": "{module}"}}' ;;
  "mod edit") ;;
  "build -v")
    echo "go: downloading example.com/thing v1.2.3" >&2
    echo "example.com/thing/inside" >&2
    for last in "$@"; do :; done
    [ -f "{linking}" ] && echo "$last" >&2
    [ -f "{slow}" ] && : > "{slow}.begun" && sleep 2
    if [ -f "{fails}" ]; then cat "{fails}" >&2; exit 1; fi
    while [ "$1" != "-o" ]; do shift; done
    cp "{product}" "$2" ;;
esac
"""


def pretend_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a machine with a pretended Go, an empty cache, and no pulumi; give the folder that steers it."""
    steer = tmp_path / "steer"
    script = steer / "module" / "python" / "cmd" / "pulumi-language-python-exec"
    script.parent.mkdir(parents=True)
    script.write_text("#!/usr/bin/env python3\n")
    (steer / "product").write_text("#!/bin/sh\necho v3.259.0\n")
    (steer / "product").chmod(0o755)
    names = {name: steer / name for name in ("log", "module", "slow", "fails", "linking", "product")}
    (steer / "bin").mkdir()
    (steer / "bin" / "go").write_text(GO.format(**names))
    (steer / "bin" / "go").chmod(0o755)
    monkeypatch.setenv("PATH", str(steer / "bin"))
    monkeypatch.setenv("SEEDBED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SEEDBED_ENGINE", "build")
    monkeypatch.setattr(engine, "ENGINE", (programs.LANGUAGE_PYTHON, programs.PULUMI))
    monkeypatch.setattr(engine, "CLUSTER", ())
    return steer


def builds(steer: Path) -> int:
    """How often the pretended Go was asked to build."""
    return sum(line.startswith("build") for line in (steer / "log").read_text().splitlines())
