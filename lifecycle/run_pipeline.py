"""Runs a DVC pipeline at one revision of a repository: fetch it, pull its data, reproduce, push what came out.

`run_pipeline.py [STAGE ...]`, without stages the whole pipeline. Needs git and dvc on PATH; the place and the rest are
variables of the environment: GIT_URL, REVISION, DVC_REMOTE, FOLDER and, where there are such files, GIT_CREDENTIALS and
TRACKING_TOKEN_FILE.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

REMOTE = "seedbed"


class FailedError(Exception):
    """A step went wrong, and what to do."""


def step(meaning: str, *command: str, folder: Path) -> None:
    """Run `command` and say what it does; raises FailedError when it fails."""
    print(f"== {meaning}: {' '.join(command)}", flush=True)
    began = time.monotonic()
    try:
        done = subprocess.run(command, cwd=folder, check=False)
    except FileNotFoundError:
        raise FailedError(f"{command[0]} is not in this image; add it, or name an image that has it") from None
    if done.returncode:
        raise FailedError(f"{meaning} failed with exit code {done.returncode}: {' '.join(command)}")
    print(f"== {meaning}: done in {time.monotonic() - began:.0f} s", flush=True)


def fetch(url: str, revision: str, folder: Path, credentials: Path | None) -> None:
    """Exactly `revision` of the repository, and nothing of its history; raises FailedError."""
    folder.mkdir(parents=True, exist_ok=True)
    git = ["git"]
    if credentials is not None and credentials.is_file():
        git += ["-c", f"credential.helper=store --file={credentials}"]
    step("begin", "git", "init", "--quiet", ".", folder=folder)
    step("fetch the revision", *git, "fetch", "--quiet", "--depth", "1", url, revision, folder=folder)
    step("check it out", "git", "checkout", "--quiet", "--detach", "FETCH_HEAD", folder=folder)
    there = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
    if there.stdout.strip() != revision:
        raise FailedError(f"{url} gave {there.stdout.strip()} for the revision {revision}; name a full commit id")


def reproduce(remote: str, stages: list[str], folder: Path) -> None:
    """Pull, run and push `stages`, or everything; raises FailedError."""
    step("name the remote", "dvc", "remote", "add", "--local", "--force", "--default", REMOTE, remote, folder=folder)
    # Outputs of stages that never ran are in no remote: that is what the next step is for.
    step("pull data", "dvc", "pull", "--allow-missing", "--remote", REMOTE, folder=folder)
    step("reproduce", "dvc", "repro", *stages, folder=folder)
    step("push results", "dvc", "push", "--remote", REMOTE, *stages, folder=folder)


def main(stages: list[str]) -> int:
    env = os.environ
    folder = Path(env["FOLDER"])
    credentials = Path(env["GIT_CREDENTIALS"]) if env.get("GIT_CREDENTIALS") else None
    token = Path(env.get("TRACKING_TOKEN_FILE", ""))
    if token.is_file():
        env["MLFLOW_TRACKING_TOKEN"] = token.read_text().strip()
    try:
        fetch(env["GIT_URL"], env["REVISION"], folder, credentials)
        reproduce(env["DVC_REMOTE"], stages, folder)
    except FailedError as failure:
        print(f"pipeline: {failure}", file=sys.stderr, flush=True)
        return 1
    print(f"pipeline: {' '.join(stages) or 'all stages'} of {env['GIT_URL']} at {env['REVISION']} done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
