"""Deletes what was recorded for erasure, with all its versions, from the buckets of personal data.

Everything that it needs is a variable of the environment (components/erasure.py). An erasure is recorded as a JSON file
in the folder `erasures/` of the bucket: {"keys": ["dvc/scoring/files/md5/1f/0e2d…"]}; a key that ends in a slash means
everything below it. Records stay, and every run goes through all of them: what a restore brings back is erased anew.
A record names objects and no persons, because it is read long after they asked.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import xml.etree.ElementTree
from collections.abc import Iterator
from typing import Any

from lifecycle import aws_requests


def recorded(text: str, folder: str) -> list[str]:
    """Keys that a record names.

    Raises ValueError for what is no record, for one that would empty the bucket, and for one that names records.
    """
    content = json.loads(text)
    keys = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError('is no record; allowed is {"keys": ["KEY", "FOLDER/"]}')
    for key in keys:
        if not key.strip("/") or f"{folder}/".startswith(key) or key.startswith(f"{folder}/"):
            raise ValueError(f"a key names everything or records themselves; allowed are keys outside {folder}/")
    return keys


def versions(bucket: str, key: str, region: str, suffix: str) -> Iterator[tuple[str, str]]:
    """Key and version of every version and delete marker of a key, or of all below a key that ends in a slash.

    (S3 API reference, ListObjectVersions.)
    """
    query = {"prefix": key, "versions": "", "encoding-type": "url"}
    while True:
        encoded = "&".join(f"{k}={urllib.parse.quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
        url = f"{aws_requests.bucket_url(bucket, region, suffix)}?{encoded}"
        with aws_requests.send("GET", url, service="s3", region=region) as answer:
            tree = xml.etree.ElementTree.fromstring(answer.read())
        about = {_tag(one): one.text or "" for one in tree}
        plain = urllib.parse.unquote_plus if about.get("EncodingType") == "url" else str
        for element in tree:
            if _tag(element) in ("Version", "DeleteMarker"):
                found = {_tag(one): one.text or "" for one in element}
                name = plain(found["Key"])
                if name == key or key.endswith("/"):
                    yield name, found["VersionId"]
        if about.get("IsTruncated") != "true":
            return
        query["key-marker"] = plain(about["NextKeyMarker"])
        query["version-id-marker"] = about["NextVersionIdMarker"]


def erase(bucket: str, key: str, region: str, suffix: str) -> int:
    """Delete every version of a key; how many there were."""
    # All are found before the first goes, or the pages would shift under the search.
    there = list(versions(bucket, key, region, suffix))
    for name, version in there:
        path = urllib.parse.quote(name, safe="/-_.~")
        query = f"versionId={urllib.parse.quote(version, safe='-_.~')}"
        url = f"{aws_requests.bucket_url(bucket, region, suffix)}/{path}?{query}"
        aws_requests.send("DELETE", url, service="s3", region=region).close()
    return len(there)


def erasures() -> int:
    """Go through all records of all buckets; the number of those that failed."""
    env: Any = os.environ
    region, suffix, folder = env["AWS_REGION"], env["AWS_DNS_SUFFIX"], env["FOLDER"]
    failed = 0
    for bucket in env["BUCKETS"].split():
        for record in sorted(aws_requests.keys(bucket, f"{folder}/", region, suffix)):
            if not record.endswith(".json"):
                continue
            try:
                with aws_requests.open_object(bucket, record, region, suffix) as answer:
                    keys = recorded(answer.read().decode(), folder)
                gone = sum(erase(bucket, key, region, suffix) for key in keys)
            except (ValueError, urllib.error.URLError) as error:
                failed += 1
                print(f"{bucket}/{record}: failed: {error}", flush=True)
            else:
                print(f"{bucket}/{record}: {gone} versions of {len(keys)} keys erased", flush=True)
    return failed


def _tag(element: xml.etree.ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def main() -> int:
    env = os.environ
    where = {"namespace": env["METRIC_NAMESPACE"], "dimension": ("Environment", env["ENVIRONMENT"])}
    try:
        failed = erasures()
    except Exception:
        aws_requests.put_metric("Failures", 1, **where)
        raise
    aws_requests.put_metric("Failures", failed, **where)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
