"""A run of a DVC pipeline, with git and DVC themselves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "lifecycle" / "run_pipeline.py"
DVC_YAML = """
stages:
  train:
    cmd: python -c "open('model.txt', 'w').write(open('rows.txt').read().upper())"
    deps: [rows.txt]
    outs: [model.txt]
  report:
    cmd: python -c "open('report.txt', 'w').write('done')"
    deps: [model.txt]
    outs: [report.txt]
"""


class Place:
    """A repository, a remote, and what the script needs to know of them."""

    def __init__(self, folder: Path, *, dvc: bool) -> None:
        self.repository, self.remote, self.work = folder / "repository", folder / "remote", folder / "work"
        nobody = {
            f"GIT_{who}_{what}": "nobody@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "DVC_SITE_CACHE_DIR": str(folder / "site"),
            "DVC_NO_ANALYTICS": "true",
            **nobody,
        }
        self.repository.mkdir()
        self.run("git", "init", "--quiet", ".")
        if dvc:
            self.run("dvc", "init", "--quiet")
        (self.repository / "dvc.yaml").write_text(DVC_YAML)
        (self.repository / "rows.txt").write_text("rows")
        self.revision = self.commit()

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.repository, env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self) -> str:
        self.run("git", "add", ".")
        self.run("git", "commit", "--quiet", "-m", "all")
        return self.run("git", "rev-parse", "HEAD")

    def pipeline(self, *stages: str, **other: str) -> subprocess.CompletedProcess[str]:
        about = {
            "GIT_URL": str(self.repository),
            "REVISION": self.revision,
            "DVC_REMOTE": str(self.remote),
            "FOLDER": str(self.work),
        }
        return subprocess.run(
            [sys.executable, str(SCRIPT), *stages],
            env={**self.environment, **about, **other},
            capture_output=True,
            text=True,
            check=False,
        )

    def pushed(self) -> set[str]:
        return {path.read_text() for path in self.remote.rglob("*") if path.is_file()}


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path, dvc=True)


@pytest.fixture
def bare(tmp_path) -> Place:
    return Place(tmp_path, dvc=False)


def test_it_runs_the_stages_at_the_revision_and_pushes_what_came_out(place):
    (place.repository / "rows.txt").write_text("later rows")
    place.commit()
    done = place.pipeline("train", REVISION=place.revision)

    assert done.returncode == 0, done.stderr
    assert (place.work / "model.txt").read_text() == "ROWS"
    assert "ROWS" in place.pushed()
    assert not (place.work / "report.txt").exists()


def test_a_step_that_fails_ends_the_run_and_is_named(place):
    done = place.pipeline("no-such-stage")

    assert done.returncode == 1
    assert "pipeline: reproduce failed with exit code" in done.stderr
    assert not place.pushed()


def test_a_revision_that_is_not_there_is_named(bare):
    done = bare.pipeline(REVISION=40 * "0")

    assert done.returncode == 1
    assert (
        f"fetch the revision failed with exit code 128: git fetch --quiet --depth 1 {bare.repository} " in done.stderr
    )


def test_an_image_without_git_is_told_what_it_lacks(bare, tmp_path):
    done = bare.pipeline(PATH=str(tmp_path))

    assert done.returncode == 1
    assert "pipeline: git is not in this image; add it, or name an image that has it" in done.stderr
