"""The programs that are not Python: where each comes from and at which version."""

import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent

ENGINE_VERSION = "3.259.0"
"""Version of the Pulumi engine; the Python SDK in requirements/ has the same."""

LANGUAGE_VERSION = "3.184.0"
"""Newest release of the Python language host that is a Go module of its own."""

AWS_VERSION = "7.21.0"
"""Version of the pulumi_aws SDK that the provider answers to."""

SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
AWS_MODULE = "github.com/hashicorp/terraform-provider-aws"

INPUTS = {".go", ".mod", ".sum", ".txt"}
"""Endings of the files of a program's folder that decide what its build gives."""

VERSION_FLAG = f"-X {SDK_MODULE}/go/common/version.Version"


@dataclass(frozen=True, kw_only=True)
class Program:
    """One Go module of ours and the executables that it gives."""

    name: str
    """Folder beside this file, and first part of the folder in the cache."""

    package: str
    """What `go build` gets, seen from the folder."""

    flags: str
    """Link flags beyond `-s -w`."""

    executables: tuple[str, ...]
    """Files of the finished folder; the first is the one that `go build` writes."""

    more_inputs: tuple[str, ...] = ()
    """Files beside this one that decide the result too."""

    recipe: int = 1
    """Raised by hand when the way of building changes what comes out."""

    @property
    def folder(self) -> Path:
        return HERE / self.name

    def key(self) -> str:
        """Hash of everything that decides what the build gives, the Go version excepted."""
        digest = hashlib.sha256()
        for text in (self.package, self.flags, *self.executables, str(self.recipe)):
            digest.update(text.encode() + b"\0")
        digest.update(f"{platform.system()} {platform.machine()}".encode())
        files = [path for path in self.folder.iterdir() if path.suffix in INPUTS]
        for path in sorted(files) + [HERE / name for name in self.more_inputs]:
            digest.update(path.relative_to(HERE).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]

    def finished(self) -> Path:
        """Folder in the cache that a finished build has."""
        return cache() / f"{self.name}-{self.key()}"

    def is_built(self) -> bool:
        """Whether each executable is there; a folder appears only when its build has ended well."""
        folder = self.finished()
        return all(os.access(folder / name, os.X_OK) for name in self.executables)


def cache() -> Path:
    """Folder of the built programs, the same for every checkout of this user."""
    if chosen := os.environ.get("SEEDBED_CACHE"):
        return Path(chosen).expanduser().absolute() / "engine"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "seedbed" / "engine"


PULUMI = Program(
    name="pulumi",
    package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    flags=f"{VERSION_FLAG}=v{ENGINE_VERSION}",
    executables=("pulumi",),
)
LANGUAGE_PYTHON = Program(
    name="language-python",
    package="github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3",
    flags=f"{VERSION_FLAG}=v{LANGUAGE_VERSION}",
    executables=("pulumi-language-python", "pulumi-language-python-exec"),
    more_inputs=("pulumi/go.mod",),  # its -exec script is the engine's
)
AWS = Program(
    name="aws",
    package=".",
    flags=f"-X main.version={AWS_VERSION}",
    executables=("pulumi-resource-aws",),
    more_inputs=("slim.py",),
)
PROGRAMS = (LANGUAGE_PYTHON, PULUMI, AWS)
"""In the order in which they are built: the quickest first, so that trouble shows early."""


def together() -> Path:
    """Folder in the cache where the executables of all programs stand side by side.

    The engine takes a language host elsewhere on PATH for a stray one and says so in every run.
    """
    keys = hashlib.sha256(" ".join(program.key() for program in PROGRAMS).encode())
    return cache() / f"bin-{keys.hexdigest()[:16]}"


def is_complete() -> bool:
    """Whether every executable is in its place."""
    folder = together()
    return all(os.access(folder / name, os.X_OK) for program in PROGRAMS for name in program.executables)
