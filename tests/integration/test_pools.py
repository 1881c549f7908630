"""The shipped pools with the real Karpenter and the local autoscaler, as a day of them shows in Kubernetes."""

from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from localcloud.clusters.instances import read
from stacks.instances import TABLE, pool_types, table, units, usd
from tests.integration.day_of_pools import (
    BURST,
    LATE_SECONDS,
    POOLS,
    SETTINGS,
    Course,
    Day,
    Picture,
    capacity,
    kind,
    reasons,
    waits,
)
from tests.integration.house import House
from tests.integration.workloads import GPU, POOL, Object, label, name_of, running

NOBODYS = ("train", "inference-mig", "general")
"""Pools that the environment's own pods do not use."""

MILLI = 1000


@pytest.fixture(scope="module")
def day(whole_for_a_file: House) -> Iterator[Day]:
    course = Course(whole_for_a_file, cheapest("general", BURST))
    try:
        yield course.run()
    finally:
        course.end()


def room(instance_type: str) -> int:
    """Pods of one vCPU that a node of a type takes beside what it keeps for itself."""
    one = read(TABLE)[instance_type]
    left = one.allocatable(one.capacity())
    return min(int(left["cpu"].removesuffix("m")) // MILLI, one.pods)


def cheapest(pool: str, pods: int) -> float:
    """The lowest price an hour, in US dollars, of all sets of nodes of a pool that take so many pods of one vCPU,
    bought in the preferred way."""
    types = pool_types(POOLS[pool])
    offers = [(usd(one, SETTINGS.region, POOLS[pool].capacity[0]) or 0, room(one)) for one in types]

    @cache
    def least(wanted: int) -> float:
        return min(price + least(wanted - takes) for price, takes in offers) if wanted > 0 else 0

    return round(least(pods), 6)


def gpus(nodes: Sequence[Object]) -> int:
    return sum(int(one["status"]["capacity"].get(GPU, 0)) for one in nodes)


@pytest.mark.parametrize("pool", NOBODYS)
def test_a_pool_that_nobody_uses_has_no_node(day, pool):
    assert day.rest.sizes()[pool] == 0


@pytest.mark.parametrize("pool", POOLS)
def test_a_pod_that_asks_for_a_pool_runs_there_and_only_there(day, pool):
    wanted = len(day.asked.of(pool))
    assert wanted
    assert len(running(day.asked.of(pool))) == wanted
    for node in day.asked.under(pool):
        assert label(node, POOL) == pool
        assert kind(node) in pool_types(POOLS[pool])
        assert capacity(node) == POOLS[pool].capacity[0], "the preferred way to buy comes first"
    on_pool = {name_of(one) for one in day.asked.nodes if label(one, POOL) == pool}
    strangers = {label(one, "app") for one in day.asked.pods if one["spec"].get("nodeName") in on_pool} - {pool}
    assert strangers == set()


@pytest.mark.parametrize("pool", NOBODYS)
def test_a_pod_that_does_not_ask_for_a_pool_does_not_run_there(day, pool):
    """What the cluster itself runs is not moved to nodes of a pool, although they are there and cheaper."""
    on_pool = {name_of(one) for one in day.settled.nodes if label(one, POOL) == pool}
    assert on_pool
    assert [name_of(one) for one in day.settled.strangers if one["spec"].get("nodeName") in on_pool] == []


def test_a_controller_that_is_alone_is_not_moved_to_save_a_node(day):
    def controllers(seen: Picture) -> set[str]:
        return {name_of(one) for one in seen.strangers if one["metadata"]["namespace"] in ("kueue-system", "kserve")}

    assert len(controllers(day.rest)) == 2
    assert controllers(day.settled) == controllers(day.rest)


@pytest.mark.parametrize("pool", NOBODYS)
def test_a_pool_comes_up_from_nothing_with_no_more_nodes_than_its_pods_need(day, pool):
    there = [one for one in day.asked.nodes if label(one, POOL) == pool]
    assert there == day.asked.under(pool)
    assert there
    if POOLS[pool].accelerator:
        assert len(there) == 1


def test_a_partitioned_node_offers_the_parts_of_its_gpus(day):
    (node,) = day.asked.under("inference-mig")
    assert node["status"]["capacity"][GPU] == str(units(POOLS["inference-mig"]))


def test_a_pod_with_a_wrong_accelerator_waits_and_is_told_why(day):
    assert waits(day.asked, "wrong-accelerator")
    assert waits(day.settled, "wrong-accelerator")
    assert "seedbed.dev/accelerator" in reasons(day.asked, "wrong-accelerator")


def test_a_pod_of_a_pool_that_does_not_exist_waits_and_is_told_why(day):
    assert waits(day.asked, "no-such-pool")
    assert waits(day.settled, "no-such-pool")
    assert "nobodys" in reasons(day.asked, "no-such-pool")


def test_on_demand_is_taken_while_spot_is_sold_out_and_spot_again_when_it_is_back(day):
    (node,) = day.sold_out.under("train-on-demand")
    assert capacity(node) == "on-demand"
    assert kind(node) in pool_types(POOLS["train"])
    later = day.full.under("train-rest")
    assert {capacity(one) for one in later} == {"spot"}


def test_a_pool_of_gpus_of_karpenter_goes_no_further_than_its_cap(day):
    for pool, app, there in (("train", "train-more", day.full), ("serve", "serve-more", day.sold_out)):
        nodes = [one for one in there.nodes if label(one, POOL) == pool]
        assert gpus(nodes) == POOLS[pool].max_gpus
        assert waits(there, app)
        assert f"exceed limits for nodepool (NodePool={pool})" in reasons(there, app)
        assert waits(day.settled, app)


def test_a_pool_of_a_node_group_goes_no_further_than_its_cap(day):
    pool = POOLS["inference-mig"]
    nodes = [one for one in day.settled.nodes if label(one, POOL) == "inference-mig"]
    assert sum(table()[kind(one)].gpus for one in nodes) == pool.max_gpus
    assert waits(day.settled, "inference-mig-more")
    assert "max node group size reached" in reasons(day.sold_out, "inference-mig-more")


def test_a_pool_of_cpus_goes_no_further_than_its_cap(day):
    nodes = [one for one in day.settled.nodes if label(one, POOL) == "general"]
    assert sum(table()[kind(one)].vcpus for one in nodes) == POOLS["general"].max_cpus
    assert waits(day.settled, "general-more")
    assert "exceed limits for nodepool (NodePool=general)" in reasons(day.settled, "general-more")


def test_a_burst_of_pods_ends_on_the_cheapest_set_of_nodes(day):
    """Compared are two prices an hour: that of the nodes on which the burst runs, after Karpenter has had three minutes
    to put it on fewer or smaller ones, and the lowest of all sets of the pool's types that have room for it, given what
    each node keeps for itself."""
    assert len(running(day.asked.of("general"))) == BURST
    assert len(running(day.settled.of("general"))) == BURST
    assert day.settled.usd("general") == cheapest("general", BURST)
    there = day.settled.under("general")
    own = {kind(one): one["status"]["allocatable"]["cpu"] for one in there}
    one = read(TABLE)
    assert own == {name: one[name].allocatable(one[name].capacity())["cpu"] for name in own}


@pytest.mark.parametrize("pool", POOLS)
def test_a_pool_is_as_before_when_its_idle_minutes_are_over(day, pool):
    seconds = 60 * POOLS[pool].idle_minutes
    assert seconds <= day.gone[pool] <= seconds + LATE_SECONDS
