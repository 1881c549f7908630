"""The programs that are not Python: where each comes from and at which version."""

import hashlib
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.unpack import PARTS

HERE = Path(__file__).parent

ENGINE_VERSION = "3.259.0"
"""Version of the Pulumi engine; the Python SDK in requirements/ has the same."""

LANGUAGE_VERSION = "3.184.0"
"""Newest release of the Python language host that is a Go module of its own."""

AWS_VERSION = "7.21.0"
"""Version of the pulumi_aws SDK that the provider answers to."""

KUBERNETES_PROVIDER_VERSION = "4.27.0"
"""Version of the pulumi_kubernetes SDK that the provider answers to."""

HELM_VERSION = "3.18.6"
"""Version of Helm, which the Kubernetes provider's go.mod asks for."""

KUBERNETES_VERSION = "1.34.2"
"""Version of Kubernetes that the local control plane is; go.mod of the cluster programs has the same."""

MAJOR, MINOR, _ = KUBERNETES_VERSION.split(".")

SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
AWS_MODULE = "github.com/hashicorp/terraform-provider-aws"
KUBERNETES_MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"

INPUTS = {".go", ".mod", ".sum", ".txt"}
"""Endings of the files of a program's folder that decide what its build gives."""

VERSION_FLAG = f"-X {SDK_MODULE}/go/common/version.Version"


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """One executable that `go build` writes."""

    name: str
    package: str
    """What `go build` gets, seen from the folder."""

    flags: str = ""
    """Link flags beyond `-s -w`."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One Go module of ours, or a part of one, and what is made of it."""

    name: str
    """First part of the folder in the cache."""

    compiled: tuple[Compiled, ...] = ()
    """Executables, in the order in which they are built."""

    scripts: tuple[str, ...] = ()
    """Executables that are only copied."""

    data: tuple[str, ...] = ()
    """Folders of the finished build that are read and not run."""

    module: str = ""
    """Folder beside this file; "" where it bears the program's name."""

    more_inputs: tuple[str, ...] = ()
    """Files beside this one that decide the result too."""

    recipe: int = 1
    """Raised by hand when the way of building changes what comes out."""

    minutes: float = 0
    """Processor time of its build with empty caches, in minutes, where those before it have been built."""

    @property
    def folder(self) -> Path:
        return HERE / (self.module or self.name)

    @property
    def executables(self) -> tuple[str, ...]:
        return (*(one.name for one in self.compiled), *self.scripts)

    @property
    def what(self) -> str:
        """What its build does, in words."""
        if self.compiled:
            return f"building {', '.join(one.name for one in self.compiled)}"
        return f"unpacking {', '.join(self.data)}"

    def key(self) -> str:
        """Hash of everything that decides what the build gives, the Go version excepted."""
        digest = hashlib.sha256()
        built = [text for one in self.compiled for text in (one.package, one.flags)]
        for text in (*built, *self.executables, *self.data, str(self.recipe)):
            digest.update(text.encode() + b"\0")
        digest.update(f"{platform.system()} {platform.machine()}".encode())
        own = [self.folder, *(self.folder / one.package for one in self.compiled if one.package.startswith("./"))]
        files = [path for folder in own for path in folder.iterdir() if path.suffix in INPUTS]
        for path in sorted(files) + [HERE / name for name in self.more_inputs]:
            digest.update(path.relative_to(HERE).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]

    def finished(self) -> Path:
        """Folder in the cache that a finished build has."""
        return cache() / f"{self.name}-{self.key()}"

    def is_built(self) -> bool:
        """Whether each part is there; a folder appears only when its build has ended well."""
        folder = self.finished()
        return all(os.access(folder / name, os.X_OK) for name in (*self.executables, *self.data))


def cache() -> Path:
    """Folder of the built programs, the same for every checkout of this user."""
    if chosen := os.environ.get("SEEDBED_CACHE"):
        return Path(chosen).expanduser().absolute() / "engine"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "seedbed" / "engine"


PULUMI = Program(
    name="pulumi",
    minutes=5,
    compiled=(
        Compiled(
            name="pulumi",
            package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            flags=f"{VERSION_FLAG}=v{ENGINE_VERSION}",
        ),
    ),
)
LANGUAGE_PYTHON = Program(
    name="language-python",
    minutes=1,
    compiled=(
        Compiled(
            name="pulumi-language-python",
            package="github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3",
            flags=f"{VERSION_FLAG}=v{LANGUAGE_VERSION}",
        ),
    ),
    scripts=("pulumi-language-python-exec",),
    more_inputs=("pulumi/go.mod",),  # its -exec script is the engine's
)
AWS = Program(
    name="aws",
    minutes=13,
    compiled=(Compiled(name="pulumi-resource-aws", package=".", flags=f"-X main.version={AWS_VERSION}"),),
    more_inputs=("slim.py",),
)
KUBERNETES = Program(
    name="kubernetes",
    minutes=5,
    compiled=(
        Compiled(
            name="pulumi-resource-kubernetes",
            package=".",
            flags=f"-X {KUBERNETES_MODULE}/pkg/version.Version=v{KUBERNETES_PROVIDER_VERSION}",
        ),
    ),
    more_inputs=("slim_kubernetes.py",),
)
HELM = Program(
    name="helm",
    module="kubernetes",  # whose provider has Helm inside, so most of it is compiled already
    compiled=(
        Compiled(
            name="helm",
            package="helm.sh/helm/v3/cmd/helm",
            flags=f"-X helm.sh/helm/v3/internal/version.version=v{HELM_VERSION} "
            f"-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor={MAJOR} "
            f"-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor={MINOR}",
        ),
    ),
)
CHARTS = Program(
    name="charts",
    data=tuple(sorted({part.name for part in PARTS})),
    more_inputs=("unpack.py", *sorted({f"{part.pins}/go.sum" for part in PARTS})),
)
KUBE = Program(
    name="kube",
    minutes=12,
    module="cluster",
    compiled=(
        Compiled(
            name="kube",
            package="./kube",
            flags=" ".join(
                f"-X k8s.io/{where}/version.{what}"
                for where in ("component-base", "client-go/pkg")
                for what in (f"gitVersion=v{KUBERNETES_VERSION}", f"gitMajor={MAJOR}", f"gitMinor={MINOR}")
            ),
        ),
    ),
)
KARPENTER = Program(
    name="karpenter", minutes=1, module="cluster", compiled=(Compiled(name="karpenter", package="./karpenter"),)
)
KUEUE = Program(
    name="kueue", minutes=2, module="cluster", compiled=(Compiled(name="kueue", package="sigs.k8s.io/kueue/cmd/kueue"),)
)
KWOK = Program(
    name="kwok", minutes=3, module="controllers", compiled=(Compiled(name="kwok", package="sigs.k8s.io/kwok/cmd/kwok"),)
)
KSERVE = Program(
    name="kserve",
    minutes=4,
    module="controllers",  # together with kwok they need one older release of Kubernetes' libraries, not two
    compiled=(Compiled(name="kserve-manager", package="github.com/kserve/kserve/cmd/manager"),),
)

RENDERING = (CHARTS, HELM)
"""What turns charts into documents, whoever's pulumi it is."""

ENGINE = (CHARTS, LANGUAGE_PYTHON, PULUMI, KUBERNETES, HELM, AWS)
"""What runs a program against an account."""

CLUSTER = (KUBE, KUEUE, KARPENTER, KWOK, KSERVE)
"""What the local cloud runs a cluster with."""

PROGRAMS = (*ENGINE, *CLUSTER)
"""In the order in which they are built: the quickest first, so that trouble shows early."""

SETS = (PROGRAMS, ENGINE, (*RENDERING, *CLUSTER), RENDERING)
"""What may be wanted together: all or without a cluster, and both for somebody with a pulumi of their own."""


def together(programs: Sequence[Program] = PROGRAMS) -> Path:
    """Folder in the cache where the executables of some programs stand side by side.

    The engine takes a language host elsewhere on PATH for a stray one and says so in every run.
    """
    keys = hashlib.sha256(" ".join(program.key() for program in programs).encode())
    return cache() / f"bin-{keys.hexdigest()[:16]}"


def charts() -> Path:
    """Folder in the cache with the unpacked charts and CRDs, one folder each."""
    return CHARTS.finished()


def is_complete(programs: Sequence[Program] = PROGRAMS) -> bool:
    """Whether every executable is in its place, and every chart."""
    folder = together(programs)
    executables = all(os.access(folder / name, os.X_OK) for program in programs for name in program.executables)
    return executables and all(program.is_built() for program in programs if program.data)
