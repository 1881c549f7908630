"""Setting up MLflow: an environment beside the one that `seedbed` runs in."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.unit.clone import ROOT

PYTHON = """#!/bin/sh
case "$*" in *version_info*) exit 0;; *--version*) echo Python 3.99;; esac
case "$*" in *"-m venv"*)
for last; do :; done
mkdir -p "$last/bin"
printf '#!/bin/sh\\necho "$*" >> "%s/asked"\\n' "$PWD" > "$last/bin/python"
printf '#!/bin/sh\\n' > "$last/bin/mlflow"
chmod +x "$last"/bin/*;; esac
"""


def install(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["requirements/install", "tracking"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHON": str(folder / "python")},
    )


def test_it_is_installed_once_beside_the_runtime_and_again_only_where_its_own_lock_changed(tmp_path):
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "install", tmp_path / "requirements")
    lock = tmp_path / "requirements" / "tracking.txt"
    lock.write_text("something==1.0\n")
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)

    done = install(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "--require-hashes -r requirements/tracking.txt" in (tmp_path / "asked").read_text()
    assert "-e ." not in (tmp_path / "asked").read_text()
    assert not (tmp_path / ".venv").exists()

    (tmp_path / "asked").unlink()
    (tmp_path / "pyproject.toml").write_text("changed")
    assert install(tmp_path).stdout == ""
    assert not (tmp_path / "asked").exists()
    lock.write_text("something==2.0\n")
    assert "1 pinned packages from requirements/tracking.txt" in install(tmp_path).stdout
