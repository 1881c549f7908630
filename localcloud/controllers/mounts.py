"""The volumes of a pod as files in a folder, kept as the API server has them."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

from localcloud.controllers.pod_programs import inside
from localcloud.controllers.watching import Object

Source = Callable[[str, str], Object | None]
"""From a kind (`secrets`, `configmaps`) and name to the object in the pod's namespace, or None."""


class MissingSourceError(Exception):
    """A volume has no source yet; str() says which, as a kubelet would."""


def mount(pod: Object, container: Object, root: Path, source: Source) -> None:
    """Writes the files of the container's volumes below `root`; what is right already is left alone.

    Only secrets, config maps and empty folders are known; others stay away. Raises MissingSourceError.
    """
    volumes = {one["name"]: one for one in pod["spec"].get("volumes", [])}
    for each in container.get("volumeMounts", []):
        volume = volumes.get(each["name"], {})
        place = inside(root, each["mountPath"])
        if "emptyDir" in volume:
            place.mkdir(parents=True, exist_ok=True)
            continue
        files = _files(volume, source)
        if files is None:
            continue
        if "subPath" in each:
            if each["subPath"] not in files:
                raise MissingSourceError(f'volume "{each["name"]}": {each["subPath"]} is not in it')
            _write(place, files[each["subPath"]])
            continue
        place.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            _write(place / name, content)
        for stale in {one.name for one in place.iterdir()} - set(files):
            (place / stale).unlink()


def _files(volume: Object, source: Source) -> dict[str, bytes] | None:
    if "secret" in volume:
        kind, said, name = "secrets", volume["secret"], volume["secret"].get("secretName", "")
    elif "configMap" in volume:
        kind, said, name = "configmaps", volume["configMap"], volume["configMap"].get("name", "")
    else:
        return None
    found = source(kind, name)
    if found is None:
        if said.get("optional"):
            return {}
        raise MissingSourceError(
            f'MountVolume.SetUp failed for volume "{volume["name"]}": {kind[:-1]} "{name}" not found'
        )
    plain = {key: value.encode() for key, value in (found.get("data") or {}).items()} if kind == "configmaps" else {}
    encoded = found.get("data" if kind == "secrets" else "binaryData") or {}
    contents = plain | {key: base64.b64decode(value) for key, value in encoded.items()}
    wanted = said.get("items")
    return {one["path"]: contents[one["key"]] for one in wanted if one["key"] in contents} if wanted else contents


def _write(file: Path, content: bytes) -> None:
    if file.exists() and file.read_bytes() == content:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
    draft.replace(file)
