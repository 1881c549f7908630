"""Brings the model that bears an alias beside its server, and every later one; waits where there is none yet.

`load_model follow` runs as long as the pod; `load_model loaded` says by its exit code whether a model is there.
MLflow REST API: registered-models/alias, model-versions/get-download-uri, mlflow-artifacts. The server is MLServer,
whose repository API loads the new model before it lets the old one go (MLServer guide, "Model Repository API").
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from lifecycle import aws_requests

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"

SAY_AGAIN_SECONDS = 300
"""How often the same state is told again."""

TRY_AGAIN_SECONDS = 600
"""How long a version that the server refused is left alone."""


class RefusedError(Exception):
    """The registry names something that this endpoint does not take."""


class Wish(NamedTuple):
    """What to serve, and where from; each a variable of the environment."""

    tracking_url: str
    model: str
    aliases: tuple[str, ...]
    """The first that a version bears counts."""

    folder: Path
    bucket: str
    prefix: str
    region: str
    suffix: str
    implementation: str
    """MLServer's class for the model."""

    files: tuple[str, ...]
    """Names of which that class reads one; none where it reads the whole folder."""

    reload_url: str
    token: Path
    """File with this pod's token for the tracking server; the kubelet renews it."""

    every_seconds: float

    @classmethod
    def of_environment(cls) -> Wish:
        env = os.environ
        return cls(
            tracking_url=env["TRACKING_URL"].rstrip("/"),
            model=env["MODEL"],
            aliases=tuple(env["ALIASES"].split(",")),
            folder=Path(env["MODEL_FOLDER"]),
            bucket=env["ARTIFACT_BUCKET"],
            prefix=env["ARTIFACT_PREFIX"].strip("/"),
            region=env["AWS_REGION"],
            suffix=env["AWS_DNS_SUFFIX"],
            implementation=env["IMPLEMENTATION"],
            files=tuple(filter(None, env.get("FILES", "").split(","))),
            reload_url=env["RELOAD_URL"],
            token=Path(env["TRACKING_TOKEN_FILE"]),
            every_seconds=float(env.get("EVERY_SECONDS", "30")),
        )


def ask(wish: Wish, where: str, **query: str) -> Any:
    """The tracking server's open answer; raises urllib.error.URLError."""
    request = urllib.request.Request(f"{wish.tracking_url}{where}?{urllib.parse.urlencode(query)}")
    if wish.token.exists():
        request.add_header("Authorization", f"Bearer {wish.token.read_text().strip()}")
    return urllib.request.urlopen(request, timeout=aws_requests.TIMEOUT_SECONDS)


def wanted(wish: Wish) -> str | None:
    """Version that bears the first alias that any version bears; None where none does."""
    for alias in wish.aliases:
        try:
            with ask(wish, "/api/2.0/mlflow/registered-models/alias", name=wish.model, alias=alias) as answer:
                return str(json.load(answer)["model_version"]["version"])
        except urllib.error.HTTPError as refusal:
            if not _absent(refusal.code, refusal.read()):
                raise
    return None


def _absent(status: int, said: bytes) -> bool:
    """Whether MLflow says that there is no such model (404), or no such alias of it (400)."""
    return (status == 404 and b"RESOURCE_DOES_NOT_EXIST" in said) or (status == 400 and b"alias" in said.lower())


def download(wish: Wish, version: str) -> Path:
    """Folder with the files of `version`; raises RefusedError for a place that is not this endpoint's."""
    with ask(wish, "/api/2.0/mlflow/model-versions/get-download-uri", name=wish.model, version=version) as answer:
        uri = str(json.load(answer)["artifact_uri"])
    target, half = wish.folder / "versions" / version, wish.folder / "versions" / f".{version}"
    shutil.rmtree(half, ignore_errors=True)
    count = 0
    for inside, opened in files_at(wish, version, uri):
        if ".." in inside.parts or inside.is_absolute():
            raise RefusedError(f"{uri}/{inside}: leads out of the model's folder")
        file = half / inside
        file.parent.mkdir(parents=True, exist_ok=True)
        with opened() as answer, file.open("wb") as out:
            shutil.copyfileobj(answer, out)
        count += 1
    if not count:
        raise RefusedError(f"version {version} of {wish.model} has no files at {uri}; register it again")
    shutil.rmtree(target, ignore_errors=True)
    half.rename(target)
    return target


def files_at(wish: Wish, version: str, uri: str) -> Iterator[tuple[PurePosixPath, Callable[[], Any]]]:
    """Name and opener of each file at `uri`: in the store itself, or by the server where it stands before its own."""
    place = urllib.parse.urlsplit(uri)
    base = place.path.strip("/")
    if place.scheme == "mlflow-artifacts":
        yield from _by_server(wish, PurePosixPath(base), PurePosixPath())
    elif (place.scheme, place.netloc) == ("s3", wish.bucket) and f"{base}/".startswith(f"{wish.prefix}/"):
        for key in aws_requests.keys(wish.bucket, f"{base}/", wish.region, wish.suffix):
            if not key.endswith("/"):
                yield (
                    PurePosixPath(key[len(base) + 1 :]),
                    lambda key=key: aws_requests.open_object(wish.bucket, key, wish.region, wish.suffix),
                )
    else:
        raise RefusedError(
            f"version {version} of {wish.model} lies at {uri}; this endpoint reads what the tracking server keeps and "
            f"s3://{wish.bucket}/{wish.prefix}/, nothing else: log the model to an experiment in one of these places"
        )


def _by_server(
    wish: Wish, base: PurePosixPath, inside: PurePosixPath
) -> Iterator[tuple[PurePosixPath, Callable[[], Any]]]:
    """MLflow REST API, mlflow-artifacts: it lists one folder at a time, by names below it."""
    with ask(wish, ARTIFACTS, path=str(base / inside)) as answer:
        there = json.load(answer).get("files", [])
    for entry in there:
        path = inside / entry["path"]
        if entry.get("is_dir"):
            yield from _by_server(wish, base, path)
        else:
            yield path, lambda path=path: ask(wish, f"{ARTIFACTS}/{urllib.parse.quote(str(base / path))}")


def settings(wish: Wish, version: str) -> str:
    """What MLServer reads. Without a version of its own there, so that a new model takes the old one's place."""
    folder = wish.folder / "versions" / version
    there = [folder / name for name in wish.files if (folder / name).is_file()]
    if wish.files and not there:
        found = ", ".join(sorted(path.name for path in folder.iterdir()))
        raise RefusedError(f"version {version} of {wish.model} has none of {', '.join(wish.files)}, but {found}")
    uri = str(there[0] if there else folder)
    return json.dumps({"name": wish.model, "implementation": wish.implementation, "parameters": {"uri": uri}})


def write(file: Path, text: str) -> None:
    """All of `text` or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}")
    beside.write_text(text)
    beside.replace(file)


def loaded(folder: Path) -> str | None:
    """Version that is served, or will be once its server is up."""
    marker = folder / "loaded"
    return marker.read_text().strip() if marker.exists() else None


def bring(wish: Wish, version: str) -> None:
    """Put `version` in the place of what is served; raises RefusedError, the old one then goes on."""
    old, new = loaded(wish.folder), download(wish, version)
    file = wish.folder / "settings" / "model-settings.json"
    try:
        write(file, settings(wish, version))
    except RefusedError:
        shutil.rmtree(new)
        raise
    if old is not None:
        try:
            urllib.request.urlopen(urllib.request.Request(wish.reload_url, method="POST"), timeout=600).close()
        except urllib.error.HTTPError as refusal:
            write(file, settings(wish, old))
            shutil.rmtree(new)
            why = refusal.read()[:2000].decode(errors="replace")
            raise RefusedError(f"the server did not load version {version} of {wish.model}: {why}") from None
        except urllib.error.URLError:
            pass  # It is not up yet, or starts again: it then reads the new settings.
    write(wish.folder / "loaded", version)
    for other in (wish.folder / "versions").iterdir():
        if other.name != version:
            shutil.rmtree(other, ignore_errors=True)


class Follower:
    """Looks again and again; says what it does, once for each state."""

    def __init__(
        self, wish: Wish, *, say: Callable[[str], None] = print, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wish, self._say, self._clock = wish, say, clock
        self._said: tuple[str, float] = ("", 0.0)
        self._refused: tuple[str, float] = ("", 0.0)

    def look(self) -> None:
        wish, now = self._wish, loaded(self._wish.folder)
        serving = f"version {now} goes on" if now else "nothing is served until then"
        aliases = " or ".join(wish.aliases)
        try:
            version = wanted(wish)
            if version is None:
                self._tell(
                    f"waiting: no version of the model {wish.model} bears the alias {aliases} at {wish.tracking_url}; "
                    f"it is served as soon as one does, {serving}"
                )
            elif version == now:
                self._tell(f"serving version {version} of {wish.model}")
            elif self._refused[0] != version or self._clock() - self._refused[1] >= TRY_AGAIN_SECONDS:
                self._refused = (version, self._clock())
                bring(wish, version)
                self._tell(f"loaded version {version} of {wish.model}, which bears the alias {aliases}")
        except RefusedError as refusal:
            self._tell(f"refused: {refusal}; {serving}")
        except (OSError, LookupError, ValueError, http.client.HTTPException) as failure:
            self._refused = ("", 0.0)
            self._tell(
                f"waiting: {wish.tracking_url} or the store does not answer as it should: {failure!r}; {serving}"
            )

    def _tell(self, text: str) -> None:
        if text != self._said[0] or self._clock() - self._said[1] >= SAY_AGAIN_SECONDS:
            self._said = (text, self._clock())
            self._say(text)


def main(argument: str) -> int:
    if argument == "loaded":
        return 0 if loaded(Path(os.environ["MODEL_FOLDER"])) else 1
    wish = Wish.of_environment()
    follower = Follower(wish, say=lambda text: print(text, flush=True))
    while True:
        follower.look()
        time.sleep(wish.every_seconds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
