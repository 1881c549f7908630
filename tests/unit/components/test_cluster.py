"""What the cluster promises."""

import json
from dataclasses import replace

from components.cluster import CONTROL_PLANE_LOGS, Cluster
from components.cluster_access import ClusterAccess
from components.observability import ClusterObservability
from tests.unit.components.instances import INSTANCES, KEY
from tests.unit.deploy import by_name, deploy

ARGS = next(i.args for i in INSTANCES if i.component is Cluster)
AUTO = replace(ARGS, compute="auto", add_ons={"metrics-server": "v1"})
ACCESS = next(i.args for i in INSTANCES if i.component is ClusterAccess)
METRICS = next(i.args for i in INSTANCES if i.component is ClusterObservability)


def made(args):
    return {r.name: r for r in deploy(lambda: Cluster("c", args))}


def upstream(made, name):
    """Everything that has to be there before a resource, by name."""
    found, ask = set(), [name]
    while ask:
        resource = made[ask.pop()]
        urns = {*resource.depends_on, *(urn for urns in resource.dependencies.values() for urn in urns)}
        before = {urn.rpartition("::")[2] for urn in urns} & made.keys()
        ask += before - found
        found |= before
    return found


def test_its_api_is_reached_from_the_network_alone():
    network = made(ARGS)["c-cluster"].inputs["vpcConfig"]
    assert (network["endpointPrivateAccess"], network["endpointPublicAccess"]) == (True, False)


def test_an_open_api_is_open_to_the_listed_networks_alone():
    network = made(replace(ARGS, public_cidrs=["192.0.2.0/24"]))["c-cluster"].inputs["vpcConfig"]
    assert (network["endpointPublicAccess"], network["publicAccessCidrs"]) == (True, ["192.0.2.0/24"])
    assert network["endpointPrivateAccess"] is True


def test_its_secrets_are_under_our_key():
    assert made(ARGS)["c-cluster"].inputs["encryptionConfig"] == {"provider": {"keyArn": KEY}, "resources": ["secrets"]}


def test_every_log_goes_to_a_group_that_is_there_before_and_ends():
    there = made(ARGS)
    assert set(there["c-cluster"].inputs["enabledClusterLogTypes"]) == set(CONTROL_PLANE_LOGS)
    log = there["c-log"].inputs
    assert (log["name"], log["retentionInDays"], log["kmsKeyId"]) == ("/aws/eks/seedbed-test/cluster", 90, KEY)
    assert "c-log" in upstream(there, "c-cluster")


def test_whoever_made_it_has_no_rights_for_that():
    assert made(ARGS)["c-cluster"].inputs["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }


def test_in_auto_mode_eks_runs_nodes_disks_and_load_balancers():
    there = made(AUTO)
    cluster = there["c-cluster"].inputs
    assert cluster["computeConfig"]["enabled"]
    assert cluster["computeConfig"]["nodePools"] == ["general-purpose", "system"]
    assert cluster["storageConfig"]["blockStorage"]["enabled"]
    assert cluster["kubernetesNetworkConfig"]["elasticLoadBalancing"]["enabled"]
    assert not [r for r in there.values() if "nodeGroup" in r.type]
    trust = json.loads(there["c-cluster-role"].inputs["assumeRolePolicy"])["Statement"][0]
    assert "sts:TagSession" in trust["Action"]


def test_its_roles_have_their_rights_before_they_are_used():
    there = made(AUTO)
    attached = {name for name in there if "RolePolicyAttachment" in there[name].type and "c-cluster-Amazon" in name}
    assert len(attached) == 5
    assert attached <= upstream(there, "c-cluster")


def test_a_node_comes_after_its_network_and_other_programs_after_a_node():
    there = made(ARGS)
    assert {"c-vpc-cni", "c-kube-proxy"} <= upstream(there, "c-system-group")
    assert "c-system-group" in upstream(there, "c-coredns")
    assert "c-system-group" not in upstream(there, "c-vpc-cni")


def test_a_node_is_private_encrypted_and_gives_no_pod_its_own_identity():
    template = made(ARGS)["c-system-template"].inputs
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert template["networkInterfaces"][0]["associatePublicIpAddress"] == "false"
    (disk,) = template["blockDeviceMappings"]
    assert (disk["ebs"]["encrypted"], disk["ebs"]["kmsKeyId"]) == ("true", KEY)
    assert "keyName" not in template


def test_a_role_that_is_named_twice_has_one_entry_with_all_its_rights():
    both = replace(
        ACCESS,
        administrators=["lead"],
        teams={"scoring": ["lead"], "research": ["lead", "analyst"]},
    )
    there = by_name(lambda: ClusterAccess("a", both))
    assert there["a-lead"]["kubernetesGroups"] == ["scoring", "research"]
    assert there["a-analyst"]["kubernetesGroups"] == ["research"]
    assert there["a-lead-AmazonEKSClusterAdminPolicy"]["accessScope"] == {"type": "cluster"}
    assert there["a-lead-AmazonEKSEditPolicy"]["accessScope"] == {
        "type": "namespace",
        "namespaces": ["scoring", "research"],
    }


def test_the_agent_is_known_by_its_pod_and_no_log_is_made_without_an_end():
    there = {r.name: r for r in deploy(lambda: ClusterObservability("m", METRICS))}
    (statement,) = json.loads(there["m-role"].inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(":cluster/seedbed-test")
    groups = {name for name, r in there.items() if "logGroup" in r.type}
    assert all(there[name].inputs["retentionInDays"] == 90 for name in groups)
    assert groups | {"m-identity"} <= upstream(there, "m-add-on")
