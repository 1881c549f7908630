"""A cluster that runs, asked through the Kubernetes API by those who may and those who may not."""

import base64
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from cryptography import x509
from kubernetes.client import ApiException

from localcloud import environment
from tests.localcloud.clusters import make_ground, make_role, wish
from tests.localcloud.conftest import REGION, connect
from tests.localcloud.refusals import refused
from tests.localcloud.running_clusters import active, until
from tests.localcloud.signed_in import client, token

POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKS{}Policy"


@pytest.fixture
def role(live_aws, name):
    return make_role(live_aws("iam"), name, "ec2.amazonaws.com")


@pytest.fixture
def bearer(live_aws, shop, role):
    """A client of the role's session, with a new token."""

    def make(cluster: str = "shop"):
        session = live_aws("sts").assume_role(RoleArn=role, RoleSessionName="anna@example.com")["Credentials"]
        signer = {"key": session["AccessKeyId"], "secret": session["SecretAccessKey"]}
        return client(shop, token(cluster, **signer, session=session["SessionToken"]))

    return make


def status_of(call) -> int | None:
    """The API server's answer to a call that may be refused."""
    try:
        call()
    except ApiException as error:
        return error.status
    return 200


def may(api, verb: str, resource: str, namespace: str | None = None, group: str = "") -> bool:
    """What the API server itself says that the client may do."""
    wish = {"verb": verb, "resource": resource, "namespace": namespace, "group": group}
    body = {"spec": {"resourceAttributes": wish}}
    return api.authorization.create_self_subject_access_review(body).status.allowed


def test_an_active_cluster_answers_at_its_address_with_its_authority(shop, root):
    assert shop["endpoint"].startswith("https://127.0.0.1:")
    assert root.version.get_code().git_version.startswith("v1.34.")
    assert "kube-system" in [one.metadata.name for one in root.core.list_namespace().items]


def test_the_token_of_the_aws_command_line_is_accepted(live, shop):
    """The kubeconfig of production runs this."""
    command = [sys.executable, "-m", "awscli", "eks", "get-token", "--cluster-name", "shop", "--region", REGION]
    variables = {**environment(live, REGION), "PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    done = subprocess.run(
        [*command, "--output", "json"], env=variables, capture_output=True, text=True, timeout=60, check=True
    )
    answer = json.loads(done.stdout)["status"]["token"]
    assert client(shop, answer).core.list_namespace().items


def test_who_has_no_access_entry_is_not_let_in(shop, bearer, root):
    assert status_of(bearer().core.list_namespace) == 401
    assert status_of(client(shop, "k8s-aws-v1.bm9uc2Vuc2U").core.list_namespace) == 401
    assert status_of(client(shop, token("other")).core.list_namespace) == 401
    assert status_of(client(shop, token("shop", secret="wrong")).core.list_namespace) == 401
    assert status_of(root.core.list_namespace) == 200


def test_an_entry_lets_a_role_in_with_its_name_and_groups(live_aws, role, bearer, root):
    live_aws("eks").create_access_entry(clusterName="shop", principalArn=role, kubernetesGroups=["scoring"])
    assert status_of(bearer().core.list_namespace) == 403
    name = role.rpartition("/")[2]
    review = bearer().authorization  # a client with a good token
    assert review.create_self_subject_rules_review({"spec": {"namespace": "default"}}).status
    who = bearer().authentication.create_self_subject_review({}).status.user_info
    assert who.username == f"arn:aws:sts::000000000000:assumed-role/{name}/anna-example.com"
    assert {"scoring", "system:authenticated"} <= set(who.groups)
    live_aws("eks").delete_access_entry(clusterName="shop", principalArn=role)
    assert status_of(bearer().core.list_namespace) == 401


def test_a_policy_on_the_cluster_is_a_binding_that_comes_and_goes(live_aws, role, bearer):
    eks = live_aws("eks")
    eks.create_access_entry(clusterName="shop", principalArn=role)
    of = {"clusterName": "shop", "principalArn": role, "policyArn": POLICY.format("View")}
    eks.associate_access_policy(**of, accessScope={"type": "cluster"})
    # The API server sees a new binding a moment after it was made.
    until(lambda: may(bearer(), "list", "pods", "default"))
    assert not may(bearer(), "list", "secrets", "default")
    assert not may(bearer(), "create", "pods", "default")
    eks.associate_access_policy(**{**of, "policyArn": POLICY.format("AdminView")}, accessScope={"type": "cluster"})
    until(lambda: may(bearer(), "list", "secrets", "default"))
    assert not may(bearer(), "delete", "nodes")
    for name in ("View", "AdminView"):
        eks.disassociate_access_policy(**{**of, "policyArn": POLICY.format(name)})
    until(lambda: not may(bearer(), "list", "pods", "default"))
    eks.associate_access_policy(**{**of, "policyArn": POLICY.format("ClusterAdmin")}, accessScope={"type": "cluster"})
    until(lambda: may(bearer(), "delete", "nodes"))


def test_a_policy_on_namespaces_waits_for_them(live_aws, role, bearer, root, name):
    eks = live_aws("eks")
    eks.create_access_entry(clusterName="shop", principalArn=role)
    scope = {"type": "namespace", "namespaces": [name, f"{name}-x*"]}
    eks.associate_access_policy(
        clusterName="shop", principalArn=role, policyArn=POLICY.format("Edit"), accessScope=scope
    )
    assert not may(bearer(), "create", "pods", name)
    for namespace in (name, f"{name}-x1", f"{name}-y"):
        root.core.create_namespace({"metadata": {"name": namespace}})
    until(lambda: may(bearer(), "create", "pods", name) and may(bearer(), "create", "pods", f"{name}-x1"))
    assert not may(bearer(), "create", "pods", f"{name}-y")
    assert not may(bearer(), "create", "pods", "default")
    scope = {"type": "namespace", "namespaces": [f"{name}-y"]}
    eks.associate_access_policy(
        clusterName="shop", principalArn=role, policyArn=POLICY.format("Edit"), accessScope=scope
    )
    until(lambda: may(bearer(), "create", "pods", f"{name}-y") and not may(bearer(), "create", "pods", name))
    eks.delete_access_entry(clusterName="shop", principalArn=role)
    left = root.rbac.list_role_binding_for_all_namespaces().items
    assert not [one for one in left if role in (one.metadata.annotations or {}).values()]


def test_only_the_version_that_runs_is_made(live_aws, shop):
    with refused("InvalidParameterException", "1.34"):
        live_aws("eks").create_cluster(**{**wish(make_ground(live_aws, "old"), "old"), "version": "1.33"})
    with refused("InvalidParameterException", "1.34"):
        live_aws("eks").update_cluster_version(name="shop", version="1.35")


def test_a_machine_that_the_table_does_not_have_is_refused_by_the_tables_name(live_aws, shop):
    ground = make_ground(live_aws, "machine")
    with refused("InvalidParameterException", "instances.yaml"):
        live_aws("eks").create_nodegroup(
            clusterName="shop",
            nodegroupName="odd",
            nodeRole=ground.node_role,
            subnets=shop["resourcesVpcConfig"]["subnetIds"],
            instanceTypes=["x9.metal"],
        )


def test_the_processes_and_their_memory_are_told(live, shop):
    with urllib.request.urlopen(f"{live.endpoint}/_localcloud/processes") as answer:
        lines = json.load(answer)["processes"]
    assert {line["name"] for line in lines} >= {"etcd", "apiserver", "controller-manager", "scheduler", "kwok"}
    assert {(line["cluster"], line["state"], line["restarts"]) for line in lines} == {("shop", "running", 0)}
    assert all(Path(f"/proc/{line['pid']}").exists() and line["memoryMib"] > 5 for line in lines)
    print({line["name"]: line["memoryMib"] for line in lines})


def test_who_made_a_cluster_administers_it_if_asked_and_nothing_is_left_when_it_is_deleted(live, live_aws, role):
    session = live_aws("sts").assume_role(RoleArn=role, RoleSessionName="maker")["Credentials"]
    config = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True}
    wanted = {**wish(make_ground(live_aws, "brief"), "brief"), "version": "1.34", "accessConfig": config}
    connect(live, "eks", key=session["AccessKeyId"]).create_cluster(**wanted)
    signer = {"key": session["AccessKeyId"], "secret": session["SecretAccessKey"], "session": session["SessionToken"]}
    brief = active(live_aws("eks"), "brief")
    until(lambda: may(client(brief, token("brief", **signer)), "delete", "nodes"))

    folder = live.log.parent / "clusters" / REGION / "brief"
    assert folder.exists()

    def pids():
        with urllib.request.urlopen(f"{live.endpoint}/_localcloud/processes") as answer:
            return [one["pid"] for one in json.load(answer)["processes"] if one["cluster"] == "brief"]

    before = pids()
    assert len(before) >= 5
    live_aws("eks").delete_cluster(name="brief")
    assert not folder.exists()
    assert pids() == []
    assert not [pid for pid in before if Path(f"/proc/{pid}").exists()]


def test_the_authority_is_the_clusters_own(shop):
    found = x509.load_pem_x509_certificate(base64.b64decode(shop["certificateAuthority"]["data"]))
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
