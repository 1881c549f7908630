"""Pods whose program really runs: what can be said of them without a cluster."""

import base64
from typing import Any

import pytest
import yaml

from localcloud.controllers import pod_status
from localcloud.controllers.mounts import MissingSourceError, mount
from localcloud.controllers.pod_programs import environment, program_of, target_port
from localcloud.controllers.pods import wanted

LABELS = {"control-plane": "controller-manager", "app.kubernetes.io/name": "kueue", "pod-template-hash": "a"}


def pod(name: str = "kueue-controller-manager-1", **more: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name, "namespace": "kueue-system", "uid": name, "creationTimestamp": more.pop("made", "2026-01-01"),
            "labels": LABELS,
            **more.pop("metadata", {}),
        },
        "spec": {
            "nodeName": "i-1",
            "containers": [
                {
                    "name": "manager",
                    "image": "kueue",
                    "args": ["--config=/controller_manager_config.yaml", "--zap-log-level=2"],
                    "ports": [{"containerPort": 9443, "name": "webhook-server"}],
                    "env": [
                        {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                        {"name": "LEVEL", "value": "info"},
                    ],
                    "volumeMounts": [
                        {"mountPath": "/tmp/k8s-webhook-server/serving-certs", "name": "cert"},
                        {"mountPath": "/visibility", "name": "visibility"},
                        {"mountPath": "/controller_manager_config.yaml", "name": "config", "subPath": "it.yaml"},
                    ],
                }
            ],
            "volumes": [
                {"name": "cert", "secret": {"secretName": "kueue-cert"}},
                {"name": "visibility", "emptyDir": {}},
                {"name": "config", "configMap": {"name": "kueue-config"}},
            ],
            **more.pop("spec", {}),
        },
        **more,
    }  # fmt: skip


def test_a_program_runs_for_the_newest_pod_that_has_a_node_and_stays():
    old, new = pod("old", made="2026-01-01"), pod("new", made="2026-01-02")
    waiting = pod("waiting", made="2026-01-03", spec={"nodeName": None})
    going = pod("going", made="2026-01-04", metadata={"deletionTimestamp": "2026-01-05"})
    stranger = pod("stranger", made="2026-01-04")
    stranger["metadata"]["labels"] = {"control-plane": "controller-manager"}
    assert wanted([new, old, waiting, going, stranger]) == {"kueue": new}
    assert wanted([waiting, going, stranger]) == {}


def sources(contents):
    return lambda kind, name: contents.get((kind, name))


def test_a_program_reads_what_its_pod_would_read(tmp_path):
    configuration = yaml.safe_dump({"webhook": {"port": 9443}, "leaderElection": {"leaderElect": True}})
    held = {
        ("configmaps", "kueue-config"): {"data": {"it.yaml": configuration}},
        ("secrets", "kueue-cert"): {"data": {"tls.crt": base64.b64encode(b"first").decode(), "old": ""}},
    }
    one = pod()
    container = one["spec"]["containers"][0]
    mount(one, container, tmp_path, sources(held))
    held["secrets", "kueue-cert"] = {"data": {"tls.crt": base64.b64encode(b"second").decode()}}
    mount(one, container, tmp_path, sources(held))

    folder = tmp_path / "tmp/k8s-webhook-server/serving-certs"
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"tls.crt": b"second"}
    assert (tmp_path / "visibility").is_dir()
    program = program_of(one)
    assert program is not None
    ports = {"webhook": 1, "health": 2, "metrics": 3}
    arguments = program.arguments(container["args"], tmp_path, ports)
    file = next(one.partition("=")[2] for one in arguments if one.startswith("--config="))
    with open(file) as stream:  # noqa: PTH123 - the path is an argument's text
        said = yaml.safe_load(stream)
    assert said["webhook"] == {"port": 1, "host": "127.0.0.1", "certDir": str(folder)}
    assert said["health"]["healthProbeBindAddress"] == "127.0.0.1:2"
    assert said["metrics"]["bindAddress"] == "127.0.0.1:3"
    assert "--zap-log-level=2" in arguments
    assert "--feature-gates=VisibilityOnDemand=false" in arguments
    variables = environment(program, one, tmp_path)
    assert (variables["POD_NAMESPACE"], variables["LEVEL"]) == ("kueue-system", "info")
    assert variables["TMPDIR"] == str(tmp_path / "tmp")
    assert target_port(one, "webhook-server") == target_port(one, 9443) == 9443


def test_gates_stay_in_the_one_place_where_they_are(tmp_path):
    program = program_of(pod())
    assert program is not None
    file = tmp_path / "controller_manager_config.yaml"
    ports = {"webhook": 1, "health": 2, "metrics": 3}
    file.write_text(yaml.safe_dump({"featureGates": {"PartialAdmission": True}}))
    (argument,) = program.arguments(["--config=/controller_manager_config.yaml"], tmp_path, ports)
    with open(argument.partition("=")[2]) as stream:  # noqa: PTH123 - the path is an argument's text
        assert yaml.safe_load(stream)["featureGates"] == {"PartialAdmission": True, "VisibilityOnDemand": False}
    file.write_text("{}")
    given = ["--config=/controller_manager_config.yaml", "--feature-gates=PartialAdmission=true"]
    assert (
        program.arguments(given, tmp_path, ports)[1] == "--feature-gates=PartialAdmission=true,VisibilityOnDemand=false"
    )


def test_a_pod_waits_for_a_secret_that_is_not_there(tmp_path):
    one = pod()
    with pytest.raises(MissingSourceError, match='secret "kueue-cert" not found'):
        mount(one, one["spec"]["containers"][0], tmp_path, sources({}))
    status = pod_status.status(one, is_running=False, is_ready=False, restarts=0, said="no secret")
    assert status is not None
    assert status["phase"] == "Pending"
    assert status["containerStatuses"][0]["state"]["waiting"] == {"reason": "ContainerCreating", "message": "no secret"}


def test_a_pod_is_as_ready_as_its_program_and_told_of_once():
    one = pod()
    first = pod_status.status(one, is_running=True, is_ready=False, restarts=0, said="it starts")
    one["status"] = first
    assert first is not None
    assert first["phase"] == "Running"
    assert {it["type"]: it["status"] for it in first["conditions"]}["Ready"] == "False"
    assert pod_status.status(one, is_running=True, is_ready=False, restarts=0, said="it starts") is None
    one["status"] = ready = pod_status.status(one, is_running=True, is_ready=True, restarts=0, said="")
    assert ready is not None
    assert {it["type"]: it["status"] for it in ready["conditions"]}["Ready"] == "True"
    crashed = pod_status.status(one, is_running=False, is_ready=False, restarts=1, said="killed")
    assert crashed is not None
    assert (crashed["phase"], crashed["containerStatuses"][0]["restartCount"]) == ("Running", 1)
    assert crashed["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
