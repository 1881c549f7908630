"""The Kubernetes provider's source without the components that bring a whole SDK of Go along.

Charts and files of YAML as components register children that neither a preview nor a policy sees before the cluster
exists, so the program has none; what is left out is refused by name.
"""

import re
import shutil
from pathlib import Path

from engine.slim import SlimError, drop_unused_imports

CONSTRUCT = Path("pkg/provider/provider_construct.go")
HELM = Path("pkg/helm/tool.go")
LEFT_OUT = ("cmd/", "pkg/provider/yaml/", "pkg/provider/helm/", "pkg/provider/kustomize/", "pkg/gen/_")
SDK = "github.com/pulumi/pulumi-kubernetes/sdk/"

FACTORY = re.compile(r"^\t.*\bprovider(?:helmv4|kustomizev2|yamlv2)\b.*\n", re.MULTILINE)
REPOSITORY = re.compile(r"^func ApplyRepositoryOpts\(.*?^}\n+", re.MULTILINE | re.DOTALL)
UNKNOWN = 'fmt.Errorf("unknown resource type %q", typ)'
REFUSED = (
    'fmt.Errorf("%s is not compiled into this build of the Kubernetes provider; render the chart or file and register '
    'each document as apiextensions.CustomResource, or use an installed pulumi", typ)'
)


def write(source: Path, target: Path) -> None:
    """Copy what the plugin needs of the provider at `source` to `target`; SlimError where it looks otherwise."""
    edited = {
        CONSTRUCT: without_components((source / CONSTRUCT).read_text()),
        HELM: without_repositories((source / HELM).read_text()),
    }
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if not path.is_file() or path.name.endswith("_test.go") or inside.as_posix().startswith(LEFT_OUT):
            continue
        text = edited.get(inside)
        if path.suffix == ".go" and f'"{SDK}' in imports(text or path.read_text()):
            raise SlimError(f"{inside} imports {SDK}: the provider's form changed, see engine/slim_kubernetes.py")
        (target / inside).parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            shutil.copyfile(path, target / inside)
        else:
            (target / inside).write_text(text)


def without_components(text: str) -> str:
    """The file that constructs components, with none to construct and a refusal that says what to do."""
    kept = FACTORY.sub("", text)
    if kept == text or UNKNOWN not in kept:
        raise SlimError(f"{CONSTRUCT} lists no components: its form changed, see engine/slim_kubernetes.py")
    return kept.replace(UNKNOWN, REFUSED)


def without_repositories(text: str) -> str:
    """Helm's part without the one function whose arguments are of the SDK."""
    kept = REPOSITORY.sub("", text)
    if kept == text:
        raise SlimError(f"{HELM} has no ApplyRepositoryOpts: its form changed, see engine/slim_kubernetes.py")
    return drop_unused_imports(kept)


def imports(text: str) -> str:
    """The part of a Go file before its first function."""
    return text.split("\nfunc ", 1)[0]
