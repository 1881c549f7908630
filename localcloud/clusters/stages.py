"""How nodes and pods go through their lives where no machine and no container is: the stages that kwok plays."""

from typing import Any

import yaml

KEEP_RUNNING = "seedbed.dev/keep-running"
"""Annotation of a pod of a job that never completes by itself."""

RUN_FOR = "seedbed.dev/run-for"
"""Annotation of a pod of a job: how long it runs, such as 30s; else as long as the account was told."""

KUBELET_ELSEWHERE = ("controller-manager", "kserve-controller-manager")
"""Values of the label control-plane of pods whose program really runs beside the cluster, and is told of by others."""

WAITS_FOR_MODEL = "seedbed.dev/waits-for-model"
"""Label, with the value true, of a pod whose first sidecar holds all others back until it has brought a model."""

MODEL, ALIASES = "seedbed.dev/model", "seedbed.dev/aliases"
"""Annotations of such a pod: the registered model, and the aliases, with commas between, of which the first counts."""

MODEL_LOADED = "seedbed.dev/model-loaded"
"""Annotation of such a pod: the version that it has; before, it is not ready."""

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

_STARTED = """
{{ $now := Now }}
startTime: {{ or .status.startTime $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ or .status.podIP (PodIPWith .spec.nodeName (or .spec.hostNetwork false) (or .metadata.uid "") (or .metadata.name "") (or .metadata.namespace "")) | Quote }}
"""  # noqa: E501 - an argument list of the template language

_RUNNING = (
    _STARTED
    + """
phase: Running
conditions:
{{/* Empty, for what a pod was told while it waited goes. */}}
- {type: Initialized, status: "True", reason: "", message: "", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "True", reason: "", message: "", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", reason: "", message: "", lastTransitionTime: {{ $now | Quote }}}
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
"""
)

_WAITING = (
    _STARTED
    + """
{{ $sidecars := "" }}
{{ range .spec.initContainers }}{{ $sidecars = printf "%s %s" $sidecars .name }}{{ end }}
{{ $servers := "" }}
{{ range .spec.containers }}{{ $servers = printf "%s %s" $servers .name }}{{ end }}
{{ $told := or .metadata.annotations dict }}
{{ $model := index $told "seedbed.dev/model" }}
{{ $aliases := index $told "seedbed.dev/aliases" }}
{{ $why := printf "containers with incomplete status: [%s]; waiting for %v@%v" (trim $sidecars) $model $aliases }}
{{ $unready := printf "containers with unready status: [%s]" (trim $servers) }}
phase: Pending
conditions:
- {type: Initialized, status: "False", reason: ContainersNotInitialized, message: {{ $why | Quote }},
   lastTransitionTime: {{ $now | Quote }}}
{{ range $kind := list "Ready" "ContainersReady" }}
- {type: {{ $kind }}, status: "False", reason: ContainersNotReady, message: {{ $unready | Quote }},
   lastTransitionTime: {{ $now | Quote }}}
{{ end }}
initContainerStatuses:
{{ range $number, $one := .spec.initContainers }}
- name: {{ $one.name | Quote }}
  image: {{ $one.image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  {{ if eq $number 0 }}
  state: {running: {startedAt: {{ $now | Quote }}}}
  {{ else }}
  state: {waiting: {reason: PodInitializing}}
  {{ end }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state: {waiting: {reason: PodInitializing}}
{{ end }}
"""
)
"""As a kubelet tells of a pod whose first sidecar runs and has not passed its startup probe: Pending, like any pod that
is not initialized (kubelet, getPhase and GeneratePodInitializedCondition)."""

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
_INITIALIZED = '.status.conditions.[] | select( .type == "Initialized" ) | .status'


def written(job_seconds: float) -> str:
    """kwok's configuration; pods of jobs complete after `job_seconds`."""
    alive = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
    on_paper = {
        "key": '.metadata.labels["control-plane"]',
        "operator": "NotIn",
        "values": list(KUBELET_ELSEWHERE),
    }
    is_ready = {"key": _READY, "operator": "In", "values": ["True"]}
    waits = {"key": f'.metadata.labels["{WAITS_FOR_MODEL}"]', "operator": "In", "values": ["true"]}
    has_model = {"key": f'.metadata.annotations["{MODEL_LOADED}"]', "operator": "Exists"}
    stages = [
        _stage("Node", "node-initialize", [{**is_ready, "operator": "NotIn"}], {"statusTemplate": _NODE}),
        _stage(
            *("Node", "node-heartbeat", [is_ready], {"statusTemplate": _CONDITIONS}),
            delay={"durationMilliseconds": 300_000, "jitterDurationMilliseconds": 330_000},
        ),
        _stage(
            *("Pod", "pod-runs"),
            [alive, on_paper, {**waits, "operator": "NotIn"}, {"key": ".status.podIP", "operator": "DoesNotExist"}],
            {"statusTemplate": _RUNNING},
        ),
        _stage(
            *("Pod", "pod-waits-for-model"),
            [
                *(alive, on_paper, waits, {**has_model, "operator": "DoesNotExist"}),
                {"key": _INITIALIZED, "operator": "NotIn", "values": ["False"]},
            ],
            {"statusTemplate": _WAITING},
        ),
        _stage(
            *("Pod", "pod-has-model", [alive, on_paper, waits, has_model, {**is_ready, "operator": "NotIn"}]),
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
