"""What the Cluster Autoscaler does, while a pod with its image is ready: managed node groups grow and shrink."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.utilities.utils import get_partition

from localcloud.clusters.api import ApiError
from localcloud.controllers import scaling_choices as choices
from localcloud.controllers.market import Market
from localcloud.controllers.scaled_groups import groups as groups_of
from localcloud.controllers.scaling_choices import Group, Growth, Object, Settings
from localcloud.controllers.watching import Loop, Picture

if TYPE_CHECKING:
    from localcloud.clusters.cluster import LiveCluster

NAME = "cluster-autoscaler"
PRIORITIES = "cluster-autoscaler-priority-expander"
SCAN, LATER = 1.0, 60.0
"""Seconds to the next look while it runs (the program takes ten), and while it does not."""

NEEDS = (
    *(("", kind, verb) for kind in ("pods", "nodes", "namespaces") for verb in ("list", "watch")),
    *(("apps", kind, "list") for kind in ("daemonsets", "replicasets", "statefulsets")),
    *(("storage.k8s.io", kind, "list") for kind in ("storageclasses", "csinodes", "volumeattachments")),
    *(("", "nodes", "update"), ("", "pods/eviction", "create"), ("", "events", "create")),
    *(("batch", "jobs", "list"), ("policy", "poddisruptionbudgets", "list")),
)
"""Without one of these the program stands still: API group, kind, verb."""


class ForbiddenError(Exception):
    """The program may not do what it has to; str() says what."""


class NodeGroupScaler:
    """Plays the program for one cluster, with the rights and settings of its pod."""

    def __init__(self, cluster: "LiveCluster", market: Market) -> None:
        self._cluster, self._market, self._api = cluster, market, cluster.api
        self._loop = Loop(NAME, self._step, lambda said: cluster.site.note(f"{cluster.name}: {said}"))
        selector = f"app.kubernetes.io/name={NAME}"
        self._programs = Picture(self._api, "/api/v1/pods", self._loop.wake, labelSelector=selector)
        self._world: tuple[Picture, Picture] | None = None
        self._clients: dict[str, Any] = {}
        self._allowed: str | None = None
        """The pod whose rights in the cluster were asked for."""

        self._idle_since: dict[str, float] = {}
        self._last_added = float("-inf")
        self._told: dict[str, str] = {}
        """The last event of each pod."""

    def start(self) -> None:
        """Begins to look for the program's pod."""
        self._programs.start()
        self._loop.start()

    def stop(self) -> None:
        """Ends; sizes stay."""
        self._programs.stop()
        self._loop.stop()
        self._loop.join()
        self._rest()

    def _step(self) -> float:
        pod = choices.program(self._programs.objects())
        if pod is None:
            self._rest()
            return LATER
        if self._world is None:
            self._world = (
                Picture(self._api, "/api/v1/pods", lambda: None).start(),
                Picture(self._api, "/api/v1/nodes", lambda: None).start(),
            )
        if not all(one.is_complete for one in self._world):
            return SCAN
        self._ask_cluster(pod)
        pods, nodes = (one.objects() for one in self._world)
        self._scale(pod, pods, nodes)
        return SCAN

    def _rest(self) -> None:
        for one in self._world or ():
            one.stop()
        self._world = None
        self._idle_since.clear()

    def _scale(self, pod: Object, pods: list[Object], nodes: list[Object]) -> None:
        cluster, wanted = self._cluster, choices.settings(pod)
        if not choices.is_discovered(wanted.tags, cluster.name):
            return
        groups = groups_of(
            cluster.record, cluster.account, cluster.region, cluster.instances, nodes, self._market.standing()
        )
        free = choices.rooms(nodes, pods, groups)
        left = choices.homeless(choices.waiting(pods), free)
        found = choices.growth(left, groups, self._priorities(wanted)) if left else None
        if found:
            self._grow(pod, found)
        for one in left:
            if found is None or one is not found.pod:
                self._tell(one, "NotTriggerScaleUp", choices.refusal(one, groups))
        self._shrink(pod, wanted, groups, choices.idle(nodes, pods, free))

    def _grow(self, pod: Object, found: Growth) -> None:
        group = found.group
        self._ask_account(pod, "autoscaling:SetDesiredCapacity", group)
        client = self._client("autoscaling")
        client.set_desired_capacity(AutoScalingGroupName=group.scaling_name, DesiredCapacity=group.desired + 1)
        self._last_added = time.monotonic()
        sizes = f"{group.scaling_name} {group.desired}->{group.desired + 1} (max: {group.most})"
        self._tell(found.pod, "TriggeredScaleUp", f"pod triggered scale-up: [{{{sizes}}}]")

    def _shrink(self, pod: Object, wanted: Settings, groups: list[Group], idle: list[Object]) -> None:
        moment = time.monotonic()
        names = [one["metadata"]["name"] for one in idle]
        self._idle_since = {name: self._idle_since.get(name, moment) for name in names}
        if moment - self._last_added < wanted.after_add_seconds:
            return
        by_name = {one.name: one for one in groups}
        for node in choices.due(idle, self._idle_since, moment, wanted, groups):
            self._ask_account(pod, "autoscaling:TerminateInstanceInAutoScalingGroup", by_name[choices.group_of(node)])
            self._client("autoscaling").terminate_instance_in_auto_scaling_group(
                InstanceId=choices.instance_of(node), ShouldDecrementDesiredCapacity=True
            )
            self._idle_since.pop(node["metadata"]["name"])

    def _priorities(self, wanted: Settings) -> str | None:
        """The table of the expander; without it the program draws lots."""
        if not wanted.uses_priorities:
            return None
        try:
            found = self._api.get(f"/api/v1/namespaces/{wanted.namespace}/configmaps/{PRIORITIES}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return found.get("data", {}).get("priorities")

    def _ask_cluster(self, pod: Object) -> None:
        """Whether the pod's service account may do what the program does. Raises ForbiddenError."""
        if self._allowed == pod["metadata"]["uid"]:
            return
        user = f"system:serviceaccount:{pod['metadata']['namespace']}:{_account_of(pod)}"
        for group, kind, verb in NEEDS:
            resource, _, part = kind.partition("/")
            asked = {"group": group, "resource": resource, "subresource": part, "verb": verb}
            review = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {"user": user, "resourceAttributes": {key: value for key, value in asked.items() if value}},
            }
            answer = self._api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
            if not answer["status"].get("allowed"):
                raise ForbiddenError(f"{user} cannot {verb} {kind} in API group {group!r} at the cluster scope")
        self._allowed = pod["metadata"]["uid"]

    def _ask_account(self, pod: Object, action: str, group: Group) -> None:
        """Whether the pod's role may change the group. Raises ForbiddenError."""
        cluster = self._cluster
        namespace, account = pod["metadata"]["namespace"], _account_of(pod)
        role = next(
            (
                one["roleArn"]
                for one in list(cluster.record.identities.values())
                if (one["namespace"], one["serviceAccount"]) == (namespace, account)
            ),
            None,
        )
        if role is None:
            raise ForbiddenError(f"NoCredentialProviders: no pod identity for {namespace}/{account}")
        scope = f"{cluster.region}:{cluster.account}"
        ending = f"autoScalingGroup:*:autoScalingGroupName/{group.scaling_name}"
        resource = f"arn:{get_partition(cluster.region)}:autoscaling:{scope}:{ending}"
        tags = {"enabled": "true", cluster.name: "owned"}
        asked = {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{key}": value for key, value in tags.items()}
        said = self._client("iam").simulate_principal_policy(
            PolicySourceArn=role,
            ActionNames=[action],
            ResourceArns=[resource],
            ContextEntries=[
                {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
                for key, value in {**asked, "aws:RequestedRegion": cluster.region}.items()
            ],
        )
        if said["EvaluationResults"][0]["EvalDecision"] != "allowed":
            raise ForbiddenError(f"AccessDenied: {role} is not authorized to perform: {action} on {resource}")

    def _tell(self, pod: Object, reason: str, message: str) -> None:
        """An event of the pod, where it says something new."""
        meta = pod["metadata"]
        if not message or self._told.get(meta["uid"]) == message:
            return
        self._told = {**dict(list(self._told.items())[-999:]), meta["uid"]: message}
        moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        about = {"apiVersion": "v1", "kind": "Pod", **{key: meta[key] for key in ("name", "namespace", "uid")}}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{meta['name']}.", "namespace": meta["namespace"]},
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "type": "Normal",
            "source": {"component": NAME},
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }
        self._api.create(f"/api/v1/namespaces/{meta['namespace']}/events", event)

    def _client(self, service: str) -> Any:
        """A client of the account, which notes and keeps what is asked as it does with anybody's requests."""
        if service not in self._clients:
            make: Any = boto3.session.Session().client
            self._clients[service] = make(
                service,
                region_name=self._cluster.region,
                endpoint_url=self._cluster.site.endpoint(),
                aws_access_key_id="local",
                aws_secret_access_key="local",
                config=Config(retries={"total_max_attempts": 1}, proxies={}),
            )
        return self._clients[service]


def _account_of(pod: Mapping[str, Any]) -> str:
    return pod["spec"].get("serviceAccountName", "default")
