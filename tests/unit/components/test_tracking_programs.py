"""The programs in a tracking server's pods, run."""

import json
import stat
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from configparser import ConfigParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from components import tracking_credentials, tracking_login
from components.tracking_login import Login, gate, review, shown

SECRET = {"username": "tracking", "password": r"a:b\c#d"}
TEAM = {"namespace": "tracking", "teams": ["scoring"]}


@pytest.fixture
def secret(monkeypatch):
    """A secret as RDS keeps it, in an account of this test's own."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="eu-central-1")
        arn = client.create_secret(Name="rds!db-1", SecretString=json.dumps(SECRET))["ARN"]
        yield client, arn


def about(arn: str, folder: Path, **more) -> dict:
    return {
        "server": "mlflow",
        "secret": arn,
        "host": "one.example.com",
        "port": 5432,
        "region": "eu-central-1",
        "folder": str(folder),
        "database_uri": "postgresql+psycopg://tracking@one.example.com:5432/tracking?passfile=/credentials/pgpass",
        **more,
    }


def test_the_password_goes_into_a_file_for_its_owner_alone(secret, tmp_path):
    tracking_credentials.once(about(secret[1], tmp_path))
    file = tmp_path / "pgpass"
    assert file.read_text() == "one.example.com:5432:*:tracking:a\\:b\\\\c#d\n"
    assert {stat.S_IMODE(f.stat().st_mode) for f in tmp_path.iterdir()} == {0o600}
    assert (tmp_path / "ready").exists()


def test_a_rotated_password_replaces_the_old_one_and_nothing_else(secret, tmp_path):
    client, arn = secret
    tracking_credentials.once(about(arn, tmp_path))
    kept = (tmp_path / "basic_auth.ini").read_text()
    assert tracking_credentials.once(about(arn, tmp_path)) == []
    client.put_secret_value(SecretId=arn, SecretString=json.dumps({**SECRET, "password": "new"}))
    assert tracking_credentials.once(about(arn, tmp_path)) == ["pgpass"]
    assert (tmp_path / "pgpass").read_text().endswith(":tracking:new\n")
    assert (tmp_path / "basic_auth.ini").read_text() == kept


def test_mlflow_is_told_that_nobody_sees_what_is_not_theirs(secret, tmp_path):
    tracking_credentials.once(about(secret[1], tmp_path))
    said = ConfigParser()
    said.read(tmp_path / "basic_auth.ini")
    assert said["mlflow"]["default_permission"] == "NO_PERMISSIONS"
    assert said["mlflow"]["authorization_function"] == "tracking_login:authenticate"
    assert said["mlflow"]["database_uri"].endswith("passfile=/credentials/pgpass")
    assert len(said["mlflow"]["admin_password"]) >= 32
    assert len((tmp_path / "server-key").read_text()) >= 32


def test_two_pods_invent_two_passwords_that_nobody_needs(secret, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        tracking_credentials.once(about(secret[1], tmp_path / name))
    assert (tmp_path / "one" / "server-key").read_text() != (tmp_path / "two" / "server-key").read_text()


def test_modeldb_gets_its_settings_with_user_password_and_aws_credentials(secret, tmp_path):
    settings = {"database": {"DBType": "relational", "RdbConfiguration": {"RdbDriver": "org.postgresql.Driver"}}}
    tracking_credentials.once(about(secret[1], tmp_path, server="modeldb", settings=settings))
    database = json.loads((tmp_path / "config.yaml").read_text())["database"]
    assert database["DBType"] == "relational"
    assert database["RdbConfiguration"] == {
        "RdbDriver": "org.postgresql.Driver",
        "RdbUsername": "tracking",
        "RdbPassword": SECRET["password"],
    }
    profile = ConfigParser()
    profile.read(tmp_path / "aws")
    own = boto3.Session().get_credentials()
    assert own
    assert profile["default"]["aws_access_key_id"] == own.access_key
    assert profile["default"]["aws_secret_access_key"] == own.secret_key


def test_a_secret_that_cannot_be_read_ends_the_container_at_the_start_and_not_later(secret, tmp_path, capsys):
    told = about(f"{secret[1]}-gone", tmp_path, every_seconds=0)
    with pytest.raises(Exception, match="ResourceNotFound"):
        tracking_credentials.main(told)

    (tmp_path / "ready").touch()
    turns = iter([None])

    class EnoughError(Exception):
        pass

    def sleep(seconds: float) -> None:
        if next(turns, "end") == "end":
            raise EnoughError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracking_credentials.time, "sleep", sleep)
        with pytest.raises(EnoughError):
            tracking_credentials.main(told)
    assert capsys.readouterr().out.count("not read") == 2


@pytest.mark.parametrize("program", [tracking_credentials, tracking_login], ids=lambda m: m.__name__)
def test_a_program_needs_nothing_of_ours_where_it_runs(program, tmp_path):
    alone = tmp_path / "alone.py"
    alone.write_text(Path(program.__file__).read_text())
    done = subprocess.run([sys.executable, "-I", "-c", f"import runpy; runpy.run_path({str(alone)!r})"], check=False)
    assert done.returncode == 0


def said(username: str, **more) -> dict:
    return {"authenticated": True, "audiences": ["tracking"], "user": {"username": username}, **more}


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (said("system:serviceaccount:scoring:team"), "scoring"),
        (said("system:serviceaccount:scoring:serve-prices"), "scoring"),
        (said("system:serviceaccount:tracking:admin"), "admin"),
        (said("system:serviceaccount:tracking:tracking"), None),
        (said("system:serviceaccount:fraud:team"), None),
        (said("system:serviceaccount:scoring:team", audiences=["https://kubernetes.default.svc"]), None),
        (said("system:serviceaccount:scoring:team", authenticated=False), None),
        (said("arn:aws:iam::000000000000:user/scoring"), None),
        (said("x:system:serviceaccount:scoring:team"), None),
        ({"error": "invalid bearer token"}, None),
    ],
)
def test_a_token_is_its_namespaces_and_everybody_else_is_a_stranger(status, name):
    assert Login(lambda: TEAM, lambda token: status).of("token") == name


def test_the_cluster_is_asked_once_a_minute_a_token(monkeypatch):
    asked, now = [], [0.0]
    monkeypatch.setattr(tracking_login.time, "monotonic", lambda: now[0])

    def answer(token: str) -> dict:
        asked.append(token)
        return said("system:serviceaccount:scoring:team")

    who = Login(lambda: TEAM, answer)
    assert [who.of("a"), who.of("a"), who.of("b")] == ["scoring"] * 3
    now[0] = 61.0
    who.of("a")
    assert asked == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("header", "password", "token"),
    [("Bearer abc", None, "abc"), ("bearer  abc ", None, "abc"), ("Basic eDpk", "d", "d"), (None, None, None)],
)
def test_a_token_is_shown_as_a_bearer_or_as_a_browsers_password(header, password, token):
    assert shown(header, password) == token


@pytest.fixture
def api(tmp_path):
    """An API server that knows one token; what it was asked is in `asked`."""
    asked: list[tuple[str, dict]] = []

    class Api(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.headers["Authorization"], body))
            status = said("system:serviceaccount:scoring:team") if body["spec"]["token"] == "good" else {}
            self.send_response(201)
            self.end_headers()
            self.wfile.write(json.dumps({"status": status}).encode())

        def log_message(self, format, *args):
            pass

    (tmp_path / "token").write_text("its own\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", tmp_path, asked
        server.shutdown()


def test_the_cluster_is_asked_for_this_audience_with_the_servers_own_token(api):
    url, own, asked = api
    assert review("good", api=url, own=own)["authenticated"] is True
    ((bearer, body),) = asked
    assert bearer == "Bearer its own"
    assert body["spec"] == {"token": "good", "audiences": ["tracking"]}


def test_the_gate_lets_in_who_is_known(api):
    url, own, _ = api
    door = gate(0, Login(lambda: TEAM, lambda token: review(token, api=url, own=own)))
    threading.Thread(target=door.serve_forever).start()
    try:

        def ask(headers: dict[str, str]) -> tuple[int, str | None]:
            request = urllib.request.Request(f"http://127.0.0.1:{door.server_port}/", headers=headers)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, answer.headers["X-Team"]
            except urllib.error.HTTPError as error:
                return error.code, None

        assert ask({"Authorization": "Bearer good"}) == (204, "scoring")
        assert ask({"Authorization": "Bearer bad"}) == (401, None)
        assert ask({}) == (401, None)
    finally:
        door.shutdown()
        door.server_close()
