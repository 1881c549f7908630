"""Which pods a node takes."""

from fractions import Fraction
from typing import Any

import pytest

from localcloud.controllers.node_fit import is_selected, quantity, requests, tolerates

TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
FOR_GPUS = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("500m", Fraction(1, 2)), ("16Gi", 16 * 2**30), ("1e3", 1000), ("2k", 2000), (8, 8), ("0.5", Fraction(1, 2))],
)
def test_a_quantity_is_read_as_kubernetes_writes_it(text, value):
    assert quantity(text) == value


def test_a_pod_asks_for_its_containers_or_for_the_greatest_before_them():
    def one(cpu, **more):
        return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **more}

    spec: dict[str, Any] = {
        "initContainers": [one("1", restartPolicy="Always"), one("4")],
        "containers": [one("1"), one("500m")],
        "overhead": {"cpu": "250m"},
    }
    assert requests({"spec": spec}) == {"cpu": Fraction(21, 4), "pods": 1}
    spec["initContainers"].pop()
    assert requests({"spec": spec})["cpu"] == Fraction(11, 4)


def test_a_taint_keeps_away_whoever_does_not_tolerate_it():
    assert not tolerates([], [TAINT])
    assert tolerates([FOR_GPUS], [TAINT])
    assert tolerates([{"operator": "Exists"}], [TAINT])
    assert tolerates([{"key": "nvidia.com/gpu", "value": "present"}], [TAINT])
    assert not tolerates([{"key": "nvidia.com/gpu", "value": "other"}], [TAINT])
    assert not tolerates([{**FOR_GPUS, "effect": "NoExecute"}], [TAINT])
    assert tolerates([], [{**TAINT, "effect": "PreferNoSchedule"}])


@pytest.mark.parametrize(
    ("operator", "values", "allowed"),
    [
        *(("In", ["a", "b"], True), ("NotIn", ["a"], False), ("Exists", [], True), ("DoesNotExist", [], False)),
        *(("Gt", ["1"], False), ("In", ["b"], False)),
    ],
)
def test_affinity_chooses_by_labels(operator, values, allowed):
    term = {"matchExpressions": [{"key": "kind", "operator": operator, "values": values}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    assert is_selected({"affinity": {"nodeAffinity": required}}, {"kind": "a"}) is allowed
