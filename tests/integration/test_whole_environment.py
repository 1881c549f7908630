"""The shipped environment with its cluster, as `make up` makes it: Kubernetes and the account are asked."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kubernetes import client, config

from policies.rule import PACKS
from stacks.settings import load
from tests.integration.house import ROOT, House, shipped, without_cluster
from tests.integration.inventory import inventory
from tests.integration.kubernetes_server import Server

SETTINGS = load(ROOT / "Pulumi.local.yaml")
ENVIRONMENT = SETTINGS.environment
FOUR_GIB = 4096
QUICK_SECONDS = 300
"""What a second `up` may take (issue of the Kubernetes half); the machine of these tests does other things too."""

WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


def server(whole: House) -> Server:
    return Server(whole.aws("eks").describe_cluster(name=SETTINGS.prefix)["cluster"])


def until(condition: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.5)
    return found


def test_up_ends_with_pools_teams_and_endpoints(whole):
    said = whole.first_up
    for title in ("pools", "queues", "teams", "endpoints"):
        assert f"\n{title}\n" in said, title
    for name in (*(p.name for p in ENVIRONMENT.pools), *(t.name for t in ENVIRONMENT.teams)):
        assert re.search(rf"^  {name} ", said, re.MULTILINE), name
    for endpoint in ENVIRONMENT.endpoints:
        assert re.search(rf"^  {endpoint.name} ", said, re.MULTILINE)
    assert "policies: no violation" in said


def test_what_is_deployed_is_judged_again_from_its_state_with_nothing_open(whole):
    packs = [word for name in PACKS for word in ("--policy-pack", str(ROOT / "policies" / name))]
    said = whole.pulumi("local", "policy", "analyze", *packs).output
    assert re.findall(r"\[(?:mandatory|advisory)\].*\n.*\n.*", said) == []
    assert [f"seedbed-{name}" in said for name in PACKS] == [True] * len(PACKS)


def test_it_has_more_than_250_resources_half_of_them_in_the_cluster(whole):
    saved = [r for r in whole.saved("local") if r.get("custom")]
    assert len(saved) > 250
    assert sum(r["type"].startswith("kubernetes:") for r in saved) > 150


def test_status_is_a_table_that_a_person_can_read(whole):
    said = whole.seedbed("status", "local").output
    for layer in ("foundation", "stores", "cluster", "platform", "teams"):
        assert re.search(rf"^  {layer} +\d+ resources: ", said, re.MULTILINE), layer
    for pool in ENVIRONMENT.pools:
        cap = pool.max_gpus or pool.max_cpus
        assert re.search(rf"^  {pool.name} .*\b{cap} {pool.accelerator or 'vCPUs'}", said, re.MULTILINE), pool.name
    for queue in (*(t.name for t in ENVIRONMENT.teams), "serving"):
        assert re.search(rf"^  {queue} +\d+ +\d+ ", said, re.MULTILINE), queue
    assert re.search(r"^  affordability-online .*80% affordability@champion", said, re.MULTILINE)
    for process in ("etcd", "apiserver", "scheduler", "karpenter"):
        assert process in said, process


def test_the_local_cloud_takes_less_than_four_gibibytes_with_everything_in_it(whole):
    took = {p["name"]: p["memoryMib"] for p in whole.control("GET", "processes")["processes"]}
    status = Path(f"/proc/{whole.running.pid}/status").read_text()
    account = int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) // 1024
    total = sum(took.values()) + account
    print(f"\nlocal cloud: {total} MiB: account {account}, {took}")
    assert {"etcd", "apiserver", "controller-manager", "scheduler", "karpenter"} <= set(took)
    assert 500 < total < FOUR_GIB


def test_nothing_of_the_cluster_looks_changed_to_plain_pulumi(whole):
    whole.pulumi("local", "preview", "--expect-no-changes")


def test_an_ordinary_client_lists_the_nodes_with_the_kubeconfig(whole, tmp_path):
    file = tmp_path / "kubeconfig"
    whole.seedbed("kubectl-config", "local", "-o", str(file))
    api, there = client.CoreV1Api(config.new_client_from_config(str(file))), server(whole)

    def seen() -> set[str]:
        return {
            node["metadata"]["name"] for node in api.api_client.sanitize_for_serialization(api.list_node())["items"]
        }

    def told() -> set[str]:
        return {node["metadata"]["name"] for node in there.ask("GET", "/api/v1/nodes").body["items"]}

    until(lambda: told() and seen() == told())


def test_the_controllers_of_the_charts_run_and_their_webhooks_are_trusted(whole):
    there = server(whole)
    for namespace, name in (("kueue-system", "kueue-controller-manager"), ("kserve", "kserve-controller-manager")):
        deployment = there.ask("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}").body
        assert deployment["status"]["readyReplicas"] == deployment["spec"]["replicas"]
    for configuration in there.ask("GET", WEBHOOKS).body["items"]:
        for webhook in configuration["webhooks"]:
            authority = webhook["clientConfig"].get("caBundle")
            assert authority, (configuration["metadata"]["name"], webhook["name"])
            assert b"BEGIN CERTIFICATE" in base64.b64decode(authority)


def test_every_object_of_the_state_is_taken_by_the_api_server_to_the_letter(whole, tmp_path):
    """A dry run of each with strict validation: a field that the API does not know would be an error. The same by
    kubectl where the machine has it."""
    there, refused = server(whole), []
    for one in whole.saved("local"):
        if not one["type"].startswith("kubernetes:") or not one.get("custom"):
            continue
        document = one["inputs"]
        (tmp_path / f"{len(list(tmp_path.iterdir()))}.json").write_text(json.dumps(document))
        answer = there.apply(document, dry=True)
        if answer.status != 200 or any("unknown field" in warning for warning in answer.warnings):
            refused.append((one["urn"].rpartition("::")[2], answer.status, answer.message, answer.warnings))
    assert refused == []
    if kubectl := shutil.which("kubectl"):
        file = tmp_path.with_name("kubeconfig")
        whole.seedbed("kubectl-config", "local", "-o", str(file))
        how = ("--dry-run=server", "--server-side", "--force-conflicts", "--validate=strict", "--kubeconfig", str(file))
        done = subprocess.run(
            [kubectl, "apply", *how, "-f", str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_a_change_by_kubectl_edit_is_found_and_mended_though_the_api_server_is_killed(whole):
    there = server(whole)
    path = "/apis/networking.k8s.io/v1/namespaces/scoring/networkpolicies/default-deny"
    opened = there.ask("GET", path).body
    opened["spec"]["policyTypes"] = ["Ingress"]
    assert there.ask("PUT", path, opened).status == 200

    found = whole.seedbed("preview", "local", "--refresh").output
    assert re.search(r"^ +update scoring-workspace-default-deny ", found, re.MULTILINE), found
    (api,) = [p for p in whole.control("GET", "processes")["processes"] if p["name"] == "apiserver"]
    os.kill(api["pid"], signal.SIGKILL)
    wider = shipped("local")
    wider["seedbed:environment"]["teams"][0]["cpuQuota"] = 40
    try:
        whole.write("local", wider)
        whole.seedbed("up", "local", "--refresh")
        assert there.ask("GET", path).body["spec"]["policyTypes"] == ["Ingress", "Egress"]
        quota = there.ask("GET", "/api/v1/namespaces/scoring/resourcequotas/workspace").body
        assert quota["spec"]["hard"]["requests.cpu"] == "40"
        (again,) = [p for p in whole.control("GET", "processes")["processes"] if p["name"] == "apiserver"]
        assert (again["pid"] != api["pid"], again["restarts"]) == (True, api["restarts"] + 1)
    finally:
        whole.write("local", shipped("local"))
        whole.seedbed("up", "local")
    assert "local: 0 changes" in whole.seedbed("up", "local").output


def test_a_second_up_changes_nothing_and_is_quick(whole):
    began = time.monotonic()
    said = whole.seedbed("up", "local").output
    took = time.monotonic() - began
    print(f"\nsecond up: {took:.0f} s")
    assert "local: 0 changes" in said
    assert took < QUICK_SECONDS


def test_a_preview_without_the_cluster_says_first_what_would_be_lost(whole):
    whole.write("local", without_cluster("local"))
    try:
        lines = whole.seedbed("preview", "local").output.splitlines()
    finally:
        whole.write("local", shipped("local"))
    lost = [number for number, line in enumerate(lines) if line.startswith("WOULD BE DELETED")]
    assert max(lost) < min(number for number, line in enumerate(lines) if line.lstrip().startswith("delete "))
    assert "cluster seedbed-local: Kubernetes 1.34, nodes of EKS Auto Mode" in "\n".join(lines)


def test_down_works_while_pods_run_and_leaves_nothing(whole):
    there = server(whole)
    path = "/apis/apps/v1/namespaces/scoring/deployments"
    labels = {"app": "long"}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": _long_pod()}}
    metadata = {"name": "long", "namespace": "scoring"}
    assert there.ask("POST", path, {"metadata": metadata, "spec": spec}).status == 201
    until(lambda: there.ask("GET", f"{path}/long").body.get("status", {}).get("readyReplicas"))

    said = whole.seedbed("down", "local", "--yes", "--delete-data").output

    assert "nothing of it is left" in said
    assert whole.saved("local") == []
    whole.seedbed("cloud", "start")
    assert whole.control("GET", "processes")["processes"] == []
    assert inventory(whole) == {}


def _long_pod() -> dict[str, Any]:
    asked = {"cpu": "1", "memory": "1Gi"}
    return {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "main",
                "image": "busybox",
                "command": ["sleep", "3600"],
                "resources": {"requests": asked, "limits": asked},
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    }
