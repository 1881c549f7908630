"""Objects of Kubernetes as a strict API server sees them, whichever component makes them."""

import pytest

from tests.unit.components.instance import Instance
from tests.unit.components.instances import INSTANCES
from tests.unit.components.kubernetes_schema import faults, known
from tests.unit.deploy import deploy


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.component.__name__)
def test_an_api_server_that_validates_strictly_would_take_every_object(instance: Instance):
    documents = [r.inputs for r in deploy(lambda: instance.component("x", instance.args)) if "kubernetes:" in r.type]
    assert [fault for document in documents if known(document) for fault in faults(document)] == []


def test_a_strict_api_server_refuses_what_it_does_not_know():
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "x"}, "spec": {"hard": {"pods": "1"}}}
    assert faults(quota) == []
    assert faults({**quota, "spec": {"harder": {}}}) == ["spec.harder: Extra inputs are not permitted, found {}"]
    assert faults({**quota, "spec": {"hard": {"pods": 1}}})[0].startswith("spec.hard.pods: ")
    assert faults({**quota, "spec": {"scope_selector": {"match_expressions": []}}})
