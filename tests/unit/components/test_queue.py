"""What the queues promise."""

from dataclasses import replace

import pytest

from components.queue import PRIORITIES, GpuQueue, QueuedPool, Quota, assigned
from tests.unit.components.instances import INSTANCES
from tests.unit.deploy import deploy


def gpus(units, reserved=0, resource="nvidia.com/gpu"):
    return QueuedPool(units=units, reserved=reserved, resource=resource)


def quota(gpus, borrow=True):
    return Quota(gpus=gpus, cpus=32, memory_gib=128, borrow=borrow)


ARGS = replace(
    next(i.args for i in INSTANCES if i.component is GpuQueue),
    pools={"train": gpus(8), "serve": gpus(4, reserved=3)},
    teams={"scoring": quota(4), "fraud": quota(3)},
)


def made(args=ARGS):
    """Specs by kind and name."""
    found = {}
    for r in deploy(lambda: GpuQueue("q", args)):
        kind, name = r.type.rpartition(":")[2], r.inputs["metadata"]["name"]
        assert r.type.startswith("kubernetes:kueue.x-k8s.io/v1beta1:")
        found.setdefault(kind, {})[name] = r.inputs.get("spec", r.inputs)
    return found


def quotas(spec):
    """(nominal quota, borrowing limit, lending limit) by flavor and resource."""
    return {
        (flavor["name"], resource["name"]): (
            resource["nominalQuota"],
            resource.get("borrowingLimit"),
            resource.get("lendingLimit"),
        )
        for group in spec["resourceGroups"]
        for flavor in group["flavors"]
        for resource in flavor["resources"]
    }


def test_a_flavor_is_a_pool_and_sends_work_there_through_its_taint():
    flavor = made()["ResourceFlavor"]["train"]
    assert flavor["nodeLabels"] == {"seedbed.dev/pool": "train"}
    assert flavor["nodeTaints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
    assert flavor["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def test_a_team_has_its_quota_and_may_borrow_what_others_leave():
    assert quotas(made()["ClusterQueue"]["scoring"]) == {
        ("train", "nvidia.com/gpu"): ("4", None, None),
        ("serve", "nvidia.com/gpu"): ("0", None, None),
        ("any-pool", "cpu"): ("32", None, None),
        ("any-pool", "memory"): ("128Gi", None, None),
    }


def test_a_team_that_may_not_borrow_has_its_quota_and_no_more():
    spec = made(replace(ARGS, teams={"scoring": quota(4, borrow=False)}))["ClusterQueue"]["scoring"]
    assert {borrowing for _, borrowing, _ in quotas(spec).values()} == {"0"}


def test_what_is_lent_comes_back_at_once():
    preemption = made()["ClusterQueue"]["scoring"]["preemption"]
    assert preemption["reclaimWithinCohort"] == "Any"
    assert preemption["borrowWithinCohort"] == {"policy": "Never"}


def test_all_queues_are_in_one_cohort_that_holds_what_no_team_was_promised():
    there = made()
    assert {spec["cohort"] for spec in there["ClusterQueue"].values()} == {"seedbed-test"}
    assert quotas(there["Cohort"]["seedbed-test"]) == {
        ("train", "nvidia.com/gpu"): ("1", None, None),
        ("serve", "nvidia.com/gpu"): ("1", None, None),
    }


def test_what_endpoints_need_is_never_lent():
    assert quotas(made()["ClusterQueue"]["serving"]) == {
        ("train", "nvidia.com/gpu"): ("0", "0", "0"),
        ("serve", "nvidia.com/gpu"): ("3", "0", "0"),
        ("any-pool", "cpu"): ("8", "0", "0"),
        ("any-pool", "memory"): ("16Gi", "0", "0"),
    }


def test_all_queues_and_the_cohort_together_have_exactly_what_the_pools_have():
    there = made()
    total = dict.fromkeys(ARGS.pools, 0)
    for spec in [*there["ClusterQueue"].values(), *there["Cohort"].values()]:
        for (flavor, _), (nominal, _, _) in quotas(spec).items():
            if flavor in total:
                total[flavor] += int(nominal)
    assert total == {name: pool["units"] for name, pool in ARGS.pools.items()}


def test_a_queue_takes_the_work_of_its_own_namespace():
    queues = made()["ClusterQueue"]
    namespaces = {name: spec["namespaceSelector"]["matchExpressions"][0]["values"] for name, spec in queues.items()}
    assert namespaces == {"scoring": ["scoring"], "fraud": ["fraud"], "serving": ["scoring", "fraud"]}


def test_every_flavor_of_a_group_names_every_resource():
    there = made(replace(ARGS, pools={"train": gpus(8), "mig": gpus(4, resource="nvidia.com/mig-3g.20gb")}))
    spec = there["ClusterQueue"]["scoring"]
    for group in [*spec["resourceGroups"], *there["Cohort"]["seedbed-test"]["resourceGroups"]]:
        for flavor in group["flavors"]:
            assert [r["name"] for r in flavor["resources"]] == group["coveredResources"]
    assert quotas(spec)["mig", "nvidia.com/gpu"] == ("0", None, None)


def test_without_gpus_there_are_queues_for_the_rest():
    there = made(replace(ARGS, pools={}, teams={"scoring": quota(0)}))
    assert set(quotas(there["ClusterQueue"]["scoring"])) == {("any-pool", "cpu"), ("any-pool", "memory")}
    assert there["Cohort"]["seedbed-test"] == {}


def test_a_notebook_goes_before_training():
    values = {name: spec["value"] for name, spec in made()["WorkloadPriorityClass"].items()}
    assert values == PRIORITIES
    assert values["notebook"] > values["training"]


def test_quotas_fill_the_pools_in_their_order_and_promise_nothing_twice():
    pools = {"a": gpus(4), "b": gpus(6, reserved=1)}
    parts = assigned(pools, {"one": 3, "two": 4, "three": 2})
    assert parts == {"a": {"one": 3, "two": 1, "three": 0}, "b": {"one": 0, "two": 3, "three": 2}}


def test_quotas_of_more_than_there_is_are_refused_with_the_sums():
    with pytest.raises(ValueError, match=r"quotas of 9 GPUs \(one 5, two 4\), and the pools have 8 for teams"):
        assigned({"a": gpus(8)}, {"one": 5, "two": 4, "none": 0})


def test_endpoints_that_keep_more_than_a_pool_has_are_refused():
    with pytest.raises(ValueError, match="endpoints keep 5 GPUs of a pool that has 4"):
        assigned({"a": gpus(4, reserved=5)}, {})
