"""Clients of a cluster that sign in as EKS's do."""

import base64
from types import SimpleNamespace
from typing import Any

import boto3
import kubernetes

REGION = "eu-central-1"


def presigned(
    cluster: str, key: str = "local", secret: str = "local", session: str | None = None, endpoint: str | None = None
) -> str:
    """The signed question to STS inside a token."""
    make: Any = boto3.session.Session(key, secret, session, region_name=REGION).client
    sts = make("sts", endpoint_url=endpoint or f"https://sts.{REGION}.amazonaws.com")
    sts.meta.events.register(
        "before-sign.sts.GetCallerIdentity", lambda request, **_: request.headers.add_header("x-k8s-aws-id", cluster)
    )
    return sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")


def token(cluster: str, **signer: Any) -> str:
    """A token of a key; the arguments are those of `presigned`."""
    return "k8s-aws-v1." + base64.urlsafe_b64encode(presigned(cluster, **signer).encode()).decode().rstrip("=")


KINDS = {
    "core": kubernetes.client.CoreV1Api,
    "apps": kubernetes.client.AppsV1Api,
    "batch": kubernetes.client.BatchV1Api,
    "policy": kubernetes.client.PolicyV1Api,
    "rbac": kubernetes.client.RbacAuthorizationV1Api,
    "authentication": kubernetes.client.AuthenticationV1Api,
    "authorization": kubernetes.client.AuthorizationV1Api,
    "version": kubernetes.client.VersionApi,
}


def client(said: dict[str, Any], bearer: str) -> Any:
    """Kubernetes clients by group of the API, from what DescribeCluster says and a token."""
    made = kubernetes.client.Configuration()
    made.host = said["endpoint"]
    made.ca_cert_data = base64.b64decode(said["certificateAuthority"]["data"]).decode()
    made.api_key = {"authorization": f"Bearer {bearer}"}
    made.retries = False
    api = kubernetes.client.ApiClient(made)
    return SimpleNamespace(**{name: kind(api) for name, kind in KINDS.items()})
