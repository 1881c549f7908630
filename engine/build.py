"""The one script that builds what is not Python, once, into the user's cache.

A build happens in a folder beside its place in the cache and is renamed into it when everything is in it, under
a lock that one builder holds at a time. So a folder in the cache is whole, and what a killed builder leaves is
swept by the next.
"""

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from engine import schema, slim, slim_kubernetes, unpack
from engine.errors import EngineError
from engine.programs import (
    AWS,
    AWS_MODULE,
    CHARTS,
    HERE,
    KUBERNETES,
    KUBERNETES_MODULE,
    LANGUAGE_PYTHON,
    PROGRAMS,
    PULUMI,
    SDK_MODULE,
    Compiled,
    Program,
    cache,
    is_complete,
    together,
)
from engine.progress import Progress, Report, elapsed
from engine.toolchain import environment, find_go, run_go

UNFINISHED = ".building-"


def build_missing(report: Report, tick: Report, programs: Sequence[Program] = PROGRAMS) -> bool:
    """Build the programs that are missing; give whether there was anything to do."""
    if is_complete(programs):
        return False
    try:
        return build_alone(report, tick, programs)
    except OSError as error:
        raise EngineError(
            f"working in the cache {cache()}",
            str(error),
            "free space or permissions there, or set SEEDBED_CACHE to another folder",
        ) from error


def build_alone(report: Report, tick: Report, programs: Sequence[Program]) -> bool:
    """Build the programs that are missing once no other builder is at it; give whether any still were."""
    with locked(report) as hold:
        sweep()
        if is_complete(programs):
            return False
        if waiting := missing(programs):
            go = find_go(report)
            started = time.monotonic()
            names = ", ".join(one.name for one in waiting)
            report(f"building {names} into {cache()} (once; {expected(waiting)})")
            for program in waiting:
                Build(program, go, Progress(report, tick), hold).run()
            report(f"all built in {elapsed(time.monotonic() - started)}")
        if missing(programs):
            why = "files beneath engine/ changed meanwhile, so what was built is not what is wanted now"
            raise EngineError("building the engine", why, "run this again")
        assemble(programs)
    return True


def missing(programs: Sequence[Program]) -> list[Program]:
    """Programs that the cache does not have, in the order in which they are built."""
    return [program for program in programs if not program.is_built()]


def expected(programs: Sequence[Program]) -> str:
    """How long a build will take, in words."""
    cores = len(os.sched_getaffinity(0))
    minutes = max(1, round(sum(program.minutes for program in programs) / cores))
    return f"with empty caches about {minutes} min on {cores} idle cores"


@contextmanager
def locked(report: Report) -> Iterator[int]:
    """Hold the cache alone; another builder is waited for, and so is a Go command that outlived its builder."""
    cache().mkdir(parents=True, exist_ok=True)
    hold = os.open(cache() / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(hold, 20, 0).decode().strip() or "unknown"
            report(f"another build runs (process {owner}); waiting for it to end")
            fcntl.flock(hold, fcntl.LOCK_EX)
        os.ftruncate(hold, 0)
        os.pwrite(hold, str(os.getpid()).encode(), 0)
        yield hold
    finally:
        os.close(hold)


def sweep() -> None:
    """Remove what killed builds left; call it with the lock held."""
    for folder in cache().glob(f"{UNFINISHED}*"):
        shutil.rmtree(folder)


def assemble(programs: Sequence[Program]) -> None:
    """Put the executables of the programs side by side; they are linked, not copied, where the disk can do that."""
    work = cache() / f"{UNFINISHED}bin-{os.getpid()}"
    work.mkdir()
    for program in programs:
        for name in program.executables:
            try:
                (work / name).hardlink_to(program.finished() / name)
            except OSError:
                shutil.copy2(program.finished() / name, work / name)
    place = together(programs)
    if place.exists():
        shutil.rmtree(place)
    work.replace(place)


class Build:
    """One program on its way into the cache."""

    def __init__(self, program: Program, go: Path, progress: Progress, hold: int) -> None:
        self.program, self.go, self.progress, self.hold = program, go, progress, hold
        self.place = program.finished()  # of the files as they are now, before they are copied
        self.work = cache() / f"{UNFINISHED}{program.name}-{os.getpid()}"
        self.source = self.work / "source"
        self.made = self.work / "made"

    def run(self) -> None:
        """Build into a folder of its own, then rename that to where it belongs."""
        self.progress.begin(self.program.name, self.program.what)
        try:
            self.made.mkdir(parents=True)
            shutil.copytree(self.program.folder, self.source)
            STEPS.get(self.program.name, Build.compile)(self)
            for name in self.program.executables:
                (self.made / name).chmod(0o755)
            if self.place.exists():  # damaged by hand: it would be complete otherwise
                shutil.rmtree(self.place)
            self.made.replace(self.place)
        finally:
            self.progress.stop()
            shutil.rmtree(self.work, ignore_errors=True)
        self.progress.end("built")

    def compile(self) -> None:
        """Compile the program's packages."""
        for one in self.program.compiled:
            self.compile_one(one)

    def compile_one(self, one: Compiled) -> Path:
        """Compile one package; give the executable."""
        target = self.made / one.name
        flags = f"-s -w {one.flags}".strip()
        self.run_go("build", "-v", "-trimpath", "-ldflags", flags, "-o", str(target), one.package)
        return target

    def module(self, path: str, pins: Path | None = None) -> Path:
        """Folder of a module in Go's cache, downloaded where it is missing, at the version that a go.mod pins.

        `pins` is a folder beside this file if it is not the program's own; it is copied, Go may not write there.
        """
        where = self.source
        if pins:
            where = self.work / pins.name
            where.mkdir(exist_ok=True)
            for name in ("go.mod", "go.sum"):
                shutil.copyfile(pins / name, where / name)
        return Path(json.loads(self.run_go("mod", "download", "-json", path, where=where))["Dir"])

    def run_go(self, *arguments: str, where: Path | None = None) -> str:
        step = f"engine/{self.program.name}: go {arguments[0]}"
        return run_go(
            self.go,
            list(arguments),
            where=where or self.source,
            step=step,
            now=self.progress.now,
            hold=self.hold,
        )


def build_language(build: Build) -> None:
    """The language host, and the script of the engine's SDK that it starts programs with."""
    build.compile()
    module = build.module(SDK_MODULE, PULUMI.folder)
    for name in build.program.scripts:
        shutil.copyfile(module / "python" / "cmd" / name, build.made / name)


def build_aws(build: Build) -> None:
    """The provider, twice: the first writes the schema that the second carries inside."""
    module = build.module(AWS_MODULE)
    cut = build.source / "terraform-provider-aws"
    try:
        slim.write(module, cut, slim.read_services(build.source / "services.txt"))
    except slim.SlimError as error:
        raise EngineError(
            "cutting the AWS provider down", str(error), "mend the file named, then run this again"
        ) from error
    build.run_go("mod", "edit", f"-replace={AWS_MODULE}=./{cut.name}")
    for name in ("schema.json", "bridge-metadata.json"):
        (build.source / name).write_text("{}")
    generate = build.compile_one(build.program.compiled[0])
    build.progress.now("generating the schema")
    asked = [generate, "schema", "--out", "generated", "--skip-docs", "--skip-examples", "--quiet"]
    done = subprocess.run(asked, cwd=build.source, env=environment(), capture_output=True, text=True)
    if done.returncode:
        tail = "\n  ".join((done.stderr + done.stdout).strip().splitlines()[-15:])
        do = "compare engine/aws/resources.txt and overrides.go with what the lines above ask for"
        raise EngineError("generating the AWS provider's schema", tail, do)
    for name in ("schema.json", "bridge-metadata.json"):
        shutil.copyfile(build.source / "generated" / name, build.source / name)
    if find_spec("pulumi_aws"):  # elsewhere `python -m engine check` does it
        schema.check(build.source / "schema.json")
    build.compile()
    shutil.copyfile(build.source / "schema.json", build.made / "schema.json")


def build_kubernetes(build: Build) -> None:
    """The provider without the components that are not used, kept only if it is what the SDK asks for."""
    cut = build.source / "pulumi-kubernetes"
    try:
        slim_kubernetes.write(build.module(KUBERNETES_MODULE), cut)
    except slim.SlimError as error:
        raise EngineError(
            "cutting the Kubernetes provider down", str(error), "mend engine/slim_kubernetes.py, then run this again"
        ) from error
    build.run_go("mod", "edit", f"-replace={KUBERNETES_MODULE}=./{cut.name}")
    build.compile()
    if find_spec("pulumi_kubernetes"):
        schema.check_kubernetes(build.made / build.program.executables[0])


def build_charts(build: Build) -> None:
    """Charts and CRDs from the modules that carry them."""
    for part in unpack.PARTS:
        module = build.module(part.module, HERE / part.pins)
        try:
            unpack.copy(part, module, build.made)
        except ValueError as error:
            do = f"mend engine/unpack.py for the version that engine/{part.pins}/go.mod pins"
            raise EngineError(f"unpacking {part.name}", str(error), do) from error


STEPS: dict[str, Callable[[Build], object]] = {
    LANGUAGE_PYTHON.name: build_language,
    KUBERNETES.name: build_kubernetes,
    CHARTS.name: build_charts,
    AWS.name: build_aws,
}
