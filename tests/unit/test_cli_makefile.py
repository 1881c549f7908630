"""The words that a person and CI share."""

import os
import shutil
import stat
import subprocess
import time

import pytest

from tests.unit.clone import ROOT

VERSIONS = 'case "$*" in *version_info*) exit 0;; *--version*) echo Python 3.99;; esac'


@pytest.fixture
def folder(tmp_path):
    """A checkout with a space in its path and nothing in it but what installing needs."""
    made = tmp_path / "a clone"
    (made / "requirements").mkdir(parents=True)
    shutil.copy(ROOT / "requirements" / "install", made / "requirements")
    for name in ("runtime", "dev"):
        (made / "requirements" / f"{name}.txt").write_text("something==1.0\n")
    (made / "pyproject.toml").write_text("")
    return made


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def python(folder, pip="exit 0"):
    """A python that notes what it is asked, and whose virtual environments hold a pip that does as told."""
    notes = folder / "asked"
    inner = f'echo "$*" >> "{notes}"; case "$*" in *"-m pip"*) {pip};; esac; exit 0'
    venv = f"""{VERSIONS}
echo "$*" >> "{notes}"
case "$*" in *"-m venv"*)
mkdir -p .venv/bin
cat > .venv/bin/python <<'INNER'
#!/bin/sh
{inner}
INNER
printf '#!/bin/sh\\n' > .venv/bin/seedbed
chmod +x .venv/bin/*;; esac"""
    return script(folder / "bin" / "python", venv), notes


def install(folder, which, interpreter):
    return subprocess.run(
        ["requirements/install", which],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHON": str(interpreter)},
    )


def test_installing_says_each_step_and_a_finished_one_asks_nothing_more(folder):
    interpreter, notes = python(folder)
    done = install(folder, "runtime", interpreter)
    assert done.returncode == 0, done.stderr
    for step in ("virtual environment", "1 pinned packages from requirements/runtime.txt", "seedbed itself"):
        assert f"... {step}" in done.stdout
        assert f"ok  {step}" in done.stdout
    assert "--require-hashes -r requirements/runtime.txt" in notes.read_text()
    notes.unlink()
    assert install(folder, "runtime", interpreter).stdout == ""
    assert not notes.exists()


def test_a_changed_lock_file_is_installed_again(folder):
    interpreter, notes = python(folder)
    install(folder, "runtime", interpreter)
    (folder / "requirements" / "runtime.txt").write_text("something==2.0\n")
    notes.unlink()
    assert install(folder, "runtime", interpreter).returncode == 0
    assert "-r requirements/runtime.txt" in notes.read_text()


def test_the_larger_set_serves_for_the_smaller_one(folder):
    interpreter, notes = python(folder)
    install(folder, "dev", interpreter)
    notes.unlink()
    assert install(folder, "runtime", interpreter).returncode == 0
    assert not notes.exists()


def test_a_step_that_fails_is_named_with_its_words_and_the_next_run_mends_it(folder):
    failing, _ = python(folder, pip='echo "no network" >&2; exit 1')
    done = install(folder, "runtime", failing)
    assert done.returncode == 3
    assert "no network" in done.stderr
    assert "this step failed after" in done.stderr
    assert "1 pinned packages from requirements/runtime.txt" in done.stderr
    shutil.rmtree(folder / ".venv")
    working, _ = python(folder)
    assert install(folder, "runtime", working).returncode == 0
    assert (folder / ".venv" / "installed-runtime").exists()


def test_a_half_made_virtual_environment_is_made_anew(folder):
    script(folder / ".venv" / "bin" / "python", "exit 1")
    interpreter, notes = python(folder)
    assert install(folder, "runtime", interpreter).returncode == 0
    assert "-m venv --clear .venv" in notes.read_text()


@pytest.mark.parametrize("named", [True, False])
def test_a_lock_whose_owner_is_gone_keeps_nobody_waiting(folder, named):
    gone = subprocess.Popen(["true"])
    gone.wait()
    lock = folder / ".seedbed" / "venv.lock"
    lock.mkdir(parents=True)
    if named:
        (lock / "pid").write_text(f"{gone.pid}\n")
    else:
        # Killed before it could write its number down, two minutes ago.
        os.utime(lock, (time.time() - 120,) * 2)
    interpreter, _ = python(folder)
    assert install(folder, "runtime", interpreter).returncode == 0
    assert not lock.exists()


def test_a_python_that_is_too_old_or_missing_is_said_with_the_way_to_name_another(folder):
    old = script(folder / "bin" / "python", 'case "$*" in *version_info*) exit 1;; *) echo Python 3.9.1;; esac')
    done = install(folder, "runtime", old)
    assert done.returncode == 3
    assert f"{old} is Python 3.9.1; 3.11 or newer is needed." in done.stderr
    assert "make PYTHON=/path/to/python3.11" in done.stderr
    missing = install(folder, "runtime", folder / "nowhere" / "python")
    assert missing.returncode == 3
    assert "no " in missing.stderr
    assert "on PATH" in missing.stderr


def test_make_alone_says_what_there_is():
    said = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    words = {line.split()[1] for line in said.splitlines()}
    assert words == {"help", "up", "down", "test", "check", "docs", "lock", "tracking", "browser", "referees", "clean"}


def test_ci_runs_the_two_words_and_hides_nothing():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-2:] == ["make check", "make test"]
