"""How nodes and pods go through their lives where no machine and no container is: the stages that kwok plays."""

from typing import Any

import yaml

KEEP_RUNNING = "seedbed.dev/keep-running"
"""Annotation of a pod of a job that never completes by itself."""

RUN_FOR = "seedbed.dev/run-for"
"""Annotation of a pod of a job: how long it runs, such as 30s; else as long as the account was told."""

KUBELET_ELSEWHERE = ("controller-manager", "kserve-controller-manager")
"""Values of the label control-plane of pods whose program really runs beside the cluster, and is told of by others."""

_CONDITIONS = """
{{ $now := Now }}
{{ $since := or .metadata.creationTimestamp $now }}
conditions:
{{ range NodeConditions }}
- {type: {{ .type | Quote }}, status: {{ .status | Quote }}, reason: {{ .reason | Quote }},
   message: {{ .message | Quote }}, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $since | Quote }}}
{{ end }}
phase: Running
"""

_NODE = (
    _CONDITIONS
    + """
{{ if not .status.addresses }}
addresses:
- {type: InternalIP, address: {{ NodeIP | Quote }}}
- {type: Hostname, address: {{ NodeName | Quote }}}
{{ end }}
{{ $info := or .status.nodeInfo dict }}
nodeInfo:
  architecture: {{ or $info.architecture "amd64" | Quote }}
  bootID: {{ or $info.bootID "" | Quote }}
  containerRuntimeVersion: {{ or $info.containerRuntimeVersion "containerd://on-paper" | Quote }}
  kernelVersion: {{ or $info.kernelVersion "on-paper" | Quote }}
  kubeProxyVersion: {{ or $info.kubeProxyVersion "" | Quote }}
  kubeletVersion: {{ or $info.kubeletVersion (printf "kwok-%s" Version) | Quote }}
  machineID: {{ or $info.machineID "" | Quote }}
  operatingSystem: {{ or $info.operatingSystem "linux" | Quote }}
  osImage: {{ or $info.osImage "" | Quote }}
  systemUUID: {{ or $info.systemUUID "" | Quote }}
"""
)

_RUNNING = """
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName (or .spec.hostNetwork false) (or .metadata.uid "") (or .metadata.name "") (or .metadata.namespace "") | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
{{ if .spec.initContainers }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  restartCount: 0
  {{ if eq (or .restartPolicy "") "Always" }}
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
  {{ else }}
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
  {{ end }}
{{ end }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
"""  # noqa: E501 - an argument list of the template language

_COMPLETED = """
{{ $now := Now }}
{{ $since := or .status.startTime $now }}
phase: Succeeded
conditions:
- {type: Ready, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $since | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}
"""

_READY = '.status.conditions.[] | select( .type == "Ready" ) | .status'


def written(job_seconds: float) -> str:
    """kwok's configuration; pods of jobs complete after `job_seconds`."""
    alive = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
    on_paper = {
        "key": '.metadata.labels["control-plane"]',
        "operator": "NotIn",
        "values": list(KUBELET_ELSEWHERE),
    }
    is_ready = {"key": _READY, "operator": "In", "values": ["True"]}
    stages = [
        _stage("Node", "node-initialize", [{**is_ready, "operator": "NotIn"}], {"statusTemplate": _NODE}),
        _stage(
            *("Node", "node-heartbeat", [is_ready], {"statusTemplate": _CONDITIONS}),
            delay={"durationMilliseconds": 300_000, "jitterDurationMilliseconds": 330_000},
        ),
        _stage(
            *("Pod", "pod-runs", [alive, on_paper, {"key": ".status.podIP", "operator": "DoesNotExist"}]),
            {"statusTemplate": _RUNNING},
        ),
        _stage(
            *("Pod", "pod-completes"),
            [
                *(alive, on_paper, {"key": ".status.phase", "operator": "In", "values": ["Running"]}),
                {"key": ".metadata.ownerReferences.[].kind", "operator": "In", "values": ["Job"]},
                {"key": f'.metadata.annotations["{KEEP_RUNNING}"]', "operator": "DoesNotExist"},
            ],
            {"statusTemplate": _COMPLETED},
            delay={
                "durationMilliseconds": int(job_seconds * 1000),
                "durationFrom": {"expressionFrom": f'.metadata.annotations["{RUN_FOR}"]'},
            },
        ),
        _stage(
            *("Pod", "pod-goes", [{"key": ".metadata.deletionTimestamp", "operator": "Exists"}]),
            {"finalizers": {"empty": True}, "delete": True},
        ),
    ]
    return yaml.safe_dump_all(stages, sort_keys=False)


def _stage(
    kind: str, name: str, match: list[dict[str, Any]], then: dict[str, Any], delay: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": match},
            **({"delay": delay} if delay else {}),
            "next": then,
        },
    }
