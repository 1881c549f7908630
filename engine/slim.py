"""The Terraform AWS provider's source, cut down to the services that are used."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

MODULE = "github.com/hashicorp/terraform-provider-aws"
SERVICES = Path("internal/provider/sdkv2/service_packages_gen.go")
CLIENTS = Path("internal/conns/awsclient_gen.go")

IMPORT = re.compile(r'^[ \t]*(?:import\s+)?(?:(?P<alias>[\w.]+)\s+)?"(?P<path>[^"]+)"[ \t]*(?:\n|\Z)', re.MULTILINE)
IMPORTS = re.compile(r"^import \((.*?)^\)|^(import .*?)$", re.MULTILINE | re.DOTALL)
METHOD = re.compile(r"^func \(c \*AWSClient\) (?P<name>\w+)\(.*?^}\n+", re.MULTILINE | re.DOTALL)
TOOL_ONLY = re.compile(r"^//go:build (ignore|generate|sweep)\b", re.MULTILINE)


class SlimError(Exception):
    """The provider's source does not look as this file expects, or a service is not in it."""


def read_services(path: Path) -> list[str]:
    """Services named in a list of one a line, "#" starting a comment."""
    words = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return sorted({word for word in words if word})


def write(source: Path, target: Path, services: Iterable[str]) -> int:
    """Copy what the plugin needs of the provider at `source` to `target`; give the number of packages copied."""
    services = set(services)
    known = {path.name for path in (source / "internal/service").iterdir() if path.is_dir()}
    if strangers := services - known:
        raise SlimError(
            f"engine/aws/services.txt: the provider has no service {', '.join(sorted(strangers))}; "
            f"allowed are the folders of its internal/service, such as {', '.join(sorted(services & known))}"
        )
    edited = {SERVICES: keep_services((source / SERVICES).read_text(), services)}
    folders = reachable(source, edited)
    called = {
        name
        for folder in folders
        for path in go_files(source / folder)
        if path != source / CLIENTS
        for name in re.findall(r"\.(\w+Client)\(", path.read_text())
    }
    edited[CLIENTS] = keep_clients((source / CLIENTS).read_text(), called)
    for folder in folders:
        copy_package(source / folder, target / folder)
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(source / name, target / name)
    for path in source.glob("internal/service/**/smarterr.hcl"):  # embedded by a pattern that must match
        copied = target / path.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
    for path, text in edited.items():
        (target / path).write_text(text)
    return len(folders)


def keep_services(text: str, services: set[str]) -> str:
    """The generated list of service packages with only `services` left in it."""
    names = {
        match["alias"] or PurePosixPath(match["path"]).name
        for match in IMPORT.finditer(text)
        if match["path"].startswith(f"{MODULE}/internal/service/") and PurePosixPath(match["path"]).name not in services
    }
    if not names:
        raise SlimError(f"{SERVICES} lists no services as imports: its form changed, see engine/slim.py")
    calls = re.compile(rf"^\s*(?:{'|'.join(map(re.escape, names))})\.ServicePackage\(ctx\),\n", re.MULTILINE)
    return drop_unused_imports(calls.sub("", text))


def keep_clients(text: str, called: set[str]) -> str:
    """The generated list of API clients with only the methods in `called` left in it."""
    kept = METHOD.sub(lambda match: match[0] if match["name"] in called else "", text)
    if kept == text:
        raise SlimError(f"{CLIENTS} has no methods that may go: its form changed, see engine/slim.py")
    return drop_unused_imports(kept)


def drop_unused_imports(text: str) -> str:
    """The text of a Go file without the imports whose names nothing in it uses."""
    head, body = text.split("\n)\n", 1)

    def used(match: re.Match[str]) -> str:
        name = match["alias"] or PurePosixPath(match["path"]).name
        return match[0] if re.search(rf"\b{re.escape(name)}\.", body) else ""

    return IMPORT.sub(used, f"{head}\n") + ")\n" + body


def reachable(source: Path, edited: dict[Path, str]) -> list[Path]:
    """Folders of the packages that xpprovider needs, itself included, given the `edited` files."""
    waiting, seen = [Path("xpprovider")], {Path("xpprovider")}
    while waiting:
        folder = waiting.pop()
        for path in go_files(source / folder):
            text = edited.get(path.relative_to(source)) or path.read_text()
            for block in IMPORTS.finditer(text.split("\nfunc ", 1)[0]):
                for match in IMPORT.finditer(block[0]):
                    if not match["path"].startswith(f"{MODULE}/"):
                        continue
                    needed = Path(match["path"].removeprefix(f"{MODULE}/"))
                    if needed not in seen:
                        seen.add(needed)
                        waiting.append(needed)
    return sorted(seen)


def go_files(folder: Path) -> list[Path]:
    """The Go files of a package that a build compiles: neither tests nor generators."""
    return [
        path
        for path in sorted(folder.glob("*.go"))
        if not path.name.endswith("_test.go") and not TOOL_ONLY.search(path.read_text()[:1000])
    ]


def copy_package(source: Path, target: Path) -> None:
    """Copy the files of a package, and whatever it may embed, without its tests."""
    target.mkdir(parents=True, exist_ok=True)
    wanted = set(go_files(source))
    for path in source.iterdir():
        if path in wanted or (path.is_file() and path.suffix != ".go"):
            shutil.copyfile(path, target / path.name)
