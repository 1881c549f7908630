"""What the scaler of managed node groups promises."""

import json
import re
from dataclasses import replace

import yaml

from components.node_group_pool import NodeGroupPool
from components.node_group_scaler import NodeGroupScaler, priorities
from stacks import versions
from tests.unit.components.instances import INSTANCES, changed
from tests.unit.components.test_node_group_pool import ARGS as POOL
from tests.unit.deploy import deploy

INSTANCE = next(i for i in INSTANCES if i.component is NodeGroupScaler)
ARGS = INSTANCE.args


def made(args=ARGS):
    return {r.name.removeprefix("s-"): r.inputs for r in deploy(lambda: NodeGroupScaler("s", args))}


def pod(args=ARGS):
    return made(args)["deployment"]["spec"]["template"]["spec"]


def told(args=ARGS):
    """Arguments of the program by name."""
    return dict(one.removeprefix("--").split("=", 1) for one in pod(args)["containers"][0]["args"])


def test_only_groups_of_its_own_cluster_are_found_and_changed():
    tag = "k8s.io/cluster-autoscaler/seedbed-test"
    assert told()["node-group-auto-discovery"] == f"asg:tag=k8s.io/cluster-autoscaler/enabled,{tag}"
    statements = {one["Sid"]: one for one in json.loads(made()["identity-policy"]["policy"])["Statement"]}
    assert statements["Resize"]["Condition"] == {"StringEquals": {f"aws:ResourceTag/{tag}": "owned"}}
    changing = [
        action
        for one in statements.values()
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
        if not re.match(r"\w+:(Describe|Get)", action)
    ]
    assert changing == statements["Resize"]["Action"]
    assert statements["ReadGroups"]["Resource"].endswith(":nodegroup/seedbed-test/*")


def test_the_first_way_of_every_pool_comes_before_the_second_of_any():
    table = yaml.safe_load(priorities([["a-spot", "a-on-demand"], ["b-on-demand"], ["c-cr-1", "c-cr-2", "c-spot"]]))
    named = {number: [one.removeprefix("^eks-").partition("-[")[0] for one in found] for number, found in table.items()}
    assert named == {30: ["a-spot", "b-on-demand", "c-cr-1"], 20: ["a-on-demand", "c-cr-2"], 10: ["c-spot"]}


def test_a_priority_means_one_group_and_none_that_begins_alike():
    ((pattern,),) = yaml.safe_load(priorities([["test-a-spot"]])).values()
    assert re.search(pattern, "eks-test-a-spot-7cc9dae8-63f0-63d5-bce1-642871ebd84f")
    assert not re.search(pattern, "eks-test-a-spot-2-7cc9dae8-63f0-63d5-bce1-642871ebd84f")
    assert yaml.safe_load(priorities([])) == {}


def test_a_pool_says_the_names_of_its_groups_in_its_order():
    pools = []
    args = replace(POOL, capacity=["spot", "on-demand"], max_gpus=16)
    there = deploy(lambda: pools.append(NodeGroupPool("p", args)))
    assert pools[0].group_names == ["seedbed-test-train-spot", "seedbed-test-train-on-demand"]
    assert {r.inputs["nodeGroupName"] for r in there if r.type.endswith("NodeGroup")} == set(pools[0].group_names)


def test_the_order_is_told_where_the_program_looks():
    there = made()["priorities"]
    assert there["metadata"]["name"] == "cluster-autoscaler-priority-expander"
    assert there["metadata"]["namespace"] == made()["deployment"]["metadata"]["namespace"] == told()["namespace"]
    assert told()["expander"] == "priority"
    assert there["data"] != made(changed(INSTANCE, "groups"))["priorities"]["data"]


def test_a_node_goes_when_it_had_nothing_to_do_for_so_long_and_never_with_work_on_it():
    assert told()["scale-down-unneeded-time"] == told()["scale-down-delay-after-add"] == "10m"
    most_turns = 8 * 48  # GPUs of a node, and pods on each
    assert 0 < float(told()["scale-down-gpu-utilization-threshold"]) < 1 / most_turns


def test_the_program_is_the_restricted_one_with_an_identity_and_no_key():
    container = pod()["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["env"] == [{"name": "AWS_REGION", "value": "eu-central-1"}]
    assert pod()["priorityClassName"] == "system-cluster-critical"
    assert [one["key"] for one in pod()["tolerations"]] == ["CriticalAddonsOnly"]
    association = made()["identity-association"]
    assert (association["namespace"], association["serviceAccount"]) == ("kube-system", pod()["serviceAccountName"])


def test_it_writes_in_its_own_namespace_and_on_nodes_alone():
    writing = {
        (rule["resources"][0], verb)
        for rule in made()["cluster-role"]["rules"]
        for verb in rule["verbs"]
        if verb not in ("get", "list", "watch")
    }
    assert writing == {
        *(("events", "create"), ("events", "patch"), ("pods/eviction", "create")),
        *(("pods/status", "update"), ("nodes", "update")),
    }
    assert made()["role"]["metadata"]["namespace"] == "kube-system"


def test_every_version_of_kubernetes_has_its_own_autoscaler():
    for minor in versions.kubernetes_versions():
        assert versions.image(f"cluster-autoscaler-{minor}").tag.startswith(f"v{minor}.")
