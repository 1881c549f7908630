"""One day of all pools: they are at rest, are asked for nodes, are brought to their caps, settle and are left."""

import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stacks.instances import pool_types, units, usd
from stacks.settings import load
from tests.integration.house import ROOT, House
from tests.integration.workloads import GPU, POOL, Object, Workloads, condition, label, name_of, running, template

SETTINGS = load(ROOT / "Pulumi.local.yaml")
POOLS = {pool.name: pool for pool in SETTINGS.environment.pools}
NAMESPACE = "day-of-pools"
BURST = 50
IDLE_SECONDS = 60 * max(pool.idle_minutes for pool in POOLS.values())
LATE_SECONDS = 90
"""How much later than its idle minutes a node may go: who takes it away looks every ten seconds, and drains it."""


class Picture(NamedTuple):
    """What there was at one time."""

    nodes: list[Object]
    pods: list[Object]
    strangers: list[Object]
    """Pods that did not come with the day: the environment's own."""

    events: list[tuple[str, str, str]]

    def of(self, app: str) -> list[Object]:
        """Pods of a deployment."""
        return [one for one in self.pods if label(one, "app") == app]

    def under(self, app: str) -> list[Object]:
        """The nodes on which pods of a deployment run."""
        names = {one["spec"].get("nodeName") for one in self.of(app)}
        return [one for one in self.nodes if name_of(one) in names]

    def sizes(self) -> dict[str, int]:
        """Nodes by pool."""
        there = [label(one, POOL) for one in self.nodes]
        return {pool: there.count(pool) for pool in POOLS}

    def usd(self, app: str) -> float:
        """An hour of the nodes under a deployment, in US dollars."""
        prices = [usd(kind(one), SETTINGS.region, capacity(one)) for one in self.under(app)]
        return round(sum(price or 0 for price in prices), 6)


@dataclass
class Day:
    """What was seen, in this order."""

    rest: Picture
    """Before anything was asked for."""

    served: int
    """GPUs that the environment's own pods ask of the pool `serve`."""

    asked: Picture = field(init=False)
    """With pods in every pool, and some that no pool takes."""

    sold_out: Picture = field(init=False)
    """While EC2 had no spot instance for `train`, and more was wanted of `serve` and `inference-mig` than they have."""

    full: Picture = field(init=False)
    """With spot back, and more wanted of `train` than it has."""

    settled: Picture = field(init=False)
    """When the burst was on the cheapest nodes, or did not come there in time; and more was wanted of `general`."""

    seconds: dict[str, float] = field(default_factory=dict)
    """How long each part took."""

    gone: dict[str, float] = field(default_factory=dict)
    """Seconds after the pods were taken away until each pool was as before."""


def kind(node: Object) -> str:
    return label(node, "node.kubernetes.io/instance-type") or ""


def capacity(node: Object) -> str:
    """How a node was bought, as Karpenter names it."""
    own = label(node, "eks.amazonaws.com/capacityType") or ""
    return label(node, "karpenter.sh/capacity-type") or own.lower().replace("_", "-")


def deployment(app: str, pool: str, replicas: int = 1, **more: Any) -> Object:
    selector = {POOL: pool, **more.pop("selector", {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": app, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": app}},
            "template": template(app, selector, **more),
        },
    }


class Course:
    """Lets the day pass. What does not come true in time is left as it is: the tests say what was missing."""

    def __init__(self, house: House, cheapest: float) -> None:
        """`cheapest` is what the burst costs an hour on the best nodes, in US dollars."""
        self._house, self._cheapest = house, cheapest
        self._there = Workloads(house, SETTINGS.prefix)
        self._made: list[Object] = []
        self._namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}

    def run(self) -> Day:
        there = self._there
        there.wait(lambda: not there.idle_nodes(), IDLE_SECONDS + LATE_SECONDS)
        there.make(self._namespace)
        day = Day(self._look(), self._served())
        for part in (self._ask, self._sell_out, self._fill, self._settle, self._leave):
            start = time.monotonic()
            part(day)
            day.seconds[part.__name__.strip("_")] = round(time.monotonic() - start, 1)
        return day

    def end(self) -> None:
        """Everything is as before the day."""
        self._house.control("DELETE", "market")
        self._there.drop(*self._made)
        self._there.drop(self._namespace)
        self._there.wait(lambda: not self._there.idle_nodes(), IDLE_SECONDS + LATE_SECONDS)

    def _ask(self, day: Day) -> None:
        self._make(
            deployment("train", "train", gpus=1, selector={"seedbed.dev/accelerator": "a10g"}),
            deployment("serve", "serve", (POOLS["serve"].max_gpus or 0) - day.served, gpus=1),
            # Two pods with half of the parts each fill its one node.
            deployment("inference-mig", "inference-mig", 2, gpus=units(POOLS["inference-mig"]) // 2),
            deployment("general", "general", BURST, cpu="1"),
            deployment("wrong-accelerator", "train", gpus=1, selector={"seedbed.dev/accelerator": "h100"}),
            deployment("no-such-pool", "nobodys", gpus=1),
        )
        self._until_running(*POOLS)
        self._until_said("wrong-accelerator", "no-such-pool")
        day.asked = self._look()

    def _sell_out(self, day: Day) -> None:
        for one in pool_types(POOLS["train"]):
            self._house.control("POST", "market", {"capacityType": "spot", "instanceType": one})
        self._make(
            deployment("train-on-demand", "train", gpus=1),
            deployment("serve-more", "serve", gpus=1),
            deployment("inference-mig-more", "inference-mig", gpus=1),
        )
        self._until_running("train-on-demand")
        self._until_said("serve-more", "inference-mig-more")
        day.sold_out = self._look()
        self._house.control("DELETE", "market")

    def _fill(self, day: Day) -> None:
        self._make(deployment("train-rest", "train", (POOLS["train"].max_gpus or 0) - 2, gpus=1))
        self._until_running("train-rest")
        self._make(deployment("train-more", "train", gpus=1))
        self._until_said("train-more")
        day.full = self._look()

    def _settle(self, day: Day) -> None:
        self._there.waited(lambda: self._look().usd("general") <= self._cheapest, 180)
        # What the burst leaves of the cap is room for one of these.
        self._make(deployment("general-more", "general", 2, cpu="7"))
        self._there.waited(lambda: running(self._look().of("general-more")), 60)
        self._until_said("general-more")
        day.settled = self._look()

    def _leave(self, day: Day) -> None:
        start, before = time.monotonic(), day.rest.sizes()
        self._there.drop(*self._made)

        def has_gone() -> bool:
            for pool, size in self._look().sizes().items():
                if size <= before[pool]:
                    day.gone.setdefault(pool, round(time.monotonic() - start, 1))
            return set(day.gone) == set(POOLS)

        self._there.waited(has_gone, IDLE_SECONDS + LATE_SECONDS)

    def _make(self, *documents: Object) -> None:
        self._made.extend(documents)
        self._there.make(*documents)

    def _look(self) -> Picture:
        there = self._there
        strangers = [one for one in there.items("/api/v1/pods") if one["metadata"]["namespace"] != NAMESPACE]
        return Picture(there.nodes(), there.pods(NAMESPACE), strangers, there.events(NAMESPACE))

    def _until_running(self, *apps: str) -> None:
        wanted = {name_of(one): one["spec"]["replicas"] for one in self._made}

        def all_run() -> bool:
            there = self._look()
            return all(len(running(there.of(app))) == wanted[app] for app in apps)

        self._there.waited(all_run, 120)

    def _until_said(self, *apps: str) -> None:
        """Until somebody who adds nodes has said why none comes for a deployment."""

        def all_said() -> bool:
            there = self._look()
            return all(reasons(there, app) for app in apps)

        self._there.waited(all_said, 60)

    def _served(self) -> int:
        asked = [
            int(one["resources"].get("limits", {}).get(GPU, 0))
            for pod in self._there.items("/api/v1/pods")
            if (pod["spec"].get("nodeSelector") or {}).get(POOL) == "serve"
            for one in pod["spec"]["containers"]
        ]
        return sum(asked)


def reasons(there: Picture, app: str) -> str:
    """Why a pod of a deployment gets no node: what Karpenter says of pools of its own, or the autoscaler of groups."""
    parts = [text for name, why, text in there.events if name.startswith(f"{app}-") and _is_of_nodes(why, text)]
    return "\n".join(parts)


def _is_of_nodes(reason: str, text: str) -> bool:
    # The scheduler's own event has the same name as Karpenter's.
    return reason == "NotTriggerScaleUp" or (reason == "FailedScheduling" and "nodes are available" not in text)


def waits(there: Picture, app: str) -> bool:
    """Whether one pod of a deployment is pending, and the scheduler says that it finds no node."""
    pending = [one for one in there.of(app) if one["status"]["phase"] == "Pending"]
    said = [condition(one, "PodScheduled") for one in pending]
    return [(one.get("status"), one.get("reason")) for one in said] == [("False", "Unschedulable")]
