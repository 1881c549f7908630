"""The watch for drift, against a store, a CloudWatch and an API server that speak as the real ones do."""

import base64
import datetime
import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from lifecycle.watch_drift import asked, distance, main, reference, rows_of, watch

NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
CRON_JOB = {
    "metadata": {"uid": "1234"},
    "spec": {
        "jobTemplate": {"metadata": {"labels": {"kueue.x-k8s.io/queue-name": "main"}}, "spec": {"backoffLimit": 1}}
    },
}


class Outside(ThreadingHTTPServer):
    objects: dict[str, tuple[str, str]]
    """Text and time of the last change, by bucket and key."""

    told: list[dict[str, str]]
    jobs: dict[str, Any]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answers(BaseHTTPRequestHandler):
    @property
    def outside(self) -> Outside:
        assert isinstance(self.server, Outside)
        return self.server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: value[0] for key, value in parse_qs(parts.query).items()}
        path = unquote(parts.path).strip("/")
        if path.endswith("cronjobs/credit-on-demand"):
            self._answer(json.dumps(CRON_JOB))
        elif "list-type" in query:
            start = f"{path}/{query['prefix']}"
            found = {k: v for k, v in self.outside.objects.items() if k.startswith(start)}
            contents = "".join(
                f"<Contents><Key>{key.partition('/')[2]}</Key><LastModified>{time}</LastModified></Contents>"
                for key, (_, time) in found.items()
            )
            self._answer(f"<ListBucketResult>{contents}</ListBucketResult>")
        else:
            self._answer(self.outside.objects[path][0])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if not self.path.endswith("/jobs"):
            self.outside.told.append({key: value[0] for key, value in parse_qs(body).items()})
            self._answer("")
            return
        job = json.loads(body)
        there = job["metadata"]["name"] in self.outside.jobs
        self.outside.jobs[job["metadata"]["name"]] = (self.headers["Authorization"], job)
        self._answer("{}", 409 if there else 201)

    def _answer(self, text: str, status: int = 200) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def csv_of(shift: float, rows: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [f"{chance.gauss(shift, 1):.4f},{chance.choice(['rent', 'own'])}" for _ in range(rows)]


def captured(rows: list[str]) -> str:
    return "\n".join(
        json.dumps({"captureData": {"endpointInput": {"data": row, "encoding": "CSV"}}, "eventVersion": "0"})
        for row in rows
    )


@pytest.fixture
def outside(monkeypatch) -> Iterator[Outside]:
    with Outside(("127.0.0.1", 0), Answers) as server:
        server.told, server.jobs = [], {}
        training = "\n".join(["income,home", *csv_of(0, 500, 1)])
        server.objects = {"reference/credit/train.csv": (training, "2026-01-01T00:00:00.000Z")}
        for name, value in {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
            "AWS_DNS_SUFFIX": "amazonaws.com",
            "CAPTURED": "s3://capture/credit",
            "REFERENCE": "s3://reference/credit",
            "THRESHOLD": "0.3",
            "METRIC_NAMESPACE": "Seedbed/Drift",
            "METRIC": "Distance",
            "ENDPOINT": "seedbed-test/credit",
            "NAMESPACE": "scoring",
            "RETRAIN": "credit-on-demand",
        }.items():
            monkeypatch.setenv(name, value)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def own(tmp_path) -> Path:
    (tmp_path / "token").write_text("of-this-pod\n")
    return tmp_path


def ask(outside: Outside, rows: list[str], *, when: str = "2026-11-23T11:30:00.000Z") -> None:
    outside.objects["capture/credit/one.jsonl"] = (captured(rows), when)


def test_requests_like_the_training_data_are_no_drift(outside, own, capsys):
    ask(outside, csv_of(0, 300, 2))
    watch(NOW, api=outside.url, own=own)

    (told,) = outside.told
    assert float(told["MetricData.member.1.Value"]) < 0.3
    assert told["Namespace"] == "Seedbed/Drift"
    assert told["MetricData.member.1.Dimensions.member.1.Value"] == "seedbed-test/credit"
    assert not outside.jobs
    assert capsys.readouterr().out.startswith("no drift: ")


def test_shifted_requests_are_told_and_the_pipeline_is_started(outside, own, capsys):
    ask(outside, csv_of(1.5, 300, 2))
    watch(NOW, api=outside.url, own=own)

    assert float(outside.told[0]["MetricData.member.1.Value"]) > 0.5
    ((token, job),) = outside.jobs.values()
    assert token == "Bearer of-this-pod"
    assert job["metadata"]["name"] == "credit-on-demand-20261123"
    assert job["metadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "main"}
    assert job["metadata"]["ownerReferences"][0]["uid"] == "1234"
    assert job["spec"] == CRON_JOB["spec"]["jobTemplate"]["spec"]
    assert "drift: income" in capsys.readouterr().out


def test_the_pipeline_is_started_once_a_day(outside, own, capsys):
    ask(outside, csv_of(1.5, 300, 2))
    for _ in range(2):
        watch(NOW, api=outside.url, own=own)

    assert "was started today already" in capsys.readouterr().out


def test_a_shift_of_what_is_no_number_is_drift_too(outside, own):
    ask(outside, [row.replace("own", "rent") for row in csv_of(0, 300, 2)])
    watch(NOW, api=outside.url, own=own)

    assert float(outside.told[0]["MetricData.member.1.Value"]) == pytest.approx(0.5, abs=0.1)


def test_a_handful_of_requests_is_not_measured(outside, own, capsys):
    ask(outside, csv_of(9, 49, 2))
    watch(NOW, api=outside.url, own=own)

    assert not outside.told
    assert "fewer than 50 requests in 24 hours" in capsys.readouterr().out


def test_what_was_asked_yesterday_counts_no_more(outside, own):
    ask(outside, csv_of(9, 300, 2), when="2026-11-22T11:30:00.000Z")
    watch(NOW, api=outside.url, own=own)

    assert not outside.told


def test_a_watch_without_a_reference_says_where_to_put_it_and_is_told_as_a_failure(outside):
    outside.objects.clear()

    with pytest.raises(ValueError, match="there is no reference at s3://reference/credit: put the training data there"):
        main()
    assert outside.told[0]["MetricData.member.1.MetricName"] == "Failures"
    assert float(outside.told[0]["MetricData.member.1.Value"]) == 1


def test_distances_go_from_the_same_to_nothing_in_common():
    assert distance(["1", "2", "3"], ["3", "2", "1"]) == 0
    assert distance(["1", "2"], ["8", "9"]) == 1
    assert distance(["a", "b"], ["b", "a"]) == 0
    assert distance(["a", "a"], ["b"]) == 1
    assert distance(["1", "2", "3", "4"], ["3", "4", "5", "6"]) == 0.5


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": [{"name": "income", "data": [1, 2]}, {"name": "home", "data": ["own", "rent"]}]},
        {"inputs": [{"name": "input-0", "shape": [2, 2], "data": [1, "own", 2, "rent"]}]},
        {"inputs": [{"name": "input-0", "shape": [2, 2], "data": [[1, "own"], [2, "rent"]]}]},
        {
            "inputs": [
                {"name": "income", "shape": [2, 1], "data": [[1], [2]]},
                {"name": "home", "data": ["own", "rent"]},
            ]
        },
        {"dataframe_split": {"columns": ["income", "home"], "data": [[1, "own"], [2, "rent"]]}},
        {"instances": [[1, "own"], [2, "rent"]]},
        {"instances": [{"income": 1, "home": "own"}, {"income": 2, "home": "rent"}]},
    ],
    ids=["open inference", "one flat table", "one table", "nested", "mlflow", "instances", "named instances"],
)
def test_every_form_of_a_request_is_read(body):
    rows = [{"income": 1, "home": "own"}, {"income": 2, "home": "rent"}]
    assert rows_of(body, ["income", "home"]) == rows
    data = base64.b64encode(json.dumps(body).encode()).decode()
    line = json.dumps({"captureData": {"endpointInput": {"data": data, "encoding": "BASE64"}}})
    assert asked([line], ["income", "home"]) == {"income": ["1", "2"], "home": ["own", "rent"]}


def test_a_request_of_another_form_is_named():
    with pytest.raises(ValueError, match="a request has the keys"):
        rows_of({"rows": []}, [])


def test_the_reference_may_lie_in_several_files():
    assert reference(["a,b\n1,2\n", "a,b\n3,4\n"]) == {"a": ["1", "3"], "b": ["2", "4"]}
