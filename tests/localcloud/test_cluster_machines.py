"""What the machines of node groups have, from the table of instances and Bottlerocket's settings."""

import base64

import pytest

from localcloud.clusters.devices import advertised, parts_of
from localcloud.clusters.instances import Instance, read
from localcloud.clusters.stages import written

A100 = Instance(
    name="p4d.24xlarge", vcpus=96, memory_gib=1152, pods=737, accelerator="a100", gpus=8, gpu_memory_gib=40,
    mig=("1g.5gb", "2g.10gb", "3g.20gb"), efa=4,
)  # fmt: skip
A10G = Instance(name="g5.xlarge", vcpus=4, memory_gib=16, pods=58, accelerator="a10g", gpus=1, gpu_memory_gib=24)


def told(*lines: str) -> str:
    """User data with settings of the NVIDIA device plugin."""
    return base64.b64encode("\n".join(("[settings.kubelet-device-plugins.nvidia]", *lines)).encode()).decode()


def test_a_node_tells_what_its_machine_has_and_keeps_back_what_the_kubelet_needs():
    capacity = A10G.capacity(disk_gib=50)
    assert capacity == {
        "cpu": "4", "memory": "16384Mi", "pods": "58", "ephemeral-storage": "50Gi", "nvidia.com/gpu": "1",
    }  # fmt: skip
    assert A10G.allocatable(capacity) == {**capacity, "cpu": "3920m", "memory": f"{16384 - 255 - 11 * 58 - 100}Mi"}
    assert A100.capacity()["vpc.amazonaws.com/efa"] == "4"


def test_without_settings_gpus_are_whole():
    assert advertised(A100, None) == ("nvidia.com/gpu", 8)
    assert advertised(A100, base64.b64encode(b"#!/bin/bash\necho").decode()) == ("nvidia.com/gpu", 8)
    assert advertised(A100, "no base64 !") == ("nvidia.com/gpu", 8)
    assert advertised(A100, told('device-sharing-strategy = "none"')) == ("nvidia.com/gpu", 8)


def test_a_partitioned_gpu_is_as_many_as_it_has_parts():
    def mig(profile: str, model: str = "a100.40gb") -> str:
        table = "[settings.kubelet-device-plugins.nvidia.mig.profile]"
        return told('device-partitioning-strategy = "mig"', table, f'"{model}" = "{profile}"')

    assert advertised(A100, mig("3g.20gb")) == ("nvidia.com/gpu", 16)
    assert advertised(A100, mig("7")) == ("nvidia.com/gpu", 56)
    assert advertised(A100, mig("9g.99gb")) == ("nvidia.com/gpu", 0)
    assert advertised(A100, mig("3g.40gb", "h100.80gb")) == ("nvidia.com/gpu", 8)


def test_a_shared_gpu_is_as_many_as_its_replicas_under_the_name_that_was_chosen():
    shared = (
        'device-sharing-strategy = "time-slicing"',
        "[settings.kubelet-device-plugins.nvidia.time-slicing]",
        "replicas = 4",
    )
    assert advertised(A10G, told(*shared, "rename-by-default = false")) == ("nvidia.com/gpu", 4)
    assert advertised(A10G, told(*shared)) == ("nvidia.com/gpu.shared", 4)


@pytest.mark.parametrize(
    ("memory", "profile", "parts"),
    [
        (40, "1g.5gb", 7), (40, "1g.10gb", 4), (40, "2g.10gb", 3), (40, "3g.20gb", 2), (40, "4g.20gb", 1),
        (40, "7g.40gb", 1), (80, "1g.10gb", 7), (80, "1g.20gb", 4), (80, "2g.20gb", 3), (80, "3g.40gb", 2),
        (141, "1g.18gb", 7), (141, "2g.35gb", 3), (141, "3g.71gb", 2), (180, "1g.23gb", 7), (180, "3g.90gb", 2),
    ],
)  # fmt: skip
def test_the_parts_of_a_gpu_are_those_of_nvidias_guide(memory, profile, parts):
    assert parts_of(profile, memory) == parts


def test_a_table_is_read_with_what_it_says_of_each_type(tmp_path):
    file = tmp_path / "instances.yaml"
    file.write_text(
        "types:\n  g6.xlarge: {vcpus: 4, memoryGib: 16, pods: 58, accelerator: l4, gpus: 1, gpuMemoryGib: 24, efa: 0,"
        " architecture: amd64, mig: [], usd: {us-east-1: 0.8048}}\n"
    )
    found = read(file)
    assert (found["g6.xlarge"].accelerator, found["g6.xlarge"].usd) == ("l4", {"us-east-1": 0.8048})
    assert list(found) == ["g6.xlarge"]


@pytest.mark.parametrize(
    ("text", "word"),
    [("types: 1", "no table"), ("types: {m9.huge: {vcpus: 1, pods: 2}}", "types.m9.huge.memoryGib"), ("", "no table")],
)
def test_a_table_that_does_not_read_is_refused_with_its_path(tmp_path, text, word):
    file = tmp_path / "instances.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=word) as caught:
        read(file)
    assert str(file) in str(caught.value)


def test_without_a_table_machines_for_system_nodes_are_known():
    assert read(None)["m7i.large"].pods == 29
    assert not [one for one in read(None).values() if one.gpus]


def test_the_length_of_jobs_is_in_the_stages():
    assert "durationMilliseconds: 2500" in written(2.5)
