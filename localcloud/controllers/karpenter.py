"""Karpenter beside a cluster of Auto Mode, as EKS runs it: its kinds, its program, and what it knows of the account."""

import json
from typing import TYPE_CHECKING

from localcloud.controllers import auto_mode, node_classes
from localcloud.controllers.market import Market
from localcloud.controllers.offers import offers
from localcloud.controllers.watching import Loop, Picture

if TYPE_CHECKING:
    from localcloud.clusters.cluster import LiveCluster

NAME = "karpenter"
BOOT = "1s"
"""How long an instance takes to join; in an account it is about 40 seconds."""


class Karpenter:
    """Runs while the cluster's compute is Auto Mode."""

    def __init__(self, cluster: "LiveCluster", market: Market) -> None:
        self._cluster, self._market, self._api = cluster, market, cluster.api
        self._loop = Loop("node classes", self._look, lambda said: cluster.site.note(f"{cluster.name}: {said}"))
        self._classes = Picture(self._api, auto_mode.CLASSES, self._loop.wake)
        self._types = cluster.folder / "instance-types.json"
        self._is_on = False

    def follow(self) -> None:
        """Starts, stops or changes it as the account says now. Raises ApiError."""
        said = self._cluster.record.said
        if said["computeConfig"]["enabled"]:
            if self._cluster.charts is None:
                self._cluster.site.note(f"{self._cluster.name}: Auto Mode stays on paper, as no charts were given")
                return
            if not self._is_on:
                self._begin()
            elif self._write_types():
                self._run()
            auto_mode.arrange(self._api, said)
            self._loop.wake()
        elif self._is_on:
            auto_mode.arrange(self._api, said)
            self._cluster.stop_process(NAME)
            self._is_on = False

    def stop(self) -> None:
        """Ends looking at node classes; the program ends with the cluster's processes."""
        self._classes.stop()
        self._loop.stop()
        if self._is_on:
            self._loop.join()

    def look_again(self) -> None:
        """The market has changed."""
        if self._is_on:
            self._loop.wake()

    def _begin(self) -> None:
        kinds = auto_mode.definitions(self._cluster.charts, "karpenter-crds")
        auto_mode.install(self._api, [*kinds, auto_mode.own_definition()])
        self._write_types()
        self._run()
        self._is_on = True
        self._classes.start()
        self._loop.start()

    def _run(self) -> None:
        cluster = self._cluster
        cluster.run(
            NAME,
            [str(cluster.programs / NAME)],
            {
                "KUBECONFIG": str(cluster.kubeconfig),
                "INSTANCE_TYPES_FILE_PATH": str(self._types),
                "MARKET_FILE_PATH": str(self._market.file),
                "SYSTEM_NAMESPACE": "kube-system",
                "DISABLE_LEADER_ELECTION": "true",
                "METRICS_PORT": str(cluster.port("karpenter-metrics")),
                "HEALTH_PROBE_PORT": str(cluster.port("karpenter-health")),
                "BOOT_TIME": BOOT,
                "GOGC": "60",
            },
        )

    def _write_types(self) -> bool:
        """Whether there is anything new in it."""
        cluster = self._cluster
        wanted = json.dumps(offers(cluster.instances, cluster.region, cluster.zones), indent=1)
        if self._types.exists() and self._types.read_text() == wanted:
            return False
        self._types.write_text(wanted)
        return True

    def _look(self) -> float:
        cluster = self._cluster
        account = node_classes.Account(
            cluster.account, cluster.region, cluster.record.said["resourcesVpcConfig"]["vpcId"]
        )
        reservations = self._market.standing()["reservations"]
        node_classes.look_at(self._api, self._classes.objects(), account, reservations)
        return node_classes.REFRESH_SECONDS
