"""What an environment tells the charts that it installs."""

import pytest
import yaml

from stacks.environment import charts
from stacks.environment.narrowing import closed, narrowed
from stacks.versions import catalogue, image

CIDR = "10.20.0.0/16"
IMAGE = "registry.example.com/controller:v1@sha256:" + 64 * "a"
KEPT = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kueue-webhook-service"}}
MANAGER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "manager", "namespace": "kserve"},
    "spec": {
        "selector": {"matchLabels": {"control-plane": "manager"}},
        "template": {"spec": {"containers": [{"name": "kube-rbac-proxy"}, {"name": "manager"}]}},
    },
}
LIST = [
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kueue-visibility-server"}},
    {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.visibility"}},
]


@pytest.fixture
def asked(monkeypatch):
    """Releases that were rendered."""
    asked = []

    def rendered(release):
        asked.append(release)
        return [KEPT, *LIST]

    monkeypatch.setattr(charts, "rendered", rendered)
    return asked


def test_charts_come_at_the_versions_of_the_catalogue(asked):
    charts.kueue("1.34", ["scoring"], 1, CIDR, IMAGE)
    charts.kserve("1.33", CIDR, IMAGE)
    assert [(r.chart, r.version, r.kubernetes, r.namespace) for r in asked] == [
        ("kueue", catalogue().charts["kueue"].version, "1.34", "kueue-system"),
        ("kserve-crd", catalogue().charts["kserve-crd"].version, "1.33", "kserve"),
        ("kserve-resources", catalogue().charts["kserve-resources"].version, "1.33", "kserve"),
    ]


def test_no_api_of_the_cluster_depends_on_kueue(asked):
    kept = [
        d for d in charts.kueue("1.34", ["scoring"], 1, CIDR, IMAGE).documents.objects if d["kind"] != "NetworkPolicy"
    ]
    assert kept == [KEPT]
    assert asked[0].values["controllerManager"]["featureGates"] == [{"name": "VisibilityOnDemand", "enabled": False}]


def test_no_pod_of_a_chart_may_do_more_than_it_needs(asked):
    for installed in (charts.kueue("1.34", [], 1, CIDR, IMAGE), charts.kserve("1.34", CIDR, IMAGE)):
        assert installed.namespace_labels["pod-security.kubernetes.io/enforce"] == "restricted"
        assert installed.namespace_labels["pod-security.kubernetes.io/enforce-version"] == "v1.34"


def test_a_controller_speaks_to_the_cluster_alone_and_only_its_api_server_speaks_to_it():
    deny, own = (d["spec"] for d in closed([MANAGER], "kserve", CIDR, 9443) if d["kind"] == "NetworkPolicy")

    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert own["podSelector"] == {"matchLabels": {"control-plane": "manager"}}
    assert own["ingress"] == [{"from": [{"ipBlock": {"cidr": CIDR}}], "ports": [{"port": 9443, "protocol": "TCP"}]}]
    assert {port["port"] for rule in own["egress"] for port in rule["ports"]} == {53, 443}


def test_a_controller_asks_for_its_token_reads_no_secret_of_others_and_runs_no_proxy():
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "kserve-manager-role"},
        "rules": [{"apiGroups": [""], "resources": ["secrets", "serviceaccounts"], "verbs": ["get"]}],
    }
    proxy = {"kind": "Service", "metadata": {"name": "kserve-controller-manager-service"}}
    manager, kept = narrowed([MANAGER, role, proxy])

    assert kept["rules"] == [{"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get"]}]
    pod = manager["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is True
    assert [one["name"] for one in pod["containers"]] == ["manager"]


def test_kueue_is_asked_about_the_work_of_teams_alone():
    told = yaml.safe_load(
        charts.kueue_values(["scoring", "fraud"], 1, IMAGE)["managerConfig"]["controllerManagerConfigYaml"]
    )
    assert told["managedJobsNamespaceSelector"]["matchExpressions"] == [
        {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["scoring", "fraud"]}
    ]
    assert told["integrations"]["frameworks"] == ["batch/job", "pod"]
    assert told["fairSharing"]["preemptionStrategies"]


def test_kueue_runs_the_published_image_and_not_the_charts_staging_one():
    used = charts.kueue_values([], 1, image("kueue").reference)["controllerManager"]["manager"]["image"]
    assert f"{used['repository']}:{used['tag']}" == image("kueue").reference
    assert "@sha256:" in used["tag"]
    assert used["pullPolicy"] == "IfNotPresent"


@pytest.mark.parametrize(("replicas", "budget"), [(1, False), (2, True)])
def test_of_several_one_is_always_there(replicas, budget):
    manager = charts.kueue_values([], replicas, IMAGE)["controllerManager"]
    assert (manager["replicas"], manager["podDisruptionBudget"]["enabled"]) == (replicas, budget)


def test_karpenter_does_not_move_a_controller_that_is_alone():
    alone, one_of_two = (
        charts.kueue_values([], replicas, IMAGE)["controllerManager"]["manager"] for replicas in (1, 2)
    )
    assert alone["podAnnotations"]["karpenter.sh/do-not-disrupt"] == "true"
    assert one_of_two["podAnnotations"] == {}
    assert charts.kserve_values(IMAGE)["kserve"]["controller"]["podAnnotations"] == alone["podAnnotations"]


def test_endpoints_are_plain_deployments_without_a_way_in_from_outside():
    controller = charts.kserve_values(IMAGE)["kserve"]["controller"]
    assert controller["deploymentMode"] == "RawDeployment"
    assert controller["gateway"]["disableIngressCreation"] is True
    assert controller["gateway"]["disableIstioVirtualHost"] is True
