"""Nodes of managed node groups, and pods on them, asked of the Kubernetes API."""

import base64
import json

import pytest

from tests.localcloud.clusters import make_role
from tests.localcloud.conftest import REGION
from tests.localcloud.running_clusters import until


@pytest.fixture
def core(root):
    return root.core


@pytest.fixture
def group(live_aws, shop, name):
    """Makes a node group of its own, whose nodes only pods that name it take; it goes at the end."""
    eks, made = live_aws("eks"), []

    def make(**more):
        made.append({"clusterName": "shop", "nodegroupName": more.get("nodegroupName", name)})
        eks.create_nodegroup(
            **{
                **made[-1],
                "nodeRole": make_role(live_aws("iam"), f"{made[-1]['nodegroupName']}-node", "ec2.amazonaws.com"),
                "subnets": shop["resourcesVpcConfig"]["subnetIds"],
                "instanceTypes": ["m7i.large"],
                "scalingConfig": {"minSize": 0, "maxSize": 4, "desiredSize": 2},
                **more,
            }
        )
        return made[-1]

    yield make
    for one in made:
        if one["nodegroupName"] in eks.list_nodegroups(clusterName="shop")["nodegroups"]:
            eks.delete_nodegroup(**one)


@pytest.fixture
def namespace(core, name):
    core.create_namespace({"metadata": {"name": name}})
    until(lambda: core.list_namespaced_service_account(name).items)
    yield name
    core.delete_namespace(name)


def nodes(core, group: str) -> list:
    return core.list_node(label_selector=f"eks.amazonaws.com/nodegroup={group}").items


def is_ready(node) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in node.status.conditions or [])


def pod(group: str, **more) -> dict:
    container = {"name": "main", "image": "registry.invalid/main:1", **more.pop("container", {})}
    return {"nodeSelector": {"eks.amazonaws.com/nodegroup": group}, "containers": [container], **more}


def test_a_node_group_is_nodes_in_its_zones_with_what_its_machines_have(live_aws, core, group, name):
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 80, "VolumeType": "gp3"}}
    template = live_aws("ec2").create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"BlockDeviceMappings": [disk]}
    )["LaunchTemplate"]["LaunchTemplateId"]
    group(
        instanceTypes=["g5.xlarge"],
        capacityType="SPOT",
        launchTemplate={"id": template, "version": "1"},
        labels={"seedbed.dev/pool": "train"},
        taints=[{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
    )
    found = nodes(core, name)
    assert {one.metadata.labels["topology.kubernetes.io/zone"] for one in found} == {f"{REGION}a", f"{REGION}b"}
    # A node that is not yet known to be ready has a taint of Kubernetes itself.
    until(lambda: all(is_ready(one) and len(one.spec.taints) == 1 for one in nodes(core, name)))
    one = nodes(core, name)[0]
    labels = one.metadata.labels
    assert labels["node.kubernetes.io/instance-type"] == "g5.xlarge"
    assert labels["eks.amazonaws.com/capacityType"] == "SPOT"
    assert labels["eks.amazonaws.com/sourceLaunchTemplateId"] == template
    assert labels["seedbed.dev/pool"] == "train"
    assert labels["kubernetes.io/hostname"] == one.metadata.name
    assert [(t.key, t.value, t.effect) for t in one.spec.taints] == [("nvidia.com/gpu", "present", "NoSchedule")]
    assert one.spec.provider_id.startswith(f"aws:///{labels['topology.kubernetes.io/zone']}/i-")
    capacity = {"cpu": "4", "memory": "16Gi", "pods": "58", "nvidia.com/gpu": "1", "ephemeral-storage": "80Gi"}
    assert one.status.capacity == capacity
    assert one.status.allocatable == {**capacity, "cpu": "3920m", "memory": f"{16384 - 255 - 11 * 58 - 100}Mi"}
    addresses = {address.type: address.address for address in one.status.addresses}
    assert one.metadata.name == f"ip-{addresses['InternalIP'].replace('.', '-')}.{REGION}.compute.internal"


def test_a_node_group_grows_shrinks_and_changes_its_labels_and_taints(live_aws, core, group, name):
    of = group(labels={"a": "1", "b": "2"}, taints=[{"key": "old", "effect": "NO_SCHEDULE"}])
    node = nodes(core, name)[0].metadata.name
    core.patch_node(node, {"metadata": {"labels": {"mine": "stays"}}})
    live_aws("eks").update_nodegroup_config(
        **of,
        labels={"addOrUpdateLabels": {"a": "3"}, "removeLabels": ["b"]},
        taints={
            "addOrUpdateTaints": [{"key": "new", "value": "x", "effect": "NO_EXECUTE"}],
            "removeTaints": [{"key": "old", "effect": "NO_SCHEDULE"}],
        },
        scalingConfig={"minSize": 0, "maxSize": 4, "desiredSize": 3},
    )
    found = {one.metadata.name: one for one in nodes(core, name)}
    assert len(found) == 3
    labels = found[node].metadata.labels
    assert (labels["a"], labels.get("b"), labels["mine"]) == ("3", None, "stays")
    assert [(one.key, one.effect) for one in found[node].spec.taints or [] if one.key in ("old", "new")] == [
        ("new", "NoExecute")
    ]
    live_aws("eks").update_nodegroup_config(**of, scalingConfig={"minSize": 0, "maxSize": 4, "desiredSize": 0})
    until(lambda: nodes(core, name) == [])


def test_pods_run_on_the_nodes_and_no_further_than_these_have_room(core, group, name, namespace, root):
    group(instanceTypes=["g5.xlarge"], scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1})
    wanted = {"container": {"resources": {"limits": {"nvidia.com/gpu": "1"}}}}
    root.apps.create_namespaced_deployment(
        namespace,
        {
            "metadata": {"name": "two"},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "two"}},
                "template": {"metadata": {"labels": {"app": "two"}}, "spec": pod(name, **wanted)},
            },
        },
    )

    def phases():
        return sorted(one.status.phase for one in core.list_namespaced_pod(namespace).items)

    until(lambda: phases() == ["Pending", "Running"])
    pending = next(one for one in core.list_namespaced_pod(namespace).items if one.status.phase == "Pending")
    until(lambda: "Insufficient nvidia.com/gpu" in core.read_namespaced_pod(
        pending.metadata.name, namespace).status.conditions[0].message)  # fmt: skip
    running = next(one for one in core.list_namespaced_pod(namespace).items if one.status.phase == "Running")
    assert running.status.container_statuses[0].ready
    assert running.status.pod_ip


def test_partitions_of_gpus_are_told_as_the_templates_settings_say(live_aws, core, group, name):
    settings = (
        '[settings.kubelet-device-plugins.nvidia]\ndevice-partitioning-strategy = "mig"\n'
        '[settings.kubelet-device-plugins.nvidia.mig.profile]\n"a100.40gb" = "3g.20gb"\n'
    )
    template = live_aws("ec2").create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"UserData": base64.b64encode(settings.encode()).decode()}
    )["LaunchTemplate"]["LaunchTemplateId"]
    group(
        instanceTypes=["p4d.24xlarge"],
        amiType="BOTTLEROCKET_x86_64_NVIDIA",
        launchTemplate={"id": template, "version": "1"},
        scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
    )
    (node,) = nodes(core, name)
    assert node.status.capacity["nvidia.com/gpu"] == "16"
    assert "Bottlerocket" in node.status.node_info.os_image


def test_a_job_completes_unless_it_is_told_to_keep_running(core, group, name, namespace, root):
    group(scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1})
    batch = root.batch

    def job(title: str, **annotations: str) -> None:
        spec = {"metadata": {"annotations": annotations}, "spec": {**pod(name), "restartPolicy": "Never"}}
        batch.create_namespaced_job(namespace, {"metadata": {"name": title}, "spec": {"template": spec}})

    job("plain")
    job("long", **{"seedbed.dev/keep-running": "true"})
    job("slow", **{"seedbed.dev/run-for": "60s"})
    until(lambda: batch.read_namespaced_job("plain", namespace).status.succeeded == 1)
    for title in ("long", "slow"):
        until(lambda title=title: batch.read_namespaced_job(title, namespace).status.ready == 1)
        assert not batch.read_namespaced_job(title, namespace).status.succeeded


def test_a_daemon_set_is_on_every_node(core, group, name, namespace, root):
    group()
    root.apps.create_namespaced_daemon_set(
        namespace,
        {
            "metadata": {"name": "agent"},
            "spec": {
                "selector": {"matchLabels": {"app": "agent"}},
                "template": {"metadata": {"labels": {"app": "agent"}}, "spec": pod(name)},
            },
        },
    )
    until(lambda: root.apps.read_namespaced_daemon_set("agent", namespace).status.number_ready == 2)


def test_a_node_group_goes_with_its_pods_while_a_budget_is_given_time(live_aws, core, group, name, namespace, root):
    of = group(scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1})
    labels = {"app": "held"}
    core.create_namespaced_pod(namespace, {"metadata": {"name": "held", "labels": labels}, "spec": pod(name)})
    core.create_namespaced_pod(namespace, {"metadata": {"name": "free"}, "spec": pod(name)})
    budget = {"metadata": {"name": "held"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": labels}}}
    root.policy.create_namespaced_pod_disruption_budget(namespace, budget)
    read = root.policy.read_namespaced_pod_disruption_budget
    until(lambda: read("held", namespace).status.current_healthy == 1)
    live_aws("eks").delete_nodegroup(**of)
    until(lambda: [one.metadata.name for one in core.list_namespaced_pod(namespace).items] == ["held"], 10)
    until(lambda: not nodes(core, name) and not core.list_namespaced_pod(namespace).items, 40)


def test_a_new_version_of_the_template_means_new_nodes(live_aws, core, group, name):
    ec2 = live_aws("ec2")
    template = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"EbsOptimized": True})[
        "LaunchTemplate"
    ]["LaunchTemplateId"]
    of = group(launchTemplate={"id": template, "version": "1"})
    before = {one.metadata.uid for one in nodes(core, name)}
    data = {"UserData": base64.b64encode(json.dumps({}).encode()).decode()}
    ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    live_aws("eks").update_nodegroup_version(**of, launchTemplate={"id": template, "version": "2"})
    until(lambda: len(after := {one.metadata.uid for one in nodes(core, name)}) == 2 and not after & before)
    versions = {one.metadata.labels["eks.amazonaws.com/sourceLaunchTemplateVersion"] for one in nodes(core, name)}
    assert versions == {"2"}
