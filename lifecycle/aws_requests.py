"""Signed requests to AWS, on the standard library alone: serving images need not carry an SDK.

Signature: AWS Signature Version 4 (IAM user guide, "Create a signed AWS API request"). Credentials: the container
provider that pod identity feeds (EKS user guide, "How EKS Pod Identity works"), or those of the environment.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import os
import urllib.parse
import urllib.request
import xml.etree.ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

TIMEOUT_SECONDS = 60


class Credentials(NamedTuple):
    key: str
    secret: str
    token: str | None


def credentials() -> Credentials:
    """What this pod may sign with, asked anew each time since it ends within hours.

    Raises LookupError where neither pod identity nor the environment gives any.
    """
    agent = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if agent:
        token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        headers = {"Authorization": Path(token).read_text().strip()} if token else {}
        with urllib.request.urlopen(urllib.request.Request(agent, headers=headers), timeout=10) as answer:
            given = json.load(answer)
        return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
    try:
        return Credentials(
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ["AWS_SECRET_ACCESS_KEY"],
            os.environ.get("AWS_SESSION_TOKEN"),
        )
    except KeyError as missing:
        raise LookupError(
            f"no credentials: neither AWS_CONTAINER_CREDENTIALS_FULL_URI nor {missing} is set; "
            "the service account of this pod needs a pod identity association"
        ) from None


def signed(
    method: str,
    url: str,
    *,
    service: str,
    region: str,
    given: Credentials,
    now: datetime.datetime,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> urllib.request.Request:
    """The request with its signature; `url` has path and query encoded as they shall go out."""
    parts = urllib.parse.urlsplit(url)
    payload = hashlib.sha256(body).hexdigest()
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    sent = {**(headers or {}), "host": parts.netloc, "x-amz-date": stamp, "x-amz-content-sha256": payload}
    if given.token:
        sent["x-amz-security-token"] = given.token
    names = sorted(sent)
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    lines = "".join(f"{name}:{sent[name].strip()}\n" for name in names)
    canonical = "\n".join([method, parts.path or "/", query, lines, ";".join(names), payload])
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{given.secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    sent["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={given.key}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return urllib.request.Request(url, data=body or None, headers=sent, method=method)


def send(method: str, url: str, *, service: str, region: str, **more: Any) -> Any:
    """The open answer to a signed request; raises urllib.error.HTTPError for what AWS refuses."""
    request = signed(
        method,
        url,
        service=service,
        region=region,
        given=credentials(),
        now=datetime.datetime.now(datetime.timezone.utc),  # noqa: UP017 (images have older Pythons)
        **more,
    )
    return urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)


def bucket_url(bucket: str, region: str, suffix: str) -> str:
    """Where a bucket is: by its own host, or below AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL as the SDKs have it."""
    other = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return f"{other.rstrip('/')}/{bucket}" if other else f"https://{bucket}.s3.{region}.{suffix}"


def keys(
    bucket: str, prefix: str, region: str, suffix: str, *, since: datetime.datetime | None = None
) -> Iterator[str]:
    """Keys of all objects below `prefix`, changed after `since` where that is given (S3 API, ListObjectsV2)."""
    after = since.strftime("%Y-%m-%dT%H:%M:%S") if since else ""
    query = {"list-type": "2", "prefix": prefix}
    while True:
        encoded = "&".join(f"{k}={urllib.parse.quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
        with send("GET", f"{bucket_url(bucket, region, suffix)}?{encoded}", service="s3", region=region) as answer:
            tree = xml.etree.ElementTree.fromstring(answer.read())
        for element in tree.iter():
            if element.tag.rpartition("}")[2] == "Contents":
                about = {one.tag.rpartition("}")[2]: one.text or "" for one in element}
                if about.get("LastModified", "") >= after:
                    yield about["Key"]
        more = [e.text for e in tree.iter() if e.tag.rpartition("}")[2] == "NextContinuationToken" and e.text]
        if not more:
            return
        query["continuation-token"] = str(more[0])


def open_object(bucket: str, key: str, region: str, suffix: str) -> Any:
    """The object's bytes, as an open answer."""
    url = f"{bucket_url(bucket, region, suffix)}/{urllib.parse.quote(key, safe='/-_.~')}"
    return send("GET", url, service="s3", region=region)


def put_object(bucket: str, key: str, data: bytes, region: str, suffix: str) -> None:
    """An object with these bytes, under the key that the bucket has by default."""
    url = f"{bucket_url(bucket, region, suffix)}/{urllib.parse.quote(key, safe='/-_.~')}"
    kind = {"content-type": "application/jsonl" if key.endswith(".jsonl") else "application/octet-stream"}
    send("PUT", url, service="s3", region=region, body=data, headers=kind).close()
