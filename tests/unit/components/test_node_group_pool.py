"""What pools of partitioned, shared and block-bought GPUs promise."""

import base64
import tomllib
from dataclasses import replace

import pytest

from components.bottlerocket import gpu_settings
from components.efa_plugin import EfaPlugin, EfaPluginArgs
from components.node_group_pool import NodeGroupPool
from components.node_group_role import NodeGroupRole
from tests.unit.components.instances import INSTANCES, KEY
from tests.unit.deploy import deploy

ARGS = replace(
    next(i.args for i in INSTANCES if i.component is NodeGroupPool),
    capacity=["on-demand"],
    reservation_ids=[],
    capacity_block_ids=[],
    efa_interfaces=0,
    max_gpus=16,
)
PARTITIONED = replace(ARGS, partition="3g.20gb", units_per_node=16)
SHARED = replace(ARGS, accelerator="a10g", instance_types=["g5.xlarge"], gpus_per_node=1, units_per_node=4, share=4)
BLOCKS = replace(
    ARGS,
    capacity=["reserved"],
    capacity_block_ids=["cr-0a", "cr-0b"],
    instance_types=["p5.48xlarge"],
    accelerator="h100",
    efa_interfaces=32,
)


def made(args):
    return {r.name.removeprefix("p-"): r.inputs for r in deploy(lambda: NodeGroupPool("p", args))}


def told(template):
    """Bottlerocket's NVIDIA settings."""
    return tomllib.loads(base64.b64decode(template["userData"]).decode())["settings"]["kubelet-device-plugins"][
        "nvidia"
    ]


def test_every_gpu_is_cut_into_the_partition():
    assert told(made(PARTITIONED)["on-demand-template"]) == {
        "device-partitioning-strategy": "mig",
        "mig": {"profile": {"a100.40gb": "3g.20gb"}},
    }


def test_pods_take_turns_and_none_gets_two():
    assert told(made(SHARED)["on-demand-template"]) == {
        "device-sharing-strategy": "time-slicing",
        "time-slicing": {"replicas": 4, "rename-by-default": False, "fail-requests-greater-than-one": True},
    }


def test_nodes_of_whole_gpus_are_told_nothing():
    assert "userData" not in made(ARGS)["on-demand-template"]


def test_a_partition_is_never_shared():
    with pytest.raises(ValueError, match=r"found 3g\.20gb and 4; a partition is not shared"):
        gpu_settings("a100", "3g.20gb", 4)


def test_a_gpu_without_partitions_is_refused():
    with pytest.raises(ValueError, match=r"found 1g\.5gb with t4; allowed with a100"):
        gpu_settings("t4", "1g.5gb", None)


def test_the_image_has_the_drivers_and_the_node_says_what_it_is():
    group = made(PARTITIONED)["on-demand-group"]
    assert group["amiType"] == "BOTTLEROCKET_x86_64_NVIDIA"
    assert group["labels"] == {
        "seedbed.dev/pool": "train",
        "seedbed.dev/accelerator": "a100",
        "k8s.amazonaws.com/accelerator": "a100",
        "seedbed.dev/purpose": "any",
        "seedbed.dev/partition": "3g.20gb",
    }
    assert group["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]
    assert made(SHARED)["on-demand-group"]["labels"]["seedbed.dev/share"] == "4"


def test_no_node_at_rest_and_never_more_than_the_cap():
    assert made(ARGS)["on-demand-group"]["scalingConfig"] == {"minSize": 0, "desiredSize": 0, "maxSize": 2}
    both = made(replace(ARGS, capacity=["spot", "on-demand"], max_gpus=24))
    sizes = {name: group["scalingConfig"]["maxSize"] for name, group in both.items() if name.endswith("-group")}
    assert sizes == {"spot-group": 2, "on-demand-group": 1}
    assert {both[f"{kind}-group"]["capacityType"] for kind in ("spot", "on-demand")} == {"SPOT", "ON_DEMAND"}


@pytest.mark.parametrize(("args", "units"), [(ARGS, "8"), (PARTITIONED, "16"), (SHARED, "4")])
def test_an_autoscaler_reads_what_a_node_has_before_there_is_one(args, units):
    tags = made(args)["on-demand-group"]["tags"]
    assert tags["k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu"] == units
    assert not [key for key in tags if key.endswith("/efa")]
    fabric = made(BLOCKS)["cr-0a-group"]["tags"]
    assert fabric["k8s.io/cluster-autoscaler/node-template/resources/vpc.amazonaws.com/efa"] == "32"


def test_a_block_is_bought_by_a_group_of_its_own():
    there = made(BLOCKS)
    for block in BLOCKS.capacity_block_ids:
        template, group = there[f"{block}-template"], there[f"{block}-group"]
        assert group["capacityType"] == "CAPACITY_BLOCK"
        assert template["instanceMarketOptions"] == {"marketType": "capacity-block"}
        target = template["capacityReservationSpecification"]["capacityReservationTarget"]
        assert target == {"capacityReservationId": block}
        # EKS wants the type in the template here, and refuses it in both places.
        assert template["instanceType"] == "p5.48xlarge"
        assert "instanceTypes" not in group


def test_a_block_of_several_types_is_refused():
    with pytest.raises(ValueError, match=r"cr-0a: found p5\.48xlarge, p4d\.24xlarge; a capacity block is of one"):
        made(replace(BLOCKS, instance_types=["p5.48xlarge", "p4d.24xlarge"]))


def test_a_reservation_is_used_by_a_group_of_its_own_at_its_price():
    there = made(replace(ARGS, capacity=["reserved", "on-demand"], reservation_ids=["cr-0c"]))
    assert there["cr-0c-group"]["capacityType"] == "ON_DEMAND"
    assert there["cr-0c-group"]["instanceTypes"] == ["p4d.24xlarge"]
    assert "capacityReservationSpecification" in there["cr-0c-template"]
    assert "capacityReservationSpecification" not in there["on-demand-template"]


def test_each_card_has_its_efa_interface_and_all_are_in_the_fabrics_group():
    interfaces = made(BLOCKS)["cr-0a-template"]["networkInterfaces"]
    assert [i["networkCardIndex"] for i in interfaces] == list(range(32))
    assert [i["interfaceType"] for i in interfaces] == ["efa"] + 31 * ["efa-only"]
    assert [i["deviceIndex"] for i in interfaces] == [0] + 31 * [1]
    assert all(i["securityGroups"] == ["sg-1", "p-efa-group-id"] for i in interfaces)


def test_pods_find_the_fabric_on_nodes_that_have_it_and_the_plugin_has_no_rights():
    assert made(BLOCKS)["cr-0a-group"]["labels"]["seedbed.dev/efa"] == "true"
    assert "seedbed.dev/efa" not in made(ARGS)["on-demand-group"]["labels"]
    (plugin,) = deploy(lambda: EfaPlugin("e", EfaPluginArgs(image="registry.example.com/efa:v1")))
    pod = plugin.inputs["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"seedbed.dev/efa": "true"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_a_node_is_private_encrypted_and_gives_no_pod_its_own_identity():
    template = made(ARGS)["on-demand-template"]
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert [i["associatePublicIpAddress"] for i in template["networkInterfaces"]] == ["false"]
    disks = {d["deviceName"]: d["ebs"] for d in template["blockDeviceMappings"]}
    assert set(disks) == {"/dev/xvda", "/dev/xvdb"}
    assert all((d["encrypted"], d["kmsKeyId"]) == ("true", KEY) for d in disks.values())
    assert disks["/dev/xvdb"]["volumeSize"] == 100


def test_the_role_is_known_when_it_has_its_rights():
    args = next(i.args for i in INSTANCES if i.component is NodeGroupRole)
    there = {r.name for r in deploy(lambda: NodeGroupRole("r", args))}
    assert {"r-AmazonEKSWorkerNodePolicy", "r-AmazonEKS_CNI_Policy"} < there
