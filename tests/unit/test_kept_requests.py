"""What is kept of a model's traffic, and how it comes to the store."""

import base64
import gzip
import json
import threading
from typing import Any

import pytest

from lifecycle import watch_drift
from lifecycle.kept_requests import BODY_BYTES, RECORD_BYTES, ROOM_BYTES, Counted, Exchange, Store, readable, record

BODY = {"inputs": [{"name": "income", "shape": [2], "datatype": "FP64", "data": [3.5, 4]}]}
KIND = {"content-type": "application/json"}


def exchange(body: bytes, answer: bytes = b"{}", *, counted: Counted | None = None, **headers: str) -> Exchange:
    asked = {**KIND, **{key.replace("_", "-"): value for key, value in headers.items()}}
    one = Exchange(b"POST /v2/models/credit/infer HTTP/1.1", asked, True, counted or Counted())
    one.keep(one.request, body)
    one.keep(one.answer, answer)
    one.heard(KIND)
    return one


def stored(*all_of_them: Exchange, fails: int = 0, **more: Any) -> tuple[dict[str, str], list[str]]:
    """Objects by key, and what the store said; the first `fails` times it is refused."""
    objects, said, counted = {}, [], more.pop("counted", Counted())

    def put(key: str, data: bytes) -> None:
        nonlocal fails
        fails -= 1
        if fails >= 0:
            raise OSError("503 Slow Down")
        objects[key] = data.decode()

    store = Store(put, "credit/", counted, seconds=60, again=(0.0, 0.0), say=said.append, **more)
    store.start()
    for one in all_of_them:
        store.add(one)
    store.finish(10)
    return objects, said


def test_a_line_is_what_data_capture_writes():
    line = json.loads(record(exchange(json.dumps(BODY).encode(), b'{"outputs": []}')) or "")

    assert json.loads(line["captureData"]["endpointInput"].pop("data")) == BODY
    assert line["captureData"] == {
        "endpointInput": {"observedContentType": "application/json", "mode": "INPUT", "encoding": "JSON"},
        "endpointOutput": {
            "observedContentType": "application/json",
            "mode": "OUTPUT",
            "data": '{"outputs": []}',
            "encoding": "JSON",
        },
    }
    assert line["eventMetadata"].keys() == {"eventId", "inferenceTime"}
    assert line["eventVersion"] == "0"


def test_a_packed_request_is_kept_unpacked_and_a_packed_answer_too():
    one = exchange(gzip.compress(json.dumps(BODY).encode()), gzip.compress(b'{"a": 1}'), content_encoding="gzip")
    one.heard({**KIND, "content-encoding": "gzip"})
    line = json.loads(record(one) or "")

    assert json.loads(line["captureData"]["endpointInput"]["data"]) == BODY
    assert line["captureData"]["endpointOutput"]["data"] == '{"a": 1}'


def test_an_answer_that_is_no_text_is_kept_as_it_is():
    output = json.loads(record(exchange(json.dumps(BODY).encode(), b"\xff\x00")) or "")["captureData"]["endpointOutput"]

    assert output["encoding"] == "BASE64"
    assert base64.b64decode(output["data"]) == b"\xff\x00"


@pytest.mark.parametrize(
    "one",
    [
        exchange(b"income\n3.5\n", content_type="text/csv"),
        exchange(b"\xff\xfe"),
        exchange(b'{"inputs": ['),
        exchange(b"[" * 100_000),
        exchange(b"[]"),
        exchange(b'{"inputs": {"income": [1]}}'),
        exchange(b'{"inputs": [{"name": "income", "shape": [1], "parameters": {"binary_data_size": 8}}]}'),
        exchange(b'{"inputs": [{"name": "income", "data": [1, [2]]}]}'),
        exchange(b'{"instances": [1, 2]}'),
        exchange(json.dumps(BODY).encode(), content_encoding="br"),
        exchange(gzip.compress(b"0" * BODY_BYTES * 4), content_encoding="gzip"),
        exchange(b"no gzip", content_encoding="gzip"),
    ],
    ids=["csv", "bytes", "cut", "deep", "list", "columns", "binary", "uneven", "numbers", "br", "bomb", "not packed"],
)
def test_what_the_watch_for_drift_would_stumble_over_is_not_kept(one):
    assert record(one) is None


@pytest.mark.parametrize("body", [BODY, {"inputs": []}, {"instances": [[1], [2]]}, {"instances": [{"income": 1}]}])
def test_what_is_kept_has_rows_for_the_watch(body):
    assert readable(body)
    assert isinstance(watch_drift.rows_of(body, ["income"]), list)


def test_requests_that_come_together_are_one_object_in_the_folder_of_the_hour():
    objects, said = stored(*[exchange(json.dumps(BODY).encode())] * 3)

    ((key, text),) = objects.items()
    prefix, year, month, day, hour, name = key.split("/")
    assert (prefix, len(year), len(month), len(day), len(hour)) == ("credit", 4, 2, 2, 2)
    assert name.endswith(".jsonl")
    assert len(text.splitlines()) == 3
    assert said == ["kept 3 requests"]


def test_a_store_that_refuses_at_first_is_asked_again():
    objects, said = stored(exchange(json.dumps(BODY).encode()), fails=2)

    assert len(objects) == 1
    assert said[-1] == "kept 1 requests"


def test_what_a_store_does_not_take_is_given_up_and_told_without_a_word_of_it():
    counted = Counted()
    one = exchange(json.dumps(BODY).encode(), counted=counted)
    objects, said = stored(one, exchange(b"hunter2", counted=counted), fails=3, counted=counted)

    assert not objects
    assert said[-1] == (
        "kept 0 requests, and did not keep: 1 of another form than the watch for drift reads; "
        "1 that the store did not take"
    )
    assert "hunter2" not in str(said)
    assert "income" not in str(said)
    assert counted.room == ROOM_BYTES


def test_a_long_queue_goes_in_several_objects(monkeypatch):
    monkeypatch.setattr("lifecycle.kept_requests.BATCH_RECORDS", 2)
    objects, _ = stored(*[exchange(json.dumps(BODY).encode())] * 5)

    assert sorted(len(text.splitlines()) for text in objects.values()) == [1, 2, 2]


def test_what_came_in_time_is_stored_without_waiting_for_more():
    done, objects = threading.Event(), []

    def put(key: str, data: bytes) -> None:
        objects.append(data)
        done.set()

    store = Store(put, "credit/", Counted(), seconds=0.05, say=lambda text: None)
    store.start()
    store.add(exchange(json.dumps(BODY).encode()))
    assert done.wait(10)
    store.finish(10)
    assert len(objects) == 1


def test_a_store_that_hangs_does_not_keep_the_pod_from_ending():
    said, hold = [], threading.Event()
    store = Store(lambda key, data: (hold.wait(10), None)[1], "credit/", Counted(), say=said.append)
    store.start()
    store.add(exchange(json.dumps(BODY).encode()))
    store.finish(0.1)
    hold.set()

    assert said[0] == "the last requests are lost: the store did not take them in time"


def test_a_request_without_a_body_takes_room_too():
    counted = Counted(RECORD_BYTES)
    first, second = (Exchange(b"", {}, True, counted) for _ in range(2))

    assert (first.kept, second.kept) == (True, False)
