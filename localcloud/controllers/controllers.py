"""What runs in one cluster beside its control plane."""

import json
import threading
from typing import TYPE_CHECKING, Any

from localcloud.clusters import hooks
from localcloud.controllers import auto_mode, egress
from localcloud.controllers.cert_manager import ADD_ON, CertManager
from localcloud.controllers.empty_api import EmptyApi
from localcloud.controllers.karpenter import Karpenter
from localcloud.controllers.market import Market
from localcloud.controllers.model_loader import ModelLoader
from localcloud.controllers.node_group_scaler import NodeGroupScaler
from localcloud.controllers.pods import Pods
from localcloud.refusal import Answer

if TYPE_CHECKING:
    from localcloud.clusters.cluster import LiveCluster


class Controllers:
    """Karpenter, the scaler of node groups, programs of pods with the way to their webhooks, the loader of
    models, and the add-on cert-manager, for one cluster."""

    def __init__(self, cluster: "LiveCluster") -> None:
        self._cluster = cluster
        self.market = Market(cluster.site.state)
        self.karpenter = Karpenter(cluster, self.market)
        self._pods = Pods(cluster)
        self._scaler = NodeGroupScaler(cluster, self.market)
        self._models = ModelLoader(cluster)
        self._certificates: CertManager | None = None
        self._nothing: EmptyApi | None = None
        self._following, self._opening = threading.Lock(), threading.Lock()
        self._egress = egress.socket_name(cluster.folder)
        self._proxy = egress.Proxy(self._egress, self._route)

    def flags(self) -> list[str]:
        """Flags of the API server: the way into the cluster leads through our proxy."""
        file = self._cluster.folder / "egress.json"
        file.write_text(egress.configuration(self._egress))
        return [f"--egress-selector-config-file={file}"]

    def start(self) -> None:
        """The API server answers. Raises ApiError."""
        self.follow()
        self._pods.start()
        self._scaler.start()
        self._models.start()

    def follow(self) -> None:
        """The account's record of the cluster has changed. Raises ApiError."""
        with self._following:
            self.karpenter.follow()
            if ADD_ON in self._cluster.record.add_ons and self._cluster.charts is not None:
                if self._certificates is None:
                    self._begin_certificates()
            elif self._certificates is not None:
                self._certificates.stop()
                self._certificates = None

    def stop(self) -> None:
        """The cluster goes down."""
        self._models.stop()
        self._scaler.stop()
        self._pods.stop()
        self.karpenter.stop()
        if self._certificates:
            self._certificates.stop()
        self._proxy.close()
        if self._nothing:
            self._nothing.close()

    def _begin_certificates(self) -> None:
        api, name = self._cluster.api, self._cluster.name
        kinds = auto_mode.definitions(self._cluster.charts, "cert-manager-crds")
        api.apply(
            f"/api/v1/namespaces/{ADD_ON}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ADD_ON}}
        )
        auto_mode.install(api, kinds)
        self._certificates = CertManager(api, lambda said: self._cluster.site.note(f"{name}: {said}"))
        self._certificates.start()

    def _route(self, address: str, port: int) -> int | None:
        """Where a service's address leads: to the port of a program, or to an API with nothing in it."""
        found = self._pods.service_at(address, port)
        if found is None:
            return None
        run, target = found
        if target in run.program.unserved:
            return self._empty_api()
        purpose = run.program.ports.get(target)
        return run.ports[purpose] if purpose else None

    def _empty_api(self) -> int:
        with self._opening:
            if self._nothing is None:
                pair = self._cluster.authority.issue("empty-api", "empty-api", hosts=["127.0.0.1"])
                self._nothing = EmptyApi(self._cluster.port("empty-api"), pair)
            return self._cluster.port("empty-api")


_running: dict[tuple[str, str], Controllers] = {}


def _key(cluster: "LiveCluster") -> tuple[str, str]:
    return cluster.region, cluster.name


@hooks.flags
def _flags(cluster: "LiveCluster") -> list[str]:
    _running[_key(cluster)] = made = Controllers(cluster)
    return made.flags()


@hooks.on_up
def _up(cluster: "LiveCluster") -> None:
    _running[_key(cluster)].start()


@hooks.on_change
def _change(cluster: "LiveCluster") -> None:
    _running[_key(cluster)].follow()


@hooks.on_down
def _down(cluster: "LiveCluster") -> None:
    if found := _running.pop(_key(cluster), None):
        found.stop()


@hooks.on_control
def _control(state: Any, asked: str, body: bytes) -> Answer | None:
    """`GET|POST|DELETE market` and `POST reservations` of an account."""
    market = Market(state)
    orders = {"POST market": market.sell_out, "POST reservations": market.reserve}
    if asked in orders:
        try:
            said = orders[asked](json.loads(body))
        except ValueError as error:
            return Answer(400, _JSON, json.dumps({"error": str(error)}).encode() + b"\n")
    elif asked == "GET market":
        said = market.standing()
    elif asked == "DELETE market":
        said = market.clear()
    else:
        return None
    for one in tuple(_running.values()):
        one.karpenter.look_again()
    return Answer(200, _JSON, json.dumps(said).encode() + b"\n")


_JSON = {"Content-Type": "application/json"}
