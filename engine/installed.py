"""A pulumi that the user has installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

OLDEST = (3, 200)
"""First release of pulumi that is used as it is."""


def version(text: str) -> tuple[int, int, int] | None:
    """Numbers of a version as `pulumi version` prints it, whatever surrounds them; None where there are none."""
    match = re.search(r"(?<![\w.])v?(\d+)\.(\d+)\.(\d+)(?![\d.])", text)
    return tuple(map(int, match.groups())) if match else None  # type: ignore[return-value]


def look(built: Path) -> tuple[Path | None, str, str]:
    """The usable pulumi on PATH, its version, and, where one is there but not usable, why not.

    Programs beneath `built`, the folder of our own, do not count as the user's.
    """
    for folder in os.get_exec_path():
        found = shutil.which("pulumi", path=folder)
        if not found or built in Path(found).resolve().parents:
            continue
        pulumi = Path(found).absolute()
        said = ask(pulumi)
        numbers = version(said)
        if numbers is None:
            return None, "", f"{pulumi} does not say its version (it said: {said.strip()[:200] or 'nothing'})"
        text = ".".join(map(str, numbers))
        if numbers[:2] < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            return None, text, f"{pulumi} is {text}, older than {oldest}"
        host = "pulumi-language-python"
        if not shutil.which(host, path=str(pulumi.resolve().parent)) and not shutil.which(host):
            return None, text, f"{pulumi} has no {host} beside it or on PATH, so it runs no Python program"
        return pulumi, text, ""
    return None, "", ""


def ask(pulumi: Path) -> str:
    """What a pulumi says of its version, or why it does not."""
    quiet = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1", "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "1"}
    try:
        done = subprocess.run([pulumi, "version"], capture_output=True, text=True, timeout=20, env=quiet)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout if done.returncode == 0 else done.stderr
