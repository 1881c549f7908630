"""The Pulumi engine and its plugins, found or built."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from engine import installed
from engine.build import build_missing
from engine.errors import EngineError
from engine.programs import (
    CLUSTER,
    ENGINE,
    ENGINE_VERSION,
    HELM,
    PULUMI,
    RENDERING,
    Program,
    cache,
    charts,
    is_complete,
    together,
)
from engine.progress import Report, for_terminal

__all__ = ["Engine", "EngineError", "ensure", "find"]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A pulumi that can run a Python program against AWS and Kubernetes, and what is built beside it."""

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

    helm: Path | None = None
    """The executable that renders charts; None where `ensure` would have to build it."""

    charts: Path | None = None
    """Folder of the unpacked charts and CRDs, one folder each; there if `helm` is."""

    cluster: Path | None = None
    """Folder of the executables that the local cloud runs a cluster with; None where they would have to be built."""


def find() -> Engine | None:
    """The engine that is there now, in well under a second; None where it would have to be built.

    A user's own pulumi is there whether or not anything is built beside it.
    """
    own, _ = from_path()
    return with_programs(own) or own


def ensure(report: Report = print, tick: Report | None = None, *, cluster: bool = True) -> Engine:
    """The engine that is there, or, after some minutes, a built one, with what renders charts.

    `cluster` says whether the programs that the local cloud runs a cluster with are wanted too: an account needs
    none. `report` gets the lines to keep: what begins, what ended, how long it took. `tick` gets what is being done
    now, every two seconds, and an empty text when that is over; without it a terminal gets a line that moves
    and a log gets nothing.
    Raises EngineError, which says the step, why it failed and what to do.
    """
    own, unfit = from_path()
    found = with_programs(own)
    if found and (found.cluster or not cluster):
        return found
    if unfit:
        report(f"{unfit}; building our own")
    base = RENDERING if own else ENGINE
    build_missing(report, tick or for_terminal(), (*base, *CLUSTER) if cluster else base)
    if found := with_programs(own):
        return found
    raise EngineError(
        "building the engine", f"programs vanished from {cache()} while they were built", "run this again"
    )


def with_programs(own: Engine | None) -> Engine | None:
    """The user's own engine, or the built one, with what is built beside it; None where that is not all there."""
    base: tuple[Program, ...] = RENDERING if own else ENGINE
    for programs in ((*base, *CLUSTER), base):
        if is_complete(programs):
            folder = together(programs)
            return replace(
                own or built_engine(folder),
                helm=folder / HELM.executables[0],
                charts=charts(),
                cluster=folder if programs != base else None,
            )
    return None


def built_engine(folder: Path) -> Engine:
    """The engine whose programs stand in a folder of the cache."""
    return Engine(
        pulumi=folder / PULUMI.executables[0],
        path=(folder,),
        origin=f"built from pinned Go modules, in {cache()}",
        version=ENGINE_VERSION,
        built=True,
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
