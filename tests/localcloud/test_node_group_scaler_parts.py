"""The scaler of node groups: what it decides, without a cluster."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from components.node_group_scaler import arguments, priorities
from components.node_group_scaler_access import CLUSTER_RULES, scaling_policy
from localcloud.clusters.instances import read
from localcloud.controllers import scaling_choices as choices
from localcloud.controllers.market import Market
from localcloud.controllers.node_fit import room
from localcloud.controllers.node_group_scaler import NEEDS, ForbiddenError, NodeGroupScaler
from localcloud.controllers.scaled_groups import is_sold_out, new_node, way
from localcloud.policy_language import Request, effects
from tests.localcloud.running_clusters import INSTANCES

UUID = "7cc9dae8-63f0-63d5-bce1-642871ebd84f"
TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
FOR_GPUS = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


def node(name: str = "new", group: str = "train", units: int = 16, ready: str = "True", **more: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "labels": {"seedbed.dev/pool": group, "eks.amazonaws.com/nodegroup": group, "kubernetes.io/hostname": name},
        },
        "spec": {"taints": [TAINT], "providerID": f"aws:///eu-central-1a/i-{name}", **more},
        "status": {
            "allocatable": {"cpu": "96", "memory": "1Ti", "pods": "110", "nvidia.com/gpu": str(units)},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def group(name: str = "train", **more: Any) -> choices.Group:
    said: dict[str, Any] = {"least": 0, "desired": 0, "most": 2, "node": node(group=name), "is_sold_out": False}
    return choices.Group(name=name, scaling_name=f"eks-{name}-{UUID}", **{**said, **more})


def pod(name: str = "p", units: int = 8, pool: str = "train", **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "a", "creationTimestamp": f"2026-01-0{more.pop('day', 1)}"},
        "spec": {
            "nodeSelector": {"seedbed.dev/pool": pool},
            "tolerations": [FOR_GPUS],
            "containers": [{"name": "c", "image": "i", "resources": {"requests": {"nvidia.com/gpu": str(units)}}}],
            **more,
        },
        "status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]},
    }


def scaler(**more: Any) -> dict[str, Any]:
    container = {
        "name": "x",
        "image": "mirror.example.com/autoscaling/cluster-autoscaler:v1.34.5@sha256:0",
        "command": ["./cluster-autoscaler"],
        "args": arguments("shop", 5),
    }
    return {
        "metadata": {"name": "scaler", "namespace": "kube-system", "creationTimestamp": "2026-01-01"},
        "spec": {"containers": [container], **more},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


def test_the_program_is_known_by_its_image_and_works_as_it_is_told():
    other = {**scaler(), "spec": {"containers": [{"image": "registry.k8s.io/autoscaling/addon-resizer:1"}]}}
    starting = {**scaler(), "status": {}}
    assert choices.program([other, starting]) is None
    assert choices.program([other, starting, scaler()]) == scaler()
    said = choices.settings(scaler())
    assert (said.idle_seconds, said.after_add_seconds, said.uses_priorities) == (300, 300, True)
    assert choices.is_discovered(said.tags, "shop")
    assert not choices.is_discovered(said.tags, "other")
    assert not choices.is_discovered((), "shop")


def test_times_are_read_as_go_writes_them():
    assert [choices.seconds(one) for one in ("10m", "1h30m", "1.5s", "200ms")] == [600, 5400, 1.5, 0.2]
    with pytest.raises(ValueError, match="found '10', wanted a duration"):
        choices.seconds("10")


SPOT, ON_DEMAND = group("train-spot"), group("train-on-demand")
TABLE = priorities([["train-spot", "train-on-demand"]])


def grown(pods, groups, table=TABLE):
    found = choices.growth(pods, groups, table)
    return found and found.group.name


def any_pool(**more):
    return pod(**more) | {"spec": {**pod(**more)["spec"], "nodeSelector": {}}}


def test_groups_grow_in_the_order_of_the_table_and_those_without_a_number_come_last():
    assert grown([any_pool()], [ON_DEMAND, SPOT]) == "train-spot"
    other_way = priorities([["train-on-demand", "train-spot"]])
    assert grown([any_pool()], [ON_DEMAND, SPOT], other_way) == "train-on-demand"
    assert [one.name for one in choices.preferred([group("a"), ON_DEMAND], TABLE)] == ["train-on-demand", "a"]
    assert grown([any_pool()], [SPOT, ON_DEMAND], None) == "train-on-demand", "by name where nothing else says"


def test_what_is_sold_out_or_full_leaves_it_to_the_next():
    assert grown([any_pool()], [replace(SPOT, is_sold_out=True), ON_DEMAND]) == "train-on-demand"
    assert grown([any_pool()], [replace(SPOT, desired=2), ON_DEMAND]) == "train-on-demand"
    full = [replace(SPOT, is_sold_out=True), replace(ON_DEMAND, desired=2)]
    assert grown([any_pool()], full) is None
    said = choices.refusal(any_pool(), full)
    assert said == "pod didn't trigger scale-up: 1 max node group size reached, 1 sold out"


@pytest.mark.parametrize(
    "unfit",
    [pod(units=17), pod(pool="other"), pod(tolerations=[]), pod(nodeSelector={"kubernetes.io/hostname": "new-1"})],
)
def test_no_node_comes_for_a_pod_that_it_would_not_take(unfit):
    assert grown([unfit], [group()]) is None
    assert choices.refusal(unfit, [group()]) == ""


def test_a_pod_that_nothing_takes_keeps_no_other_from_its_node():
    found = choices.growth([pod("unfit", units=17), pod("fit")], [group()], None)
    assert found
    assert found.pod["metadata"]["name"] == "fit"


def test_one_node_that_comes_is_enough_for_all_that_it_holds():
    there = [pod(str(n)) for n in range(3)]
    promised = replace(group(), desired=1, instances=("i-coming",))
    assert len(choices.homeless(there, choices.rooms([], [], [promised]))) == 1, "two of three fit on one node"
    joined = node("coming", ready="False")
    joined["spec"]["taints"].append({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"})
    assert len(choices.homeless(there, choices.rooms([joined], [], [promised]))) == 1, "it is not counted twice"
    busy = {**pod("busy"), "spec": {**pod("busy")["spec"], "nodeName": "coming"}}
    assert len(choices.homeless(there, choices.rooms([joined], [busy], [promised]))) == 2
    leaving = node("coming", unschedulable=True)
    assert len(choices.homeless(there, choices.rooms([leaving], [], []))) == 3


def test_only_pods_that_the_scheduler_gave_up_wait():
    daemon, bound, going, fresh = (pod(name) for name in ("daemon", "bound", "going", "fresh"))
    daemon["metadata"]["ownerReferences"] = [{"kind": "DaemonSet"}]
    bound["spec"]["nodeName"] = "n"
    going["metadata"]["deletionTimestamp"] = "2026-01-01"
    fresh["status"] = {}
    there = [pod("late", day=2), daemon, bound, going, fresh, pod("early")]
    assert [one["metadata"]["name"] for one in choices.waiting(there)] == ["early", "late"]


def test_a_node_is_idle_with_daemons_alone_and_while_no_pod_waits_for_it():
    daemon, ended, work = (pod(name, nodeName=name) for name in ("daemon", "ended", "work"))
    daemon["metadata"]["ownerReferences"] = [{"kind": "DaemonSet"}]
    ended["status"] = {"phase": "Succeeded"}
    pods = [daemon, ended, work]
    nodes = [node("daemon"), node("ended"), node("work"), node("young", ready="False"), node("others", group="")]
    names = [one["metadata"]["name"] for one in choices.idle(nodes, pods, [])]
    assert names == ["daemon", "ended"]
    expected = room(node("ended"), ())
    expected.put(pod())
    assert [one["metadata"]["name"] for one in choices.idle(nodes, pods, [expected])] == ["daemon"]


def test_nodes_go_after_their_time_and_the_least_stays():
    wanted = choices.settings(scaler())
    there = [node("a"), node("b"), node("c")]
    since = {"a": 0.0, "b": 0.0, "c": 200.0}
    gone = choices.due(there, since, 310.0, wanted, [replace(group(), desired=3)])
    assert [one["metadata"]["name"] for one in gone] == ["a", "b"]
    kept = choices.due(there, since, 310.0, wanted, [replace(group(), desired=3, least=2)])
    assert [one["metadata"]["name"] for one in kept] == ["a"]
    assert choices.due(there, since, 310.0, wanted, []) == []


def test_another_node_is_like_the_one_there_but_for_its_name():
    there = node("there", unschedulable=True)
    made = choices.as_new(there)
    assert "kubernetes.io/hostname" not in made["metadata"]["labels"]
    assert "unschedulable" not in made["spec"]
    assert there["metadata"]["labels"]["kubernetes.io/hostname"] == "there", "it stays as it was"


def test_a_group_is_sold_out_where_no_zone_has_anything_left():
    def standing(*lots, reservations=()):
        anything = {"instanceType": "*", "zone": "*", "capacityType": "*"}
        return {"soldOut": [{**anything, **lot} for lot in lots], "reservations": list(reservations)}

    def sold(market, bought="spot", count=0):
        return is_sold_out(market, "p4d.24xlarge", bought, ["eu-central-1a", "eu-central-1b"], count)

    assert not sold(standing())
    assert sold(standing({"capacityType": "spot"}))
    assert not sold(standing({"capacityType": "spot"}), "on-demand")
    assert not sold(standing({"instanceType": "g5.xlarge"}))
    one = {"capacityType": "spot", "zone": "eu-central-1a"}
    assert not sold(standing(one))
    assert sold(standing(one, {"zone": "eu-central-1b"}))
    reservation = {"id": "cr-1", "totalInstanceCount": 1}
    assert not sold(standing({}, reservations=[reservation]), "cr-1"), "what is reserved is there"
    assert sold(standing(reservations=[reservation]), "cr-1", 1)
    assert not sold(standing({}), "cr-2", 1), "a reservation that the market does not know is the account's affair"


def test_a_group_that_uses_a_reservation_is_known_by_its_template():
    target = {"CapacityReservationTarget": {"CapacityReservationId": "cr-1"}}
    assert way({"capacityType": "CAPACITY_BLOCK"}, {"CapacityReservationSpecification": target}) == "cr-1"
    assert way({"capacityType": "SPOT"}, {}) == "spot"
    assert way({"capacityType": "ON_DEMAND"}, {}) == "on-demand"


@pytest.mark.parametrize(
    ("action", "group_name", "tag", "allowed"),
    [
        ("autoscaling:SetDesiredCapacity", "eks-train", "shop", {"Allow"}),
        ("autoscaling:TerminateInstanceInAutoScalingGroup", "eks-train", "shop", {"Allow"}),
        ("autoscaling:SetDesiredCapacity", "eks-train", "other", set()),
        ("autoscaling:SetDesiredCapacity", "by-hand", "shop", set()),
        ("autoscaling:DeleteAutoScalingGroup", "eks-train", "shop", set()),
    ],
)
def test_the_role_changes_groups_of_its_cluster_alone(action, group_name, tag, allowed):
    policy = scaling_policy(account="000000000000", region="eu-central-1", cluster_name="shop")
    name = f"autoScalingGroup:{UUID}:autoScalingGroupName/{group_name}"
    resource = f"arn:aws:autoscaling:eu-central-1:000000000000:{name}"
    context = {f"aws:resourcetag/k8s.io/cluster-autoscaler/{tag}": ["owned"]}
    assert effects(policy, Request((action,), resource, None, "000000000000", context)) == allowed


class Answers:
    """An API server that allows all but one verb on one kind."""

    def __init__(self, kind: str, verb: str) -> None:
        self.refused = (kind, verb)

    def create(self, _: str, review: dict[str, Any]) -> dict[str, Any]:
        asked = review["spec"]["resourceAttributes"]
        return {"status": {"allowed": (asked["resource"], asked["verb"]) != self.refused}}


def test_the_program_stands_still_without_a_right_in_the_cluster(tmp_path):
    site = SimpleNamespace(state=tmp_path, note=print)
    cluster: Any = SimpleNamespace(api=Answers("volumeattachments", "list"), site=site, name="shop")
    played = NodeGroupScaler(cluster, Market(tmp_path))
    one = scaler(serviceAccountName="cluster-autoscaler")
    one["metadata"]["uid"] = "u"
    with pytest.raises(ForbiddenError, match="kube-system:cluster-autoscaler cannot list volumeattachments"):
        played._ask_cluster(one)
    cluster.api.refused = None
    played._ask_cluster(one)


def test_the_component_grants_every_right_that_the_program_is_asked_for():
    granted = {
        (group, kind, verb)
        for rule in CLUSTER_RULES
        for group in rule["apiGroups"]
        for kind in rule["resources"]
        for verb in rule["verbs"]
    }
    assert set(NEEDS) <= granted


def test_a_first_node_is_what_its_type_and_the_tags_of_its_group_say():
    instances = read(INSTANCES)
    said = {
        "nodegroupName": "train",
        "capacityType": "SPOT",
        "labels": {"seedbed.dev/pool": "train"},
        "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        "tags": {"owner": "o"},
    }

    def first(**tags: str) -> dict[str, Any]:
        tagged = {f"k8s.io/cluster-autoscaler/node-template/resources/{key}": value for key, value in tags.items()}
        group = {**said, "tags": said["tags"] | tagged}
        return new_node(group, "p4d.24xlarge", "eu-central-1a", "eu-central-1", instances)

    plain = first()
    assert plain["status"]["allocatable"] == {"cpu": "96", "memory": "1179648Mi", "pods": "110", "nvidia.com/gpu": "8"}
    assert plain["spec"]["taints"] == [TAINT]
    assert plain["metadata"]["labels"]["topology.kubernetes.io/zone"] == "eu-central-1a"
    assert room(plain, ()).takes(pod(units=8))
    assert not room(plain, ()).takes(pod(units=16))
    told = first(**{"nvidia.com/gpu": "16", "vpc.amazonaws.com/efa": "4"})
    assert room(told, ()).takes(pod(units=16))
    assert told["status"]["allocatable"]["vpc.amazonaws.com/efa"] == "4"
