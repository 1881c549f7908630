"""Charts rendered where the program runs: `helm template`, kept by what went in."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

RECIPE = 1
"""Raised by hand when the way of rendering changes what comes out."""

SECONDS = 120
"""Time that helm has, a download included."""

CHARTS = "SEEDBED_CHARTS"
"""Variable with the folder of unpacked charts; without it a chart comes from its repository."""

HELM = "SEEDBED_HELM"
"""Variable with the helm to use; without it the one on PATH."""


class ChartError(Exception):
    """A chart cannot be rendered; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A chart, and what it is told."""

    chart: str
    """Name of the chart, and of its folder among unpacked charts."""

    version: str

    repository: str
    """Where its project publishes it: `oci://` and the chart itself, or the `https://` address of a repository."""

    namespace: str

    kubernetes: str
    """Minor version of the cluster, for example 1.34: charts ask for it."""

    values: Mapping[str, Any]


def rendered(release: Release) -> list[dict[str, Any]]:
    """Every object of the release, hooks and tests left out, descriptions in definitions too.

    The same input is rendered once a user. Raises ChartError where there is no helm, no chart, or another version.
    """
    folder = unpacked(release)
    kept = cache() / f"{release.chart}-{_key(release, folder)}.json"
    try:
        return json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        pass
    documents = [without_descriptions(document) for document in _documents(_helm(release, folder), release)]
    _keep(kept, documents)
    return documents


def unpacked(release: Release) -> Path | None:
    """Folder of the chart among those of SEEDBED_CHARTS; None where there are none."""
    if not (there := os.environ.get(CHARTS)):
        return None
    folder = Path(there).absolute() / release.chart
    try:
        head = yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))
    except OSError as error:
        raise ChartError(
            f"{folder}: no chart there ({error.strerror}). {CHARTS} names a folder of unpacked charts: `make up` fills "
            f"one, or unset the variable to take the chart from {release.repository}"
        ) from error
    if _plain(str(head["version"])) != _plain(release.version):
        raise ChartError(
            f"{folder}: found {release.chart} {head['version']}; versions.yaml has {release.version}. Build again with "
            f"`make up`, or unset {CHARTS}"
        )
    return folder


def cache() -> Path:
    """Folder of rendered charts, the same for every checkout of this user."""
    if chosen := os.environ.get("SEEDBED_CACHE"):
        return Path(chosen).expanduser().absolute() / "charts"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "seedbed" / "charts"


def without_descriptions(document: Mapping[str, Any]) -> dict[str, Any]:
    """A definition without the prose of its fields, which is most of it and decides nothing; others as they are."""
    if document["kind"] != "CustomResourceDefinition":
        return dict(document)
    versions = [
        {**version, "schema": {"openAPIV3Schema": _schema(version["schema"]["openAPIV3Schema"])}}
        if "openAPIV3Schema" in version.get("schema", {})
        else version
        for version in document["spec"]["versions"]
    ]
    return {**document, "spec": {**document["spec"], "versions": versions}}


def _schema(schema: Any) -> Any:
    """The schema with `description` dropped where it is a remark, and kept where it is the name of a field."""
    if isinstance(schema, list):
        return [_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    slim = {}
    for key, value in schema.items():
        if key == "description" and isinstance(value, str):
            continue
        fields = key in {"properties", "patternProperties", "definitions"} and isinstance(value, dict)
        literal = key in {"default", "enum", "example"}
        slim[key] = {n: _schema(v) for n, v in value.items()} if fields else value if literal else _schema(value)
    return slim


def _helm(release: Release, folder: Path | None) -> str:
    program = os.environ.get(HELM) or shutil.which("helm")
    if not program:
        raise ChartError(
            f"{release.chart}: charts are rendered by helm, and there is none on PATH. `make up` builds one; or "
            f"install helm 3, or name one in {HELM}"
        )
    where = [str(folder)] if folder else [*_published(release), "--version", release.version]
    command = [program, "template", release.chart, *where, "--namespace", release.namespace, "--include-crds"]
    command += ["--no-hooks", "--skip-tests", "--kube-version", f"{release.kubernetes}.0", "--values", "-"]
    try:
        done = subprocess.run(
            command, input=json.dumps(release.values), capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except OSError as error:
        raise ChartError(
            f"{program}: helm does not start ({error.strerror}). Install helm 3, or name one in {HELM}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ChartError(
            f"{release.chart} {release.version}: helm has not ended after {SECONDS} s. Look whether "
            f"{release.repository} is reached from here, or name a folder of unpacked charts in {CHARTS}"
        ) from error
    if done.returncode:
        raise ChartError(
            f"{release.chart} {release.version} from {folder or release.repository}: helm ended with "
            f"{done.returncode}: {done.stderr.strip()[-600:]}"
        )
    return done.stdout


def _published(release: Release) -> list[str]:
    if release.repository.startswith("oci://"):
        return [release.repository]
    return [release.chart, "--repo", release.repository]


_LOADER = type(
    "Loader",
    (getattr(yaml, "CSafeLoader", yaml.SafeLoader),),
    {
        "yaml_implicit_resolvers": {
            first: [(tag, pattern) for tag, pattern in known if not tag.endswith(":timestamp")]
            for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }
    },
)
"""Reads a date as the text that it is, and the rest in C where it can."""


def _documents(text: str, release: Release) -> Iterable[dict[str, Any]]:
    for document in yaml.load_all(text, Loader=_LOADER):
        if document is None:
            continue
        if not isinstance(document, dict) or "kind" not in document:
            raise ChartError(f"{release.chart} {release.version}: helm gave what is no object: {str(document)[:200]}")
        annotations = document.get("metadata", {}).get("annotations") or {}
        if "helm.sh/hook" not in annotations:
            yield document


def _key(release: Release, folder: Path | None) -> str:
    digest = hashlib.sha256()
    told = [RECIPE, release.chart, release.version, release.namespace, release.kubernetes, dict(release.values)]
    digest.update(json.dumps([*told, None if folder else release.repository], sort_keys=True).encode())
    for path in sorted(folder.rglob("*")) if folder else []:
        if path.is_file():
            digest.update(path.relative_to(folder or path).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]


def _keep(path: Path, documents: list[dict[str, Any]]) -> None:
    """Write the whole file at once: two previews at a time never read half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(documents, file)
    Path(name).replace(path)


def _plain(version: str) -> str:
    return version.removeprefix("v")
