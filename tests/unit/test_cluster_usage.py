"""What pods ask for, as the scheduler counts it."""

from typing import Any

import pytest

from seedbed.cluster.usage import amount, capacity, gpus, requests, said


@pytest.mark.parametrize(
    ("quantity", "number"),
    [("2", 2), (3, 3), ("500m", 0.5), ("1Ki", 1024), ("1.5Gi", 1.5 * 2**30), ("2G", 2e9), ("1e3", 1000), ("0", 0)],
)
def test_a_quantity_is_a_number(quantity, number):
    assert amount(quantity) == pytest.approx(number)


@pytest.mark.parametrize("wrong", ["", "two", "1 Gi", "1Xi", None])
def test_what_is_no_quantity_is_refused_with_what_is_one(wrong):
    with pytest.raises(ValueError, match="not a quantity of Kubernetes, such as 500m"):
        amount(wrong)


def pod(containers: list[Any], **more: Any) -> Any:
    return {"spec": {"containers": containers, **more}}


def asking(**resources: str) -> dict[str, Any]:
    return {"resources": {"requests": {name.replace("gpu", "nvidia.com/gpu"): n for name, n in resources.items()}}}


def test_containers_count_together_and_a_limit_without_a_request_is_one():
    only_limits = {"resources": {"limits": {"nvidia.com/gpu": "2"}}}
    asked = requests(pod([asking(cpu="1", gpu="1"), only_limits, {}]))
    assert (asked["cpu"], asked["nvidia.com/gpu"]) == (1, 3)


def test_initialization_counts_where_it_asks_for_more_and_a_sidecar_always():
    more, sidecar = asking(cpu="4"), {**asking(cpu="1"), "restartPolicy": "Always"}
    assert requests(pod([asking(cpu="1")], initContainers=[more]))["cpu"] == 4
    assert requests(pod([asking(cpu="1")], initContainers=[sidecar]))["cpu"] == 2
    assert requests(pod([asking(cpu="1")], overhead={"cpu": "250m"}))["cpu"] == 1.25


def test_parts_of_gpus_are_gpus_of_their_kind():
    node = {"status": {"allocatable": {"nvidia.com/mig-3g.20gb": "16", "cpu": "96"}}}
    assert gpus(capacity([node, node])) == 32


def test_numbers_are_said_as_a_person_writes_them():
    assert [said(n) for n in (0, 2.0, 0.5, 1.256)] == ["0", "2", "0.5", "1.26"]
