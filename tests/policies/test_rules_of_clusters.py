"""Details of the rules about clusters, their workloads, their images and their GPUs."""

import datetime
import json
from pathlib import Path

import pulumi_kubernetes
import pytest
import yaml

from policies.images import host, repository
from policies.levels import ConfigError
from policies.namespaces import selects
from policies.rule import UNKNOWN, Stack, config, controls
from stacks.instances import TABLE
from stacks.versions import catalogue
from tests.policies.cases import resources

DIGEST = "sha256:" + 64 * "a"


def told(id: str, entries: list[dict], **given) -> dict[str, list[tuple[str, str]]]:
    """What one control says, by the name of the resource: states and paths."""
    (control,) = (one for one in controls() if one.id == id)
    stack = Stack(resources(entries, "staging"))
    parameters = {**config("staging").of(id), "today": datetime.date(2026, 11, 23), **given}
    judged = [one for one in stack.resources if control.judges(one.type)]
    found = {one.name: [(p.state, p.path) for p in control.judge(one, stack, parameters)] for one in judged}
    return {name: said for name, said in found.items() if said}


def service(**spec) -> dict:
    return {"type": "kubernetes:core/v1:Service", "name": "outer", "props": {"metadata": {"name": "api"}, "spec": spec}}


@pytest.mark.parametrize(
    ("selector", "answer"),
    [
        ({}, True),
        ({"matchLabels": {"app": "api"}}, True),
        ({"matchLabels": {"app": "api", "tier": "front"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Like", "values": ["api"]}]}, False),
        ({"matchLabels": {"app": UNKNOWN}}, None),
        ({"matchLabels": {"app": UNKNOWN, "tier": "front"}}, False),
        (UNKNOWN, None),
    ],
)
def test_a_selector_means_what_the_api_server_takes_it_to_mean(selector, answer):
    assert selects(selector, {"app": "api"}) is answer


@pytest.mark.parametrize(
    ("reference", "registry", "named"),
    [
        ("nginx", "docker.io", "docker.io/library/nginx"),
        ("kserve/controller:v1", "docker.io", "docker.io/kserve/controller"),
        ("quay.io/a/b:v1@" + DIGEST, "quay.io", "quay.io/a/b"),
        ("localhost/a", "localhost", "localhost/a"),
        ("registry:5000/a/b:v1", "registry:5000", "registry:5000/a/b"),
    ],
)
def test_a_reference_leads_to_the_registry_that_a_container_runtime_would_ask(reference, registry, named):
    assert (host(reference), repository(reference)) == (registry, named)


def test_a_service_is_reached_from_outside_once_it_is_approved_and_encrypted_and_no_dashboard():
    (urn,) = (one.urn for one in resources([service()], "staging") if one.name == "outer")
    approved = [{"urn": urn, "owner": "ml@example.com", "reason": "scores for the branch offices"}]
    certified = {"annotations": {"service.beta.kubernetes.io/aws-load-balancer-ssl-cert": "arn"}, "name": "api"}
    balanced = service(type="LoadBalancer")

    assert told("K8S-08", [balanced])["outer"] == [("fail", "spec.type")]
    assert [state for state, _ in told("K8S-08", [balanced], approved=approved)["outer"]] == ["fail"]
    balanced["props"]["metadata"] = certified
    assert told("K8S-08", [balanced], approved=approved) == {}
    assert told("K8S-08", [balanced], approved=[{"urn": urn}])["outer"] == [("fail", "spec.type")]
    balanced["props"]["metadata"] = {**certified, "name": "grafana-ui"}
    assert told("K8S-08", [balanced], approved=approved)["outer"] == [("fail", "metadata.name")]


def test_a_version_whose_support_has_ended_is_told_by_the_support_that_was_bought():
    def cluster(kind):
        props = {"name": "c", "version": "1.33", "upgradePolicy": {"supportType": kind}}
        return [{"type": "aws:eks/cluster:Cluster", "name": "c", "props": props}]

    assert told("EKS-04", cluster("STANDARD")) == {"c": [("fail", "version")]}
    assert told("EKS-04", cluster("EXTENDED")) == {}
    assert told("EKS-04", cluster("STANDARD"), today=datetime.date(2026, 7, 29)) == {}
    assert told("EKS-04", cluster("FOREVER")) == {"c": [("fail", "upgradePolicy.supportType")]}


def test_lists_of_the_policies_are_those_of_the_catalogue_and_of_the_table_of_instances():
    versions = {one["version"]: one for one in config("prod").of("EKS-04")["versions"]}
    facts = catalogue().kubernetes
    assert {v: (str(t.standard_support_until), str(t.extended_support_until)) for v, t in facts.items()} == {
        v: (one["standardUntil"], one["extendedUntil"]) for v, one in versions.items()
    }
    table = yaml.safe_load(TABLE.read_text())["types"]
    assert config("prod").of("COST-02")["types"] == {n: one["gpus"] for n, one in table.items() if one["gpus"]}
    listed = {one["repository"] for one in config("prod").of("REG-05")["mirrors"]}
    assert listed <= {one.repository for one in catalogue().images.values()}


def test_pools_that_are_only_together_above_the_cap_are_told_one_by_one():
    def pool(name, most):
        needs = [{"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["g5.xlarge"]}]
        spec = {"requirements": needs, "taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]}
        props = {"spec": {"limits": {"nvidia.com/gpu": most}, "template": {"spec": spec}}}
        return {"type": "kubernetes:karpenter.sh/v1:NodePool", "name": name, "props": props}

    assert told("COST-02", [pool("a", "4"), pool("b", "4")], gpus=8) == {}
    both = {"a": [("fail", "spec.limits")], "b": [("fail", "spec.limits")]}
    assert told("COST-02", [pool("a", "4"), pool("b", "5")], gpus=8) == both
    assert told("COST-02", [pool("a", "4"), pool("b", UNKNOWN)], gpus=4) == {"b": [("undetermined", "spec.limits")]}
    no_spot = told("COST-02", [pool("a", "4")], spot=True)
    assert no_spot == {"a": [("fail", "spec.template.spec.requirements")]}


def test_an_ignored_change_is_told_where_a_control_reads_it_as_evidence_too():
    bucket = {"type": "aws:s3/bucket:Bucket", "name": "b", "props": {"bucket": "b", "tags": {"data-class": "internal"}}}
    block = {
        "type": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "name": "closed",
        "from": {"bucket": "b"},
        "ignores": ["ignorePublicAcls"],
        "props": {"bucket": UNKNOWN, "ignorePublicAcls": True},
    }
    assert told("GOV-05", [bucket, block])["closed"] == [("fail", "ignorePublicAcls")]
    assert "closed" not in told("GOV-05", [bucket, {**block, "ignores": ["skipDestroy"]}])
    assert told("GOV-05", [bucket, {**block, "ignores": ["*"]}])["closed"] == [("fail", "*")]


def test_a_pod_in_a_namespace_of_the_cluster_itself_is_closed_by_policies_of_its_own():
    place = {"namespace": "kube-system", "name": "agent"}
    agent = {
        "type": "kubernetes:apps/v1:Deployment",
        "name": "agent",
        "props": {"metadata": place, "spec": {"template": {"metadata": {"labels": {"app": "agent"}}}}},
    }

    def policy(*kinds):
        spec = {"podSelector": {"matchLabels": {"app": "agent"}}, "policyTypes": list(kinds)}
        return {
            "type": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            "name": "ways",
            "props": {"metadata": place, "spec": spec},
        }

    assert told("K8S-05", [agent, policy("Ingress", "Egress")]) == {}
    assert told("K8S-05", [agent, policy("Ingress")]) == {"agent": [("fail", "NetworkPolicy.spec.egress")]}


def test_a_parameter_that_names_one_that_nobody_sets_is_told(tmp_path):
    (tmp_path / "defaults.json").write_text(
        json.dumps({"parameters": {"REG-05": {"regions": {"sameAs": "RES.places"}}}})
    )
    (tmp_path / "prod.json").write_text('{"levels": {}}')

    with pytest.raises(ConfigError, match=r"sameAs names RES\.places, which no file sets"):
        config("prod", tmp_path).of("REG-05")


def test_every_kind_of_kubernetes_that_a_control_reads_is_one_of_the_pinned_sdk_or_of_a_definition():
    source = Path(pulumi_kubernetes.__file__).parent
    modules = {path.parent.relative_to(source).as_posix() for path in source.rglob("__init__.py")}
    own = ("karpenter.sh", "kubeflow.org", "serving.kserve.io", "kueue.x-k8s.io", "networking.istio.io", "gateway.")
    for token in {t for one in controls() for t in one.types if t.startswith("kubernetes:") and "*" not in t}:
        _, group, kind = token.split(":")
        if group.startswith(own) or group.startswith(("external-secrets", "monitoring.coreos")) or group == "v1":
            continue
        folder = group.replace(".authorization.k8s.io", "").replace(".k8s.io", "").replace("helm.sh", "helm")
        assert folder in modules, token
        assert (source / folder / f"{kind}.py").is_file(), token
