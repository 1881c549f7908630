"""What pools promise."""

from dataclasses import replace

import pytest

from components.accelerators import GPU
from components.node_pool import LIFE_HOURS, drain_hours, ranked, whole_parts
from components.pools import CpuPool, GpuPool
from components.restricted_pod import placement
from tests.unit.components.instances import INSTANCES, KEY
from tests.unit.deploy import by_name, deploy

GPUS = replace(
    next(i.args for i in INSTANCES if i.component is GpuPool),
    capacity=["spot", "on-demand"],
    instance_types=["g5.xlarge", "g5.2xlarge"],
    accelerator="a10g",
    gpus_per_node=1,
    max_gpus=8,
    efa=False,
)
CPUS = replace(next(i.args for i in INSTANCES if i.component is CpuPool), capacity=["spot", "on-demand"], efa=False)


def pool(args=GPUS):
    """Spec of the only node pool."""
    (made,) = [r.inputs for r in deploy(lambda: GpuPool("p", args)) if r.type == "kubernetes:karpenter.sh/v1:NodePool"]
    return made["spec"]


def node_class(args=GPUS):
    (made,) = [r.inputs for r in deploy(lambda: GpuPool("p", args)) if r.type.endswith(":NodeClass")]
    return made["spec"]


def wanted(spec):
    """Allowed values by label."""
    return {r["key"]: r["values"] for r in spec["template"]["spec"]["requirements"]}


def test_a_pool_has_exactly_the_named_instance_types():
    assert wanted(pool())["node.kubernetes.io/instance-type"] == ["g5.xlarge", "g5.2xlarge"]


def test_nodes_bear_the_pool_the_accelerator_and_the_purpose():
    assert pool()["template"]["metadata"]["labels"] == {
        "seedbed.dev/pool": "train",
        "seedbed.dev/accelerator": "a10g",
        "seedbed.dev/purpose": "any",
    }


def test_a_pod_without_gpus_stays_away_from_gpus():
    assert pool()["template"]["spec"]["taints"] == [{"key": GPU, "value": "present", "effect": "NoSchedule"}]


def test_the_cap_is_in_gpus():
    assert pool()["limits"] == {"nvidia.com/gpu": "8"}


def test_the_cap_of_a_pool_without_gpus_is_in_vcpus_and_only_pods_that_ask_for_it_run_there():
    spec = by_name(lambda: CpuPool("p", CPUS))["p-nodes-spot-on-demand"]["spec"]
    assert spec["limits"] == {"cpu": "24"}
    taint = {"key": "seedbed.dev/pool", "value": CPUS.pool_name, "effect": "NoSchedule"}
    assert spec["template"]["spec"]["taints"] == [taint]
    asking = {"key": "seedbed.dev/pool", "operator": "Equal", "value": CPUS.pool_name, "effect": "NoSchedule"}
    assert placement(CPUS.pool_name, gpus=0)["tolerations"] == [asking]


def test_training_is_never_moved_and_an_endpoint_is():
    policies = {
        purpose: pool(replace(GPUS, purpose=purpose))["disruption"]["consolidationPolicy"]
        for purpose in ("training", "serving", "any")
    }
    assert policies == {
        "training": "WhenEmpty",
        "serving": "WhenEmptyOrUnderutilized",
        "any": "WhenEmptyOrUnderutilized",
    }


def test_idle_nodes_all_go_at_once_when_their_time_is_over():
    disruption = pool()["disruption"]
    assert disruption["consolidateAfter"] == "10m"
    assert {"nodes": "100%", "reasons": ["Empty"]} in disruption["budgets"]


def test_a_node_has_an_age_and_a_time_to_drain_that_auto_mode_allows():
    spec = pool(replace(GPUS, max_age_hours=480))["template"]["spec"]
    assert (spec["expireAfter"], spec["terminationGracePeriod"]) == ("480h", "24h")
    assert all(age + drain_hours(age) <= LIFE_HOURS for age in (1, 336, 480, 481, 503))


def test_nodes_are_private_and_encrypted_with_the_environments_key():
    assert node_class()["ephemeralStorage"] == {"size": "100Gi", "kmsKeyID": KEY}
    assert node_class()["subnetSelectorTerms"] == [{"id": "subnet-1"}, {"id": "subnet-2"}]
    assert node_class()["securityGroupSelectorTerms"] == [{"id": "sg-1"}]
    assert node_class()["role"] == "seedbed-test-node"


def test_network_policies_hold_on_the_nodes():
    assert node_class()["networkPolicy"] == "DefaultAllow"
    assert node_class()["networkPolicyEventLogs"] == "Enabled"


def test_only_a_pool_with_reservations_selects_some():
    assert "capacityReservationSelectorTerms" not in node_class()
    reserved = replace(GPUS, capacity=["reserved", "spot"], reservation_ids=["cr-0a"])
    assert node_class(reserved)["capacityReservationSelectorTerms"] == [{"id": "cr-0a"}]
    assert wanted(pool(reserved))["karpenter.sh/capacity-type"] == ["reserved", "spot"]


def test_a_pool_with_a_zone_has_no_node_elsewhere():
    assert "topology.kubernetes.io/zone" not in wanted(pool())
    assert wanted(pool(replace(GPUS, zone="eu-central-1a")))["topology.kubernetes.io/zone"] == ["eu-central-1a"]


def test_nodes_with_efa_speak_freely_with_each_other_and_nobody_else():
    there = {r.name: r.inputs for r in deploy(lambda: GpuPool("p", replace(GPUS, efa=True)))}
    assert there["p-nodes-class"]["spec"]["securityGroupSelectorTerms"] == [
        {"id": "sg-1"},
        {"id": "p-nodes-efa-group-id"},
    ]
    for rule in ("p-nodes-efa-in", "p-nodes-efa-out"):
        assert (there[rule]["ipProtocol"], there[rule]["referencedSecurityGroupId"]) == ("-1", "p-nodes-efa-group-id")
        assert "cidrIpv4" not in there[rule]


def test_a_node_class_is_there_before_its_pool_and_gone_after_it():
    there = {r.name: r for r in deploy(lambda: GpuPool("p", GPUS))}
    assert any(urn.endswith("::p-nodes-class") for urn in there["p-nodes-spot-on-demand"].depends_on)
    annotations = there["p-nodes-spot-on-demand"].inputs["metadata"]["annotations"]
    assert annotations["pulumi.com/deletionPropagationPolicy"] == "foreground"


@pytest.mark.parametrize(
    "order",
    [["spot"], ["on-demand"], ["spot", "on-demand"], ["reserved", "on-demand"], ["reserved", "spot", "on-demand"]],
)
def test_karpenters_own_order_needs_one_node_pool_and_no_weight(order):
    (one,) = ranked("train", order, 8, 1)
    assert (one.name, one.capacity, one.weight, one.limit) == ("train", tuple(order), None, 8)


@pytest.mark.parametrize(
    "order",
    [["on-demand", "spot"], ["spot", "reserved"], ["on-demand", "reserved", "spot"], ["spot", "on-demand", "reserved"]],
)
def test_any_other_order_is_kept_by_weights(order):
    pools = ranked("train", order, 9, 1)
    assert [p.capacity for p in pools] == [(kind,) for kind in order]
    weights = [p.weight or 0 for p in pools]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == len(order)
    assert all(1 <= weight <= 100 for weight in weights)


@pytest.mark.parametrize(("most", "step", "parts"), [(8, 1, 2), (9, 1, 2), (24, 8, 2), (26, 8, 3), (5, 1, 3)])
def test_several_node_pools_together_never_pass_the_cap(most, step, parts):
    shares = whole_parts(most, step, parts)
    assert sum(shares) == most - most % step
    assert all(share > 0 and share % step == 0 for share in shares)
    assert max(shares) - min(shares) <= step
    assert shares == sorted(shares, reverse=True)


def test_a_cap_without_room_for_a_node_of_each_is_refused():
    with pytest.raises(ValueError, match="a cap of 8 is 1 nodes of 8 each, and 2 groups need at least one each"):
        whole_parts(8, 8, 2)
