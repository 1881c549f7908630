"""How a client finds a cluster, and says who it is."""

from collections.abc import Mapping, Sequence
from typing import Any


def kubeconfig(
    name: str, endpoint: str, authority: str, sign_in: Sequence[str], variables: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A kubeconfig of one cluster; `authority` is base64, and `sign_in` the command that prints tokens, with
    `variables` added to its environment alone.

    No secret is in it: the command makes a token of the credentials of whoever runs it (Kubernetes documentation,
    "client-go credential plugins").
    """
    command, *arguments = sign_in
    added = [{"name": key, "value": value} for key, value in (variables or {}).items()]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
        "users": [
            {
                "name": name,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": command,
                        "args": arguments,
                        "interactiveMode": "Never",
                        "provideClusterInfo": False,
                        **({"env": added} if added else {}),
                    }
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def sign_in(name: str, region: str, role_arn: str | None) -> list[str]:
    """Command that prints tokens for the cluster `name`, in the role `role_arn` where there is one (EKS user guide,
    "create kubeconfig file manually")."""
    as_whom = ["--role-arn", role_arn] if role_arn else []
    return ["aws", "eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json", *as_whom]
