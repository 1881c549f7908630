"""The engine's own folder for environments on this machine."""

import shutil
from pathlib import Path

TRACE = "logs"
"""Where the engine keeps a trace of every run: all inputs and outputs at every step, packed, up to 500 MB. It has no
switch (engine v3.259.0, pkg/logging) and takes three quarters of the engine's time where a cluster is in the program
(docs/performance.md)."""


def engine_home(folder: Path) -> Path:
    """The folder, made so that the engine keeps no trace in it: where a file is in that folder's place, it goes on
    without. What the engine says, its events and its state are not concerned."""
    folder.mkdir(parents=True, exist_ok=True)
    trace = folder / TRACE
    if trace.is_dir():
        shutil.rmtree(trace)
    trace.touch()
    return folder
