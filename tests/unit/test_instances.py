"""Facts of instance types, and what follows from them for a pool."""

from typing import get_args

import pytest
import yaml
from pydantic import ValidationError

from components import quotas
from stacks import instances
from stacks.file.pools import CPU_TYPES, Accelerator, Pool
from stacks.settings import read
from tests.unit.kubernetes_values import WHOLE

TABLE = instances.table()
CONTENT = yaml.safe_load(instances.TABLE.read_text(encoding="utf-8"))
POOLS = {pool.name: pool for pool in read("dev", WHOLE).environment.pools}


def pool(**given):
    return Pool.model_validate({"name": "pool", **given})


def test_every_accelerator_that_settings_know_is_in_the_table_and_no_other():
    assert {facts.accelerator for facts in TABLE.values() if facts.accelerator} == set(get_args(Accelerator))


def test_every_number_has_a_source_that_the_table_explains():
    sources = CONTENT["meta"]["sources"]
    assert {name for facts in TABLE.values() for name in facts.source.split(", ")} <= set(sources)
    assert all(len(text) > 20 for text in sources.values())


@pytest.mark.parametrize("name", TABLE)
def test_the_facts_of_a_type_agree_with_each_other(name):
    facts = TABLE[name]
    assert facts.vcpus == quotas.vcpus(name)
    assert (facts.accelerator is None) == (facts.gpus == 0) == (facts.gpu_memory_gib == 0)
    assert facts.gpus in (0, 1, 4, 8)
    assert not facts.mig or facts.accelerator
    assert facts.memory_gib >= 2 * facts.vcpus
    of_family = [other for key, other in TABLE.items() if key.partition(".")[0] == name.partition(".")[0]]
    assert {other.accelerator for other in of_family} == {facts.accelerator}
    assert {other.architecture for other in of_family} == {facts.architecture}


@pytest.mark.parametrize("family", sorted({name.partition(".")[0] for name in TABLE}))
def test_a_larger_machine_of_a_family_with_as_many_gpus_costs_more(family):
    of_family = [facts for name, facts in TABLE.items() if name.partition(".")[0] == family and facts.usd]
    for region in {region for facts in of_family for region in facts.usd}:
        for gpus in {facts.gpus for facts in of_family}:
            there = [facts for facts in of_family if facts.gpus == gpus and region in facts.usd]
            prices = [facts.usd[region] for facts in sorted(there, key=lambda facts: facts.vcpus)]
            assert prices == sorted(set(prices))


def test_prices_are_those_that_aws_published():
    assert instances.usd("g5.xlarge", "us-east-1") == 1.006
    assert instances.usd("g5.xlarge", "eu-central-1") == 1.258
    assert instances.usd("m7i.4xlarge", "eu-central-1") == 0.966
    assert instances.usd("g5.xlarge", "us-east-1", "spot") == pytest.approx(0.4024)
    assert instances.usd("g5.xlarge", "us-east-1", "reserved") == 1.006
    assert instances.usd("p5.48xlarge", "eu-central-1") is None


def test_a_gpu_is_cut_into_as_many_parts_as_its_maker_says():
    expected = {
        "a100": {"1g.5gb": 7, "1g.10gb": 4, "2g.10gb": 3, "3g.20gb": 2, "4g.20gb": 1, "7g.40gb": 1},
        "a100-80gb": {"1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1, "7g.80gb": 1},
        "h100": {"1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1, "7g.80gb": 1},
        "h200": {"1g.18gb": 7, "1g.35gb": 4, "2g.35gb": 3, "3g.71gb": 2, "4g.71gb": 1, "7g.141gb": 1},
        "b200": {"1g.23gb": 7, "1g.45gb": 4, "2g.45gb": 3, "3g.90gb": 2, "4g.90gb": 1, "7g.180gb": 1},
    }
    cut = {
        kind: {one: instances.parts(kind, one) for one in instances.profiles(kind)} for kind in get_args(Accelerator)
    }
    assert {kind: profiles for kind, profiles in cut.items() if profiles} == expected


def test_a_profile_that_a_gpu_does_not_have_is_no_number_of_parts():
    with pytest.raises(ValueError, match=r"a10g is not cut into 3g\.20gb; allowed is no profile"):
        instances.parts("a10g", "3g.20gb")
    with pytest.raises(ValueError, match=r"allowed is 1g\.5gb, 1g\.10gb"):
        instances.parts("a100", "3g.40gb")


@pytest.mark.parametrize(
    ("given", "types"),
    [
        ({"accelerator": "a10g", "maxGpus": 8}, ["g5.xlarge", "g5.2xlarge", "g5.4xlarge", "g5.8xlarge", "g5.16xlarge"]),
        ({"accelerator": "a10g", "maxGpus": 8, "efa": True}, ["g5.8xlarge", "g5.16xlarge"]),
        ({"accelerator": "a10g", "perNode": 4, "maxGpus": 8}, ["g5.12xlarge", "g5.24xlarge"]),
        ({"accelerator": "a100", "maxGpus": 8}, ["p4d.24xlarge"]),
        ({"accelerator": "h200", "maxGpus": 8}, ["p5en.48xlarge"]),
        ({"accelerator": "h100", "maxGpus": 8}, ["p5.4xlarge"]),
        ({"maxCpus": 8}, list(CPU_TYPES)),
        ({"maxCpus": 8, "instanceTypes": ["r7i.large", "m7i.large"]}, ["m7i.large", "r7i.large"]),
        ({"maxCpus": 192, "instanceTypes": ["m7i.large", "m7i.48xlarge"], "efa": True}, ["m7i.48xlarge"]),
    ],
)
def test_the_types_of_a_pool_are_exact_and_the_cheapest_comes_first(given, types):
    assert list(instances.pool_types(pool(**given))) == types


@pytest.mark.parametrize(
    ("given", "maker"),
    [
        ({"accelerator": "a10g"}, "karpenter"),
        ({}, "karpenter"),
        ({"accelerator": "h100", "efa": True, "zone": "eu-north-1a"}, "karpenter"),
        ({"accelerator": "h100", "capacity": ["reserved"], "capacityBlocks": ["cr-0a1b2c3d"]}, "karpenter"),
        ({"accelerator": "h100", "capacityBlocks": ["cr-0a1b2c3d"], "efa": True}, "node-group"),
        ({"accelerator": "a100", "partition": "1g.5gb"}, "node-group"),
        ({"accelerator": "t4", "share": 2}, "node-group"),
    ],
)
def test_karpenter_makes_the_nodes_unless_they_need_settings_that_it_does_not_know(given, maker):
    assert instances.served_by(pool(**given)) == maker


def test_what_pods_can_ask_of_a_node_and_how_many_nodes_there_are_at_most():
    shown = {name: (instances.pieces(pool), instances.most_nodes(pool)) for name, pool in POOLS.items()}
    assert shown == {"train": (1, 8), "inference": (16, 1), "notebooks": (4, 4), "blocks": (8, 2), "general": (0, 16)}


def test_what_endpoints_keep_is_counted_in_what_pods_ask_for():
    endpoints = read("dev", WHOLE).environment.endpoints
    assert {name: instances.kept(pool, endpoints) for name, pool in POOLS.items() if pool.accelerator} == {
        "train": 0,
        "inference": 5,  # four replicas, and a canary that gets a tenth
        "notebooks": 0,
        "blocks": 0,
    }
    assert instances.units(POOLS["inference"]) == 16


@pytest.mark.parametrize(
    ("given", "ways"),
    [
        ({}, 1),
        ({"capacity": ["spot", "on-demand"]}, 1),
        ({"capacity": ["on-demand", "spot"]}, 2),
        ({"capacity": ["spot", "on-demand"], "share": 2}, 2),
        ({"capacity": ["reserved", "spot"], "reservations": ["cr-0a1b2c3d", "cr-0a1b2c3e"], "share": 2}, 3),
    ],
)
def test_each_way_to_buy_nodes_that_has_a_group_of_its_own_counts(given, ways):
    assert instances.ways(pool(accelerator="t4", maxGpus=8, **given)) == ways


def test_what_a_pool_costs_lies_between_its_cheapest_and_its_dearest_way_to_the_cap():
    cost = instances.pool_cost(POOLS["train"], "eu-central-1")
    assert cost == (1.258, pytest.approx(8 * 1.258 * 0.4), pytest.approx(8 * 5.122), ())
    general = instances.pool_cost(POOLS["general"], "eu-central-1")
    assert general == (0.2415, pytest.approx(16 * 0.2415), pytest.approx(8 * 0.483), ())


def test_a_price_that_was_not_read_is_named_and_never_counted_as_nothing():
    assert instances.pool_cost(POOLS["blocks"], "eu-central-1") is None
    cost = instances.pool_cost(pool(maxCpus=8, instanceTypes=["m7i.large", "c7i.large"]), "eu-central-1")
    assert cost is not None
    assert (cost.node, cost.unread) == (0.12075, ("c7i.large",))


def test_the_quotas_of_an_environment_s_pools_let_each_reach_its_cap():
    caps = instances.pool_caps(POOLS.values())
    assert caps == [
        ("g5.xlarge", "on-demand", 8),
        ("g5.xlarge", "spot", 8),
        ("p4d.24xlarge", "on-demand", 1),
        ("g4dn.xlarge", "on-demand", 4),
        ("m7i.xlarge", "on-demand", 16),
    ]
    needed = {quota.name: quota.needed for quota in quotas.vcpu_quotas(caps)}
    assert needed["Running On-Demand G and VT instances"] == (8 + 4) * 4
    assert needed["Running On-Demand P instances"] == 96


@pytest.mark.parametrize("accelerator", get_args(Accelerator))
def test_every_accelerator_has_quotas_on_demand_and_spot(accelerator):
    wide = pool(accelerator=accelerator, maxGpus=8, capacity=["on-demand", "spot"])
    assert all(quota.needed for quota in quotas.vcpu_quotas(instances.pool_caps([wide])))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("vcpus: 4,", "vcpus: 0,"),
        ("architecture: amd64", "architecture: x86"),
        ("mig: []", "mig: [half]"),
        ("pods:", "p:"),
    ],
)
def test_a_table_that_says_something_else_is_refused(tmp_path, monkeypatch, old, new):
    text = instances.TABLE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "instances.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(instances, "TABLE", path)
    with pytest.raises(ValidationError):
        instances.table.__wrapped__()
