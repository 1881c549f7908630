"""Managed node groups that grow from nothing and shrink again on a real control plane, as the component sets it up."""

import base64
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from components.accelerators import TAINT, TOLERATION
from components.bottlerocket import gpu_settings, user_data
from components.node_group_pool import NODE_RESOURCE
from components.node_group_scaler import NAME, NAMESPACE, NodeGroupScalerArgs, documents
from components.node_group_scaler_access import scaling_policy
from localcloud.clusters.api import Api
from tests.localcloud.clusters import make_role
from tests.localcloud.conftest import REGION
from tests.localcloud.controlled import path
from tests.localcloud.running_clusters import until

SPOT, ON_DEMAND, SYSTEM = "shop-mig-spot", "shop-mig-on-demand", "shop-system"
IDLE = "3s"
MINUTES = 7
"""Of the component, which IDLE stands for here."""

ARGS = NodeGroupScalerArgs(
    cluster_name="shop",
    cluster="shop",
    image="registry.example.com/autoscaling/cluster-autoscaler:v1",
    groups=[[SPOT, ON_DEMAND]],
    idle_minutes=MINUTES,
    cidr="10.20.0.0/16",
    account="000000000000",
    region=REGION,
    permissions_boundary=None,
    tags={},
)


@pytest.fixture(scope="module")
def api(live, shop):
    """A client of an administrator with a certificate."""
    config = json.loads((live.log.parent / "clusters" / REGION / "shop" / "admin.kubeconfig").read_text())
    user = config["users"][0]["user"]
    authority = Path(config["clusters"][0]["cluster"]["certificate-authority"])
    certificate, key = Path(user["client-certificate"]), Path(user["client-key"])
    return Api(shop["endpoint"], authority, certificate, key, seconds=60)


@pytest.fixture(scope="module")
def groups(live_aws, shop):
    """System nodes, and a pool with GPUs in halves: a node a way of buying at most, and none to begin with."""
    eks, ec2 = live_aws("eks"), live_aws("ec2")
    role = make_role(live_aws("iam"), "shop-scaled-node", "ec2.amazonaws.com")
    settings = user_data(gpu_settings("a100", "3g.20gb", None))
    assert base64.b64decode(settings)
    template = ec2.create_launch_template(LaunchTemplateName="shop-mig", LaunchTemplateData={"UserData": settings})
    common = {"clusterName": "shop", "nodeRole": role, "subnets": shop["resourcesVpcConfig"]["subnetIds"]}
    halves = {
        "amiType": "BOTTLEROCKET_x86_64_NVIDIA",
        "instanceTypes": ["p4d.24xlarge"],
        "launchTemplate": {"id": template["LaunchTemplate"]["LaunchTemplateId"], "version": "1"},
        "scalingConfig": {"minSize": 0, "maxSize": 1, "desiredSize": 0},
        "labels": {"seedbed.dev/pool": "mig"},
        "taints": [{"key": TAINT["key"], "value": TAINT["value"], "effect": "NO_SCHEDULE"}],
        "tags": {f"{NODE_RESOURCE}/nvidia.com/gpu": "16"},
    }
    made = {
        SYSTEM: {"instanceTypes": ["m7i.large"], "scalingConfig": {"minSize": 1, "maxSize": 1, "desiredSize": 1}},
        SPOT: {**halves, "capacityType": "SPOT"},
        ON_DEMAND: {**halves, "capacityType": "ON_DEMAND"},
    }
    for name, more in made.items():
        eks.create_nodegroup(nodegroupName=name, **common, **more)
    yield made
    for name in made:
        eks.delete_nodegroup(clusterName="shop", nodegroupName=name)


@pytest.fixture(scope="module")
def scaler(api, groups):
    """The component's objects, with seconds in place of minutes; without an identity yet."""
    made = documents(ARGS)
    container = made["deployment"]["spec"]["template"]["spec"]["containers"][0]
    container["args"] = [one.replace(f"={MINUTES}m", f"={IDLE}") for one in container["args"]]
    for document in made.values():
        api.apply(path(document), document)
    until(lambda: api.get(path(made["deployment"])).get("status", {}).get("readyReplicas") == 1, 120)
    yield made
    for document in reversed(made.values()):
        api.delete(path(document))


@pytest.fixture(scope="module")
def identity(live_aws, scaler):
    """The role of the program's pods, within a boundary such as the environment's own roles have."""
    iam, eks = live_aws("iam"), live_aws("eks")
    role = make_role(iam, "shop-scaler", "pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession")
    account = role.split(":")[4]
    policy = scaling_policy(account=account, region=REGION, cluster_name="shop")
    here = {"StringEquals": {"aws:RequestedRegion": [REGION]}}
    limit = {"Effect": "Allow", "Action": "autoscaling:*", "Resource": "*", "Condition": here}
    bound = iam.create_policy(
        PolicyName="shop-boundary", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [limit]})
    )
    iam.put_role_permissions_boundary(RoleName="shop-scaler", PermissionsBoundary=bound["Policy"]["Arn"])
    iam.put_role_policy(RoleName="shop-scaler", PolicyName="work", PolicyDocument=json.dumps(policy))
    eks.create_pod_identity_association(clusterName="shop", namespace=NAMESPACE, serviceAccount=NAME, roleArn=role)


@pytest.fixture
def work(api, name):
    """Starts pods that each want so many halves; gives a function that changes their number."""
    labels = {"app": name}

    def scale(replicas: int, units: int = 8) -> None:
        container = {
            "name": "main",
            "image": "registry.invalid/main:1",
            "resources": {"limits": {"nvidia.com/gpu": str(units)}},
        }
        spec = {
            "terminationGracePeriodSeconds": 0,
            "nodeSelector": {"seedbed.dev/pool": "mig"},
            "tolerations": [dict(TOLERATION)],
            "containers": [container],
        }
        document = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        }
        api.apply(path(document), document)

    yield scale
    api.delete(f"/apis/apps/v1/namespaces/default/deployments/{name}")


def phases(api: Api, name: str) -> list[str]:
    pods = api.items("/api/v1/namespaces/default/pods", labelSelector=f"app={name}")
    return sorted(one["status"]["phase"] for one in pods)


def sizes(aws: Any) -> dict[str, int]:
    """What EKS says that each group wants."""
    return {
        name: aws("eks").describe_nodegroup(clusterName="shop", nodegroupName=name)["nodegroup"]["scalingConfig"][
            "desiredSize"
        ]
        for name in (SYSTEM, SPOT, ON_DEMAND)
    }


def nodes(api: Api) -> dict[str, int]:
    """How many nodes each group has."""
    there = [
        one["metadata"]["labels"].get("eks.amazonaws.com/nodegroup")
        for one in api.items("/api/v1/nodes", labelSelector="eks.amazonaws.com/nodegroup")
    ]
    return {name: there.count(name) for name in (SYSTEM, SPOT, ON_DEMAND)}


def order(live: Any, method: str, body: Any = None) -> None:
    content = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{live.endpoint}/_localcloud/market", content, method=method)
    with urllib.request.urlopen(asked) as answer:
        answer.read()


def events(api: Api, reason: str) -> list[str]:
    """Messages, the oldest first."""
    found = api.items("/api/v1/namespaces/default/events", fieldSelector=f"reason={reason}")
    return [one["message"] for one in sorted(found, key=lambda one: int(one["metadata"]["resourceVersion"]))]


def test_without_a_role_nothing_grows_and_the_account_says_why(live, live_aws, api, scaler, work, name):
    work(1)
    until(lambda: "NoCredentialProviders: no pod identity for kube-system/cluster-autoscaler" in live.log.read_text())
    assert phases(api, name) == ["Pending"]
    assert sizes(live_aws) == {SYSTEM: 1, SPOT: 0, ON_DEMAND: 0}


def test_a_pool_of_partitions_grows_from_nothing_to_its_cap_and_back(live_aws, api, identity, work, name):
    work(5)
    until(lambda: phases(api, name) == ["Pending", *["Running"] * 4], 120)

    assert sizes(live_aws) == nodes(api) == {SYSTEM: 1, SPOT: 1, ON_DEMAND: 1}
    capacity = [one["status"]["capacity"].get("nvidia.com/gpu") for one in api.items("/api/v1/nodes")]
    assert sorted(filter(None, capacity)) == ["16", "16"]
    first, second = events(api, "TriggeredScaleUp")
    assert first.startswith(f"pod triggered scale-up: [{{eks-{SPOT}-"), "spot comes first"
    assert second.startswith(f"pod triggered scale-up: [{{eks-{ON_DEMAND}-")
    until(lambda: "pod didn't trigger scale-up: 2 max node group size reached" in events(api, "NotTriggerScaleUp"))

    work(1)
    until(lambda: sum(nodes(api).values()) == 2, 60)
    assert phases(api, name) == ["Running"], "the node that works stays"
    work(0)
    until(lambda: nodes(api) == {SYSTEM: 1, SPOT: 0, ON_DEMAND: 0}, 60)
    assert sizes(live_aws) == nodes(api)


def test_on_demand_is_taken_while_spot_is_sold_out(live, live_aws, api, identity, work, name):
    order(live, "POST", {"capacityType": "spot", "instanceType": "p4d.24xlarge"})
    work(3)
    until(lambda: phases(api, name) == ["Pending", "Running", "Running"], 120)
    assert nodes(api) == {SYSTEM: 1, SPOT: 0, ON_DEMAND: 1}

    order(live, "DELETE")
    until(lambda: phases(api, name) == ["Running"] * 3, 120)
    assert sizes(live_aws) == nodes(api) == {SYSTEM: 1, SPOT: 1, ON_DEMAND: 1}


def test_a_pod_that_no_node_of_the_pool_could_take_brings_none(live_aws, api, identity, work, name):
    until(lambda: nodes(api) == {SYSTEM: 1, SPOT: 0, ON_DEMAND: 0}, 60)
    work(1, units=17)
    (pod,) = until(lambda: api.items("/api/v1/namespaces/default/pods", labelSelector=f"app={name}"))
    until(lambda: any(one.get("reason") == "Unschedulable" for one in api.get(
        f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}")["status"].get("conditions") or []))  # fmt: skip
    with pytest.raises(AssertionError, match="does not come true"):
        until(lambda: sizes(live_aws)[SPOT], 5)
