"""Previews of programs of one file on the built engine, with an empty state and without an account or a cluster."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import engine

PROJECT = """name: small
runtime: {{name: python, options: {{virtualenv: {venv}}}}}
"""

Preview = Callable[..., tuple[int, str]]
"""Takes a program's text and options of `pulumi preview`; gives exit code and output."""


def previewer(built: engine.Engine, tmp_path: Path) -> Preview:
    """What previews a program in a folder of its own; with `--json` only the standard output is given."""
    venv = Path(sys.prefix)
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "AWS_", "KUBECONFIG"))},
        "PATH": os.pathsep.join([*map(str, built.path), str(venv / "bin"), os.environ["PATH"]]),
        "VIRTUAL_ENV": str(venv),
        "HOME": str(tmp_path),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": tmp_path.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "none",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def run(program: str, *options: str) -> tuple[int, str]:
        folder = tmp_path / "program"
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text(PROJECT.format(venv=venv))
        (folder / "__main__.py").write_text(program)
        for words in (["stack", "init", "one"], ["preview", "--non-interactive", *options]):
            done = subprocess.run(
                [built.pulumi, *words], cwd=folder, env=variables, capture_output=True, text=True, timeout=120
            )
        return done.returncode, done.stdout + ("" if "--json" in options else done.stderr)

    return run
