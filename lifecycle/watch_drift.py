"""Measures how far what a model is asked has moved from what it was trained on; tells it, and may have it trained anew.

Everything that it needs is a variable of the environment (components/drift.py). The distance is the largest over the
columns: for numbers the statistic of Kolmogorov and Smirnov for two samples, for all else the total variation. Both go
from 0, the same, to 1, nothing in common. The reference is CSV with a header; requests are lines of JSON as SageMaker's
data capture writes them, each with CSV or JSON inside.
"""

from __future__ import annotations

import base64
import bisect
import csv
import datetime
import io
import json
import math
import os
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lifecycle import aws_requests

ENOUGH = 50
"""Requests below which chance alone looks like drift: with 50, two equal samples differ by 0.27 once in twenty times
(critical value 1.36 * sqrt(2 / 50))."""

HOURS = 24
"""How far back requests are looked at."""

OWN = Path("/var/run/secrets/kubernetes.io/serviceaccount")
Columns = dict[str, list[str]]


def place(uri: str) -> tuple[str, str]:
    """Bucket and prefix, with its slash, of `s3://BUCKET/PREFIX`."""
    parts = urllib.parse.urlsplit(uri)
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""


def texts(uri: str, since: datetime.datetime | None = None) -> Iterator[str]:
    """Of all objects at `uri`."""
    (bucket, prefix), region, suffix = place(uri), os.environ["AWS_REGION"], os.environ["AWS_DNS_SUFFIX"]
    for key in aws_requests.keys(bucket, prefix, region, suffix, since=since):
        if not key.endswith("/"):
            with aws_requests.open_object(bucket, key, region, suffix) as answer:
                yield answer.read().decode()


def reference(files: Iterable[str]) -> Columns:
    """Values by column, of CSV files with one header."""
    columns: Columns = {}
    for text in files:
        for row in csv.DictReader(io.StringIO(text)):
            for name, value in row.items():
                columns.setdefault(name, []).append(value or "")
    return columns


def asked(lines: Iterable[str], names: list[str]) -> Columns:
    """Values by column, of captured requests; CSV has the columns of the reference, in its order.

    Raises ValueError for a request that is neither CSV nor one of the forms of JSON that MLServer takes.
    """
    columns: Columns = {name: [] for name in names}
    for line in filter(None, map(str.strip, lines)):
        given = json.loads(line)["captureData"]["endpointInput"]
        data = given["data"]
        if given.get("encoding") == "BASE64":
            data = base64.b64decode(data).decode()
        if given.get("observedContentType", "").startswith("text/csv") or given.get("encoding") == "CSV":
            read = csv.reader(io.StringIO(data))
            rows: Iterable[Mapping[str, Any]] = (dict(zip(names, row, strict=False)) for row in read if row)
        else:
            rows = rows_of(json.loads(data), names)
        for row in rows:
            for name in names:
                if name in row:
                    columns[name].append(str(row[name]))
    return columns


def rows_of(body: Any, names: list[str]) -> list[Mapping[str, Any]]:
    """Rows of the Open Inference Protocol's tensors, of MLflow's `dataframe_split`, or of plain `instances`."""
    split = body.get("dataframe_split", body)
    if "inputs" in body:
        return _of_tensors(body["inputs"], names)
    if "columns" in split:
        return [dict(zip(split["columns"], row, strict=False)) for row in split["data"]]
    if "instances" in body:
        return [r if isinstance(r, dict) else dict(zip(names, r, strict=False)) for r in body["instances"]]
    raise ValueError(f"a request has the keys {sorted(body)}; known are inputs, columns with data, and instances")


def _of_tensors(tensors: list[Any], names: list[str]) -> list[Mapping[str, Any]]:
    """A tensor is the column of its name; one alone that is a table has the columns of the reference, in its order."""
    columns = {}
    for tensor in tensors:
        data, width = tensor["data"], math.prod(tensor.get("shape", ())[1:])
        while data and isinstance(data[0], list):
            data = [value for part in data for value in part]
        if len(tensors) == 1 and width == len(names) and tensor["name"] not in names:
            return [dict(zip(names, data[at : at + width], strict=False)) for at in range(0, len(data), width)]
        columns[tensor["name"]] = data
    length = max(map(len, columns.values()), default=0)
    return [{name: data[row] for name, data in columns.items() if row < len(data)} for row in range(length)]


def distance(one: list[str], other: list[str]) -> float:
    """Between two samples of a column, from 0 to 1; neither is empty."""
    try:
        first, second = sorted(map(float, one)), sorted(map(float, other))
    except ValueError:
        here, there = Counter(one), Counter(other)
        shares = (abs(here[key] / len(one) - there[key] / len(other)) for key in here | there)
        return sum(shares) / 2
    steps = {*first, *second}
    return max(
        abs(bisect.bisect_right(first, step) / len(first) - bisect.bisect_right(second, step) / len(second))
        for step in steps
    )


def tell(metric: str, value: float) -> None:
    """Put one value of a metric (CloudWatch API reference, PutMetricData)."""
    env = os.environ
    body = {
        "Action": "PutMetricData",
        "Version": "2010-08-01",
        "Namespace": env["METRIC_NAMESPACE"],
        "MetricData.member.1.MetricName": metric,
        "MetricData.member.1.Value": f"{value:.6f}",
        "MetricData.member.1.Dimensions.member.1.Name": "Endpoint",
        "MetricData.member.1.Dimensions.member.1.Value": env["ENDPOINT"],
    }
    other = env.get("AWS_ENDPOINT_URL_CLOUDWATCH") or env.get("AWS_ENDPOINT_URL")
    aws_requests.send(
        "POST",
        f"{(other or 'https://monitoring.{AWS_REGION}.{AWS_DNS_SUFFIX}'.format(**env)).rstrip('/')}/",
        service="monitoring",
        region=env["AWS_REGION"],
        body=urllib.parse.urlencode(body).encode(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    ).close()


def retrain(cron_job: str, namespace: str, today: str, *, api: str, own: Path = OWN) -> bool:
    """Make today's Job of a CronJob as `kubectl create job --from` does; whether there was none yet today."""
    context = ssl.create_default_context(cafile=str(own / "ca.crt")) if api.startswith("https:") else None
    head = {"Authorization": f"Bearer {(own / 'token').read_text().strip()}", "Content-Type": "application/json"}

    def ask(path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{api}/apis/batch/v1/namespaces/{namespace}/{path}", data=data, headers=head)
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return json.load(answer)

    of = ask(f"cronjobs/{cron_job}")
    template = of["spec"]["jobTemplate"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": cron_job, "uid": of["metadata"]["uid"]}
    about = template.get("metadata", {})
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{cron_job}-{today}",
            "labels": about.get("labels", {}),
            "annotations": {**about.get("annotations", {}), "cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": template["spec"],
    }
    try:
        ask("jobs", job)
    except urllib.error.HTTPError as refusal:
        if refusal.code != 409:
            raise
        return False
    return True


def watch(now: datetime.datetime, *, api: str = "https://kubernetes.default.svc", own: Path = OWN) -> None:
    """One comparison; raises what keeps it from one."""
    env = os.environ
    before = reference(texts(env["REFERENCE"]))
    if not before:
        raise ValueError(f"there is no reference at {env['REFERENCE']}: put the training data there, CSV with a header")
    since = now - datetime.timedelta(hours=HOURS)
    lines = (line for text in texts(env["CAPTURED"], since) for line in text.splitlines())
    after = asked(lines, list(before))
    measured = {name: distance(before[name], after[name]) for name in before if len(after[name]) >= ENOUGH}
    if not measured:
        print(f"fewer than {ENOUGH} requests in {HOURS} hours at {env['CAPTURED']}: nothing is measured", flush=True)
        return
    worst = max(measured, key=lambda name: measured[name])
    tell(env["METRIC"], measured[worst])
    drifted = measured[worst] > float(env["THRESHOLD"])
    listed = ", ".join(f"{name} {value:.3f}" for name, value in sorted(measured.items(), key=lambda of: -of[1])[:10])
    print(f"{'drift' if drifted else 'no drift'}: {listed}; threshold {env['THRESHOLD']}", flush=True)
    if drifted and env.get("RETRAIN"):
        new = retrain(env["RETRAIN"], env["NAMESPACE"], now.strftime("%Y%m%d"), api=api, own=own)
        print(f"{env['RETRAIN']}: {'started' if new else 'was started today already'}", flush=True)


def main() -> int:
    try:
        watch(datetime.datetime.now(datetime.timezone.utc))  # noqa: UP017 (images have older Pythons)
    except Exception:
        tell("Failures", 1)
        raise
    tell("Failures", 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
