"""Requests to AWS, signed without an SDK."""

import datetime
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from lifecycle import aws_requests


class Agent(BaseHTTPRequestHandler):
    """The pod identity agent: it knows a pod by its token."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "of-this-pod"
        body = json.dumps({"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c"}).encode()
        self.send_response(200 if known else 403)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("token", [None, "session"])
@pytest.mark.parametrize("path", ["a/b%20c?list-type=2&prefix=x%2Fy", "a/%C3%BC.pkl", ""])
def test_requests_are_signed_as_botocore_signs_them(token, path):
    url = f"https://bucket.s3.eu-central-1.amazonaws.com/{path}"
    now = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
    ours = aws_requests.signed(
        "GET", url, service="s3", region="eu-central-1", given=aws_requests.Credentials("key", "secret", token), now=now
    )
    theirs = AWSRequest("GET", url)
    theirs.context["timestamp"] = now.strftime("%Y%m%dT%H%M%SZ")
    auth = S3SigV4Auth(BotoCredentials("key", "secret", token), "s3", "eu-central-1")
    for name, value in ours.header_items():
        if name.lower().startswith("x-amz"):
            theirs.headers[name.lower()] = value
    signature = auth.signature(auth.string_to_sign(theirs, auth.canonical_request(theirs)), theirs)

    assert str(ours.get_header("Authorization")).endswith(f"Signature={signature}")


def test_a_pod_signs_with_what_the_agent_hands_out(monkeypatch, tmp_path):
    (tmp_path / "token").write_text("of-this-pod\n")
    with HTTPServer(("127.0.0.1", 0), Agent) as agent:
        monkeypatch.setenv(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{agent.server_address[1]}/v1/credentials"
        )
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
        thread = threading.Thread(target=agent.handle_request)
        thread.start()

        assert aws_requests.credentials() == ("a", "b", "c")
        thread.join()


def test_a_pod_without_an_identity_is_told_what_it_lacks(monkeypatch):
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", raising=False)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)

    with pytest.raises(LookupError, match="needs a pod identity association"):
        aws_requests.credentials()


def test_a_bucket_has_the_host_of_its_region(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)

    assert aws_requests.bucket_url("b", "cn-north-1", "amazonaws.com.cn") == "https://b.s3.cn-north-1.amazonaws.com.cn"
