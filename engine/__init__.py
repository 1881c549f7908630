"""The Pulumi engine and its plugins, found or built."""

import os
from dataclasses import dataclass
from pathlib import Path

from engine import installed
from engine.build import build_missing
from engine.errors import EngineError
from engine.programs import ENGINE_VERSION, PULUMI, cache, is_complete, together
from engine.progress import Report, for_terminal

__all__ = ["Engine", "EngineError", "ensure", "find"]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A pulumi that can run a Python program against AWS."""

    pulumi: Path
    """The executable."""

    path: tuple[Path, ...]
    """Folders to put first on PATH: that of the built programs, none for an installed pulumi."""

    origin: str
    """Where it comes from, in words."""

    version: str
    """Version of the engine, as 3.259.0."""

    built: bool
    """Whether it is ours; only then are its plugins the only ones, and nothing is to be downloaded."""


def find() -> Engine | None:
    """The engine that is there now, in well under a second; None where it would have to be built."""
    return from_path()[0] or from_cache()


def ensure(report: Report = print, tick: Report | None = None) -> Engine:
    """The engine that is there, or, after some minutes, a built one.

    `report` gets the lines to keep: what begins, what ended, how long it took. `tick` gets what is being done
    now, every two seconds, and an empty text when that is over; without it a terminal gets a line that moves
    and a log gets nothing.
    Raises EngineError, which says the step, why it failed and what to do.
    """
    own, unfit = from_path()
    if own:
        return own
    if not is_complete():
        if unfit:
            report(f"{unfit}; building our own")
        build_missing(report, tick or for_terminal())
    if engine := from_cache():
        return engine
    raise EngineError(
        "building the engine", f"programs vanished from {cache()} while they were built", "run this again"
    )


def from_path() -> tuple[Engine | None, str]:
    """The user's own pulumi, and, where one is on PATH but does not do, why not."""
    wish = os.environ.get("SEEDBED_ENGINE", "")
    if wish == "build":
        return None, ""
    if wish:
        raise EngineError(
            "choosing the engine",
            f'the variable SEEDBED_ENGINE is "{wish}"',
            "set it to build, or not at all to use a pulumi on PATH where there is one",
        )
    pulumi, version, unfit = installed.look(cache())
    if not pulumi:
        return None, unfit
    return Engine(pulumi=pulumi, path=(), origin=f"installed at {pulumi}", version=version, built=False), ""


def from_cache() -> Engine | None:
    """The built engine, where all its programs are there."""
    if not is_complete():
        return None
    return Engine(
        pulumi=together() / PULUMI.executables[0],
        path=(together(),),
        origin=f"built from pinned Go modules, in {cache()}",
        version=ENGINE_VERSION,
        built=True,
    )
