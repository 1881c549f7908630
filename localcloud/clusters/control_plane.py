"""The programs of a control plane, and how each is told what it needs."""

import ipaddress
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.backends import backend_of
from localcloud.clusters import stages
from localcloud.clusters.authority import Pair

if TYPE_CHECKING:
    from localcloud.clusters.cluster import LiveCluster

AUTHENTICATOR = "/_localcloud/clusters/{region}/{name}/authenticate"
"""Path on the account's own address where the API server has tokens looked at."""

TOKEN_SECONDS = 10
"""How long the API server trusts what it was told of a token; so long an access entry works after its end."""

ENVIRONMENT = {"GOGC": "60"}
"""Go's collector runs more often than by default: half a gigabyte less memory for little time."""

Commands = list[tuple[str, list[str]]]


def stores(cluster: "LiveCluster", more: list[str]) -> Commands:
    """etcd and the API server, which waits for etcd; `more` are flags from hooks."""
    return [("etcd", _etcd(cluster)), ("apiserver", [*_api_server(cluster), *more])]


def controllers(cluster: "LiveCluster") -> Commands:
    """Controller manager and scheduler, and kwok, which plays the nodes' part."""
    return [
        ("controller-manager", _controller_manager(cluster)),
        ("scheduler", _scheduler(cluster)),
        ("kwok", _kwok(cluster)),
    ]


def zones(cluster: "LiveCluster") -> list[str]:
    """The availability zones of the cluster's subnets."""
    ec2 = backend_of("ec2", cluster.account, cluster.region)
    wanted = set(cluster.record.said["resourcesVpcConfig"]["subnetIds"])
    return sorted(zone for zone, subnets in ec2.subnets.items() if wanted & set(subnets))


def write_kubeconfig(cluster: "LiveCluster", file: Path, pair: Pair) -> Path:
    """A kubeconfig of a client with a certificate."""
    user = {"client-certificate": str(pair.certificate), "client-key": str(pair.key)}
    server = {"server": cluster.endpoint, "certificate-authority": str(cluster.authority.own.certificate)}
    return _write_kubeconfig(file, server, user)


def _write_kubeconfig(file: Path, server: dict[str, str], user: dict[str, str]) -> Path:
    config: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "local", "cluster": server}],
        "users": [{"name": "local", "user": user}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": "local"}}],
        "current-context": "local",
    }
    file.write_text(json.dumps(config, indent=1))
    return file


def _etcd(cluster: "LiveCluster") -> list[str]:
    client = f"https://127.0.0.1:{cluster.port('etcd')}"
    peer = f"https://127.0.0.1:{cluster.port('etcd-peer')}"
    pair = cluster.authority.issue("etcd", "etcd", hosts=["127.0.0.1", "localhost"])
    authority = cluster.authority.own.certificate
    return [
        *(str(cluster.programs / "kube"), "etcd"),
        f"--data-dir={cluster.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        *(f"--cert-file={pair.certificate}", f"--key-file={pair.key}", "--client-cert-auth"),
        *(f"--peer-cert-file={pair.certificate}", f"--peer-key-file={pair.key}", "--peer-client-cert-auth"),
        *(f"--trusted-ca-file={authority}", f"--peer-trusted-ca-file={authority}"),
        "--unsafe-no-fsync",  # a kill loses nothing; only the machine's own end could, as with the account's snapshot
        "--log-level=warn",
    ]


def _api_server(cluster: "LiveCluster") -> list[str]:
    services = cluster.record.said["kubernetesNetworkConfig"]["serviceIpv4Cidr"]
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    hosts = ["127.0.0.1", "localhost", *names, str(ipaddress.ip_network(services)[1])]
    serving = cluster.authority.issue("apiserver", "kube-apiserver", hosts=hosts)
    client = cluster.authority.issue("apiserver-etcd", "kube-apiserver")
    authority, signing = cluster.authority.own.certificate, cluster.authority.key("service-accounts")
    authenticator = cluster.site.endpoint() + AUTHENTICATOR.format(region=cluster.region, name=cluster.name)
    webhook = _write_kubeconfig(cluster.folder / "authenticator.kubeconfig", {"server": authenticator}, {})
    return [
        *(str(cluster.programs / "kube"), "apiserver"),
        f"--etcd-servers=https://127.0.0.1:{cluster.port('etcd')}",
        f"--etcd-cafile={authority}",
        f"--etcd-certfile={client.certificate}",
        f"--etcd-keyfile={client.key}",
        f"--secure-port={cluster.port('apiserver')}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",  # a loopback address is refused as an endpoint
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.key}",
        f"--client-ca-file={authority}",
        f"--service-account-issuer={cluster.record.said['identity']['oidc']['issuer']}",
        f"--service-account-signing-key-file={signing}",
        f"--service-account-key-file={signing}",
        f"--authentication-token-webhook-config-file={webhook}",
        "--authentication-token-webhook-version=v1",
        f"--authentication-token-webhook-cache-ttl={TOKEN_SECONDS}s",
        "--authorization-mode=Node,RBAC",
        f"--service-cluster-ip-range={services}",
        "--allow-privileged=true",
        "--profiling=false",
    ]


def _controller_manager(cluster: "LiveCluster") -> list[str]:
    pair = cluster.authority.issue("controller-manager", "system:kube-controller-manager")
    return [
        *(str(cluster.programs / "kube"), "controller-manager"),
        f"--kubeconfig={write_kubeconfig(cluster, cluster.folder / 'controller-manager.kubeconfig', pair)}",
        f"--service-account-private-key-file={cluster.authority.key('service-accounts')}",
        f"--root-ca-file={cluster.authority.own.certificate}",
        f"--cluster-signing-cert-file={cluster.authority.own.certificate}",
        f"--cluster-signing-key-file={cluster.authority.own.key}",
        f"--cluster-name={cluster.name}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={cluster.port('controller-manager')}",
        "--profiling=false",
    ]


def _scheduler(cluster: "LiveCluster") -> list[str]:
    pair = cluster.authority.issue("scheduler", "system:kube-scheduler")
    return [
        *(str(cluster.programs / "kube"), "scheduler"),
        f"--kubeconfig={write_kubeconfig(cluster, cluster.folder / 'scheduler.kubeconfig', pair)}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={cluster.port('scheduler')}",
        "--profiling=false",
    ]


def _kwok(cluster: "LiveCluster") -> list[str]:
    file = cluster.folder / "stages.yaml"
    file.write_text(stages.written(cluster.site.job_seconds))
    return [
        str(cluster.programs / "kwok"),
        f"--kubeconfig={cluster.kubeconfig}",
        f"--config={file}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        f"--server-address=127.0.0.1:{cluster.port('kwok')}",
        "--cidr=100.64.0.0/16",
    ]
