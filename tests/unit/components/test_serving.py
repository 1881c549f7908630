"""Model endpoints."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.serving import PROGRAMS, ModelEndpoint, ModelEndpointArgs
from components.serving_pod import canary_bounds
from components.workspace_network import MODEL_PORT
from tests.unit.components.instances_of_serving import ENDPOINT
from tests.unit.components.kubernetes_schema import faults
from tests.unit.deploy import Declared, deploy

ROOT = Path(__file__).parents[3]
EXTENSIONS = {"minReplicas", "maxReplicas", "scaleMetric", "scaleTarget"}
"""Fields of a predictor that are KServe's; all others are a pod's (KServe API, PredictorSpec)."""


def made(**changes: Any) -> list[Declared]:
    args: ModelEndpointArgs = replace(ENDPOINT.args, **changes)
    return deploy(lambda: ModelEndpoint("x", args))


def of(kind: str, resources: list[Declared]) -> dict[str, Any]:
    """Objects of a kind by their names in the cluster."""
    return {r.inputs["metadata"]["name"]: r.inputs for r in resources if r.inputs.get("kind") == kind}


def predictor(name: str = "credit", **changes: Any) -> dict[str, Any]:
    return of("InferenceService", made(**changes))[name]["spec"]["predictor"]


def container(pod: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [c for c in [*pod["initContainers"], *pod["containers"]] if c["name"] == name]
    return found


def env(of_container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in of_container["env"]}


@pytest.mark.parametrize("changes", [{}, {"canary_percent": None}, {"captured": None}, {"gpus": 0, "pool": "general"}])
def test_a_predictor_is_a_pod_as_kubernetes_knows_it(changes):
    for service in of("InferenceService", made(**changes)).values():
        spec = service["spec"]["predictor"]
        pod = {key: value for key, value in spec.items() if key not in EXTENSIONS}
        assert spec.keys() >= EXTENSIONS
        assert faults({"apiVersion": "v1", "kind": "Pod", "spec": pod}) == []


def test_kserve_makes_deployments_without_a_way_from_outside():
    for service in of("InferenceService", made()).values():
        assert service["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] == "RawDeployment"
        assert service["metadata"]["labels"]["networking.kserve.io/visibility"] == "cluster-local"


def test_the_autoscaler_gets_the_bounds():
    scaled = predictor(replicas_min=2, replicas_max=7)

    assert (scaled["minReplicas"], scaled["maxReplicas"]) == (2, 7)


@pytest.mark.parametrize(
    ("least", "most", "percent", "bounds"),
    [(1, 6, 10, (1, 1)), (10, 40, 10, (1, 4)), (20, 40, 50, (10, 20)), (3, 3, 99, (3, 3)), (1, 1, 1, (1, 1))],
)
def test_a_canary_has_as_many_replicas_as_its_share_takes(least, most, percent, bounds):
    assert canary_bounds(least, most, percent) == bounds


def test_without_a_canary_there_is_one_predictor_that_answers_itself():
    alone = predictor(canary_percent=None, captured=None)

    assert list(of("InferenceService", made(canary_percent=None))) == ["credit"]
    assert [c["name"] for c in alone["initContainers"]] == ["model"]
    assert alone["containers"][0]["ports"][0]["containerPort"] == MODEL_PORT


def test_the_split_stands_before_the_server_where_callers_come_in():
    pod = predictor(canary_percent=25, captured=None)

    assert container(pod, "split")["command"][-4:] == ["8080", "8090", "credit-canary:8080", "25"]
    assert env(container(pod, "kserve-container"))["MLSERVER_HTTP_PORT"] == "8090"
    assert container(pod, "kserve-container")["readinessProbe"]["httpGet"]["port"] == 8090


@pytest.mark.parametrize(
    ("name", "canary_percent", "order", "port"),
    [
        ("credit", 25, ["model", "capture", "split"], "8085"),
        ("credit-canary", 25, ["model", "capture"], "8080"),
        ("credit", None, ["model", "capture"], "8080"),
    ],
)
def test_what_is_kept_passes_by_once_wherever_it_is_answered(name, canary_percent, order, port):
    pod = predictor(name, canary_percent=canary_percent)
    capture, server = container(pod, "capture"), container(pod, "kserve-container")

    assert [c["name"] for c in pod["initContainers"]] == order
    assert capture["command"][-4:] == [port, "8090", "20", "s3://seedbed-test-capture/credit"]
    assert capture["readinessProbe"]["tcpSocket"]["port"] == int(port)
    assert env(server)["MLSERVER_HTTP_PORT"] == "8090"
    assert env(container(pod, "model"))["RELOAD_URL"].startswith("http://127.0.0.1:8090/")
    if "split" in order:
        assert container(pod, "split")["command"][-4:] == ["8080", "8085", "credit-canary:8080", "25"]


def test_a_pod_that_keeps_requests_has_time_to_store_the_last_ones():
    assert predictor()["terminationGracePeriodSeconds"] == 60
    assert container(predictor(), "capture")["restartPolicy"] == "Always", "a sidecar ends after the server"


def test_every_program_of_its_pods_is_among_those_that_it_is_given():
    commands = [c["command"] for c in predictor()["initContainers"]]

    assert {f"{command[2].removeprefix('lifecycle.')}.py" for command in commands} < set(PROGRAMS)
    assert all((ROOT / "lifecycle" / name).is_file() for name in PROGRAMS)


def test_the_canary_serves_the_champion_while_nobody_challenges():
    both = of("InferenceService", made())

    assert env(container(both["credit"]["spec"]["predictor"], "model"))["ALIASES"] == "champion"
    assert env(container(both["credit-canary"]["spec"]["predictor"], "model"))["ALIASES"] == "challenger,champion"


def test_the_server_starts_when_a_model_is_there_however_long_that_takes():
    loader = predictor()["initContainers"][0]

    assert loader["restartPolicy"] == "Always", "a sidecar goes on beside the server and brings later versions"
    assert loader["startupProbe"]["exec"]["command"][-1] == "loaded"
    assert loader["startupProbe"]["failureThreshold"] * loader["startupProbe"]["periodSeconds"] > 100 * 365 * 86400
    assert loader["image"] == predictor()["containers"][0]["image"]


def test_the_engine_waits_for_no_pod_of_it():
    for service in of("Service", made()).values():
        assert service["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_the_address_leads_to_the_stable_pods_at_their_own_port():
    services = of("Service", made())

    assert {n: s["spec"]["selector"] for n, s in services.items()} == {
        "credit": {"serving.kserve.io/inferenceservice": "credit"},
        "credit-canary": {"serving.kserve.io/inferenceservice": "credit-canary"},
    }
    assert all(p["port"] == p["targetPort"] == MODEL_PORT for s in services.values() for p in s["spec"]["ports"])


def test_only_its_callers_come_in():
    (rule,) = of("NetworkPolicy", made(callers=["scoring", "fraud"]))["credit"]["spec"]["ingress"]

    assert [p["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for p in rule["from"]] == [
        "scoring",
        "fraud",
    ]
    assert [p["port"] for p in rule["ports"]] == [MODEL_PORT]


def test_without_callers_nobody_comes_in():
    policy = of("NetworkPolicy", made(callers=[], canary_percent=None))["credit"]["spec"]

    assert policy.get("ingress", []) == []
    assert "Ingress" in policy["policyTypes"]


def test_only_the_stable_model_reaches_the_canary():
    (rule,) = of("NetworkPolicy", made())["credit-canary"]["spec"]["ingress"]

    assert rule["from"] == [{"podSelector": {"matchLabels": {"serving.kserve.io/inferenceservice": "credit"}}}]


def test_out_it_reaches_names_credentials_its_store_the_registry_and_nothing_else():
    out = of("NetworkPolicy", made(canary_percent=None))["credit"]["spec"]["egress"]
    ports = sorted({port["port"] for rule in out for port in rule["ports"]})

    assert ports == [53, 80, 443, 5000]
    assert all(rule["to"] and rule["ports"] for rule in out), "a rule without either opens everything"
    blocks = {peer["ipBlock"]["cidr"] for rule in out for peer in rule["to"] if "ipBlock" in peer}
    assert "0.0.0.0/0" not in blocks


def policy_of(**changes: Any) -> dict[str, Any]:
    (policy,) = [json.loads(r.inputs["policy"]) for r in made(**changes) if r.type == "aws:iam/rolePolicy:RolePolicy"]
    return policy


def test_with_what_it_keeps_its_role_puts_objects_below_the_prefix_and_seals_them_under_one_key():
    before, after = policy_of(captured=None)["Statement"], policy_of()["Statement"]
    put, seal = [statement for statement in after if statement not in before]

    assert [s for s in after if s in before] == before
    assert (put["Action"], put["Resource"]) == ("s3:PutObject", "arn:aws:s3:::seedbed-test-capture/credit/*")
    assert seal["Action"] == "kms:GenerateDataKey"
    assert seal["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/personal"]}}


def test_its_role_reads_its_own_artifacts_and_does_nothing_else():
    policy = policy_of(captured=None)
    allowed = {(s["Action"], s["Resource"]) for s in policy["Statement"]}

    assert allowed == {
        ("s3:ListBucket", "arn:aws:s3:::seedbed-test-artifacts"),
        ("s3:GetObject", "arn:aws:s3:::seedbed-test-artifacts/models/scoring/*"),
        ("kms:Decrypt", "arn:aws:kms:eu-central-1:000000000000:key/*"),
    }
    assert all("Condition" in s for s in policy["Statement"] if s["Sid"] != "ReadTheModel")


def test_no_container_has_a_token_for_the_api_server():
    for service in of("InferenceService", made()).values():
        pod = service["spec"]["predictor"]
        tokens = [s for v in pod["volumes"] for s in v.get("projected", {}).get("sources", [])]
        assert pod["automountServiceAccountToken"] is False
        assert [t["serviceAccountToken"]["audience"] for t in tokens] == ["tracking"]


def test_a_pool_is_selected_and_its_gpus_are_asked_for():
    pod = predictor(pool="serve", gpus=2)

    assert pod["nodeSelector"] == {"seedbed.dev/pool": "serve"}
    assert pod["tolerations"][0]["key"] == "nvidia.com/gpu"
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"


def test_without_gpus_it_does_not_tolerate_their_nodes():
    pod = predictor(gpus=0)

    assert "nvidia.com/gpu" not in {one["key"] for one in pod.get("tolerations", [])}
    assert "nvidia.com/gpu" not in pod["containers"][0]["resources"]["requests"]


def test_a_changed_script_brings_new_pods():
    def mark(**changes: Any) -> str:
        return of("InferenceService", made(**changes))["credit"]["metadata"]["annotations"]["seedbed.dev/scripts"]

    assert mark() != mark(scripts={**ENDPOINT.args.scripts, "load_model.py": "another"})


def test_pods_come_when_account_network_and_scripts_are_there():
    resources = made()
    first = {r.urn for r in resources if r.inputs.get("kind") in {"ConfigMap", "NetworkPolicy", "ServiceAccount"}}

    for service in (r for r in resources if r.inputs.get("kind") == "InferenceService"):
        assert first <= set(service.depends_on)
