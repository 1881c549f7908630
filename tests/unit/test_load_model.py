"""The loader of models, against a registry and a store that speak as MLflow and S3 do."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from lifecycle.load_model import Follower, Wish, loaded

BUCKET = "seedbed-test-artifacts"


class Outside(ThreadingHTTPServer):
    """A registry, a store that lists one key at a time, and the server beside the loader."""

    aliases: dict[str, str]
    places: dict[str, str]
    objects: dict[str, bytes]
    refuses: set[str]
    loads: list[str]
    tokens: list[str | None]
    folder: Path

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
        path = unquote(parts.path)
        query = {key: value[0] for key, value in parse_qs(parts.query).items()}
        if parts.path.startswith("/api/"):
            self.outside.tokens.append(self.headers["Authorization"])
        if parts.path.endswith("/registered-models/alias"):
            version = self.outside.aliases.get(query["alias"])
            if version is None:
                self._answer(
                    400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "Registered model alias not found"}
                )
            else:
                self._answer(200, {"model_version": {"version": version}})
        elif parts.path.endswith("/get-download-uri"):
            self._answer(200, {"artifact_uri": self.outside.places[query["version"]]})
        elif parts.path.endswith("/mlflow-artifacts/artifacts"):
            below = [
                key[len(query["path"]) + 1 :] for key in self.outside.objects if key.startswith(f"{query['path']}/")
            ]
            names = {name.split("/")[0]: "/" in name for name in below}
            self._answer(200, {"files": [{"path": name, "is_dir": more} for name, more in names.items()]})
        elif "/mlflow-artifacts/artifacts/" in parts.path:
            self._bytes(self.outside.objects[path.partition("/artifacts/")[2]])
        elif "list-type" in query:
            keys = sorted(key for key in self.outside.objects if key.startswith(query["prefix"]))
            here = int(query.get("continuation-token", "0"))
            more = f"<NextContinuationToken>{here + 1}</NextContinuationToken>" if here + 1 < len(keys) else ""
            content = f"<Contents><Key>{keys[here]}</Key></Contents>" if keys else ""
            name = "http://s3.amazonaws.com/doc/2006-03-01/"
            self._bytes(f'<ListBucketResult xmlns="{name}">{content}{more}</ListBucketResult>'.encode())
        else:
            self._bytes(self.outside.objects[path.removeprefix(f"/{BUCKET}/")])

    def do_POST(self) -> None:
        settings = json.loads((self.outside.folder / "settings" / "model-settings.json").read_text())
        uri = Path(settings["parameters"]["uri"])
        refused = uri.name in self.outside.refuses or not uri.exists()
        if not refused:
            self.outside.loads.append(uri.name)
        self._answer(500 if refused else 200, {"error": "no such flavor"} if refused else {})

    def _answer(self, status: int, body: object) -> None:
        self._bytes(json.dumps(body).encode(), status)

    def _bytes(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def outside(tmp_path, monkeypatch) -> Iterator[Outside]:
    with Outside(("127.0.0.1", 0), Answers) as server:
        server.aliases, server.places, server.objects = {}, {}, {}
        server.refuses, server.loads, server.tokens, server.folder = set(), [], [], tmp_path / "models"
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def follower(outside, said, tmp_path) -> Follower:
    (tmp_path / "token").write_text("of-this-pod\n")
    return Follower(wish(outside, tmp_path), say=said.append)


def wish(outside: Outside, folder: Path, **other: Any) -> Wish:
    return Wish(
        tracking_url=outside.url,
        model="credit-scoring",
        aliases=("challenger", "champion"),
        folder=outside.folder,
        bucket=BUCKET,
        prefix="models/scoring",
        region="eu-central-1",
        suffix="amazonaws.com",
        implementation="mlserver_mlflow.MLflowRuntime",
        files=(),
        reload_url=f"{outside.url}/v2/repository/models/credit-scoring/load",
        token=folder / "token",
        every_seconds=30,
    )._replace(**other)


def register(outside: Outside, version: str, *, alias: str = "champion", where: str = "models/scoring") -> None:
    outside.places[version] = f"s3://{BUCKET}/{where}/{version}"
    outside.objects[f"{where}/{version}/MLmodel"] = f"model {version}".encode()
    outside.objects[f"{where}/{version}/data/model ü.pkl"] = b"x" * 100_000
    outside.aliases[alias] = version


def served(outside: Outside) -> Path:
    return Path(json.loads((outside.folder / "settings" / "model-settings.json").read_text())["parameters"]["uri"])


def test_while_no_version_bears_the_alias_it_waits_and_says_so(follower, outside, said):
    follower.look()

    assert loaded(outside.folder) is None
    assert said == [
        "waiting: no version of the model credit-scoring bears the alias challenger or champion at "
        f"{outside.url}; it is served as soon as one does, nothing is served until then"
    ]


def test_the_first_version_is_there_with_every_file_before_it_says_so(follower, outside, said):
    register(outside, "1")
    follower.look()

    assert loaded(outside.folder) == "1"
    assert (served(outside) / "MLmodel").read_bytes() == b"model 1"
    assert (served(outside) / "data" / "model ü.pkl").stat().st_size == 100_000
    assert outside.loads == [], "the server starts with it and needs no word"
    assert said == ["loaded version 1 of credit-scoring, which bears the alias challenger or champion"]


def test_a_version_that_the_tracking_server_keeps_comes_through_it(follower, outside):
    register(outside, "1", where="7/models/m-1")
    outside.places["1"] = "mlflow-artifacts:/7/models/m-1/1"
    follower.look()

    assert (served(outside) / "MLmodel").read_bytes() == b"model 1"
    assert set(outside.tokens) == {"Bearer of-this-pod"}


def test_a_later_version_takes_the_place_of_the_one_that_is_served(follower, outside):
    register(outside, "1")
    follower.look()
    register(outside, "2")
    follower.look()

    assert outside.loads == ["2"]
    assert (served(outside) / "MLmodel").read_bytes() == b"model 2"
    assert [path.name for path in (outside.folder / "versions").iterdir()] == ["2"]


def test_a_version_that_the_server_refuses_leaves_the_old_one_and_is_not_tried_at_once(follower, outside, said):
    register(outside, "1")
    follower.look()
    register(outside, "2")
    outside.refuses = {"2"}
    follower.look()
    follower.look()

    assert loaded(outside.folder) == "1"
    assert served(outside).name == "1"
    assert (served(outside) / "MLmodel").exists()
    assert [line for line in said if "refused" in line] == [
        'refused: the server did not load version 2 of credit-scoring: {"error": "no such flavor"}; version 1 goes on'
    ]


def test_the_canary_takes_the_challenger_before_the_champion(follower, outside):
    register(outside, "1")
    register(outside, "2", alias="challenger")
    follower.look()

    assert loaded(outside.folder) == "2"


def test_a_model_outside_of_the_endpoints_own_place_is_refused_with_the_place_to_log_it_to(follower, outside, said):
    register(outside, "1", where="models/fraud")
    follower.look()

    assert loaded(outside.folder) is None
    assert f"s3://{BUCKET}/models/fraud/1" in said[0]
    assert f"s3://{BUCKET}/models/scoring/" in said[0]


def test_a_key_that_leads_out_of_the_folder_is_refused(follower, outside, said, tmp_path):
    register(outside, "1")
    outside.objects["models/scoring/1/../../../escaped"] = b"no"
    follower.look()

    assert loaded(outside.folder) is None
    assert "leads out" in said[0]
    assert not list(tmp_path.rglob("escaped"))


def test_a_runtime_that_reads_one_file_is_pointed_at_it(outside, said, tmp_path):
    register(outside, "1")
    outside.objects["models/scoring/1/model.pkl"] = b"pickle"
    Follower(wish(outside, tmp_path, files=("model.pkl", "model.joblib")), say=said.append).look()

    assert served(outside).name == "model.pkl"


def test_a_runtime_that_finds_none_of_its_files_says_what_there_is(outside, said, tmp_path):
    register(outside, "1")
    Follower(wish(outside, tmp_path, files=("model.joblib",)), say=said.append).look()

    assert loaded(outside.folder) is None
    assert "has none of model.joblib, but MLmodel, data" in said[0]


def test_a_tracking_server_that_is_away_is_waited_for(outside, said, tmp_path):
    away = wish(outside, tmp_path, tracking_url="http://127.0.0.1:1")
    Follower(away, say=said.append).look()

    assert said[0].startswith("waiting: http://127.0.0.1:1 or the store does not answer")


def test_the_same_state_is_told_once_in_five_minutes(outside, said, tmp_path):
    now = [0.0]
    follower = Follower(wish(outside, tmp_path), say=said.append, clock=lambda: now[0])
    for now[0] in (0, 30, 60, 299, 330, 360):
        follower.look()

    assert len(said) == 2
