"""Workspaces and tracking servers on a real API server: what it takes, and what it refuses whom."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import boto3
import pytest

from components.modeldb import ModelDb
from components.tracking import Mlflow
from components.workspace import Workspace
from localcloud import temporary
from tests.integration.kubernetes_server import Answer, Server, path_of
from tests.localcloud.running_clusters import INSTANCES, make_cluster, programs, until
from tests.unit.components.instances_of_workspaces import WORKSPACES
from tests.unit.components.kubernetes_schema import known, sent
from tests.unit.deploy import deploy

QUEUED = {"kueue.x-k8s.io/queue-name": "main"}
NAMES = (f"thing-{number}" for number in count())
GUARDS = ("openings", "jobs", "schedules", "pods", "workloads")


def documents(component: type, **changes: Any) -> list[dict[str, Any]]:
    """What a component makes in the cluster of Kubernetes' own kinds, the namespace first."""
    args = replace(next(i.args for i in WORKSPACES if i.component is component), **changes)
    made = [sent(r.inputs) for r in deploy(lambda: component("x", args)) if r.type.startswith("kubernetes:")]
    return sorted([m for m in made if known(m)], key=lambda m: m["kind"] != "Namespace")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A cluster with the workspaces of two teams and MLflow."""
    with temporary(programs=programs(), instances=INSTANCES) as running:

        def aws(service: str) -> Any:
            make: Any = boto3.client
            return make(
                service,
                region_name="eu-central-1",
                endpoint_url=running.endpoint,
                aws_access_key_id="local",
                aws_secret_access_key="local",
            )

        there = Server(make_cluster(aws, "workspaces"))
        for component, changes in ((Workspace, {}), (Workspace, {"team": "fraud"}), (Mlflow, {})):
            for document in documents(component, **changes):
                answer = there.create(document)
                assert (answer.status, answer.warnings) == (201, []), (document["kind"], answer)
        # The roles' parts come together, and the guards are heeded, some seconds later.
        until(lambda: may(there, "scoring", "create", "pods", "scoring") or None, 120)
        until(lambda: there.create(job(), dry=True, **team()).status == 403 or None, 120)
        until(lambda: there.create(pod(gpus=11, labels=QUEUED), dry=True, **team()).status == 403 or None, 120)
        yield there


def team(name: str = "scoring") -> dict[str, Any]:
    return {"user": "anna@example.com", "groups": (name,)}


def may(server: Server, group: str, verb: str, resource: str, namespace: str) -> bool:
    kind, _, part = resource.partition("/")
    group_of = {"jobs": "batch", "deployments": "apps", "networkpolicies": "networking.k8s.io"}.get(kind, "")
    wish = {"namespace": namespace, "verb": verb, "resource": kind, "subresource": part, "group": group_of}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": {},
        "spec": {"user": "anna@example.com", "groups": [group], "resourceAttributes": wish},
    }
    return server.create(body).body["status"]["allowed"]


def containers(gpus: int, **secured: Any) -> dict[str, Any]:
    strict = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    limits = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    container = {"name": "main", "image": "x", "resources": {"limits": limits}, "securityContext": strict | secured}
    return {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "restartPolicy": "Never",
    }


def of(version: str, kind: str, spec: dict[str, Any], labels: dict[str, str] | None = None) -> dict[str, Any]:
    metadata = {"name": next(NAMES), "namespace": "scoring", "labels": labels or {}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def pod(gpus: int = 0, labels: dict[str, str] | None = None, **secured: Any) -> dict[str, Any]:
    return of("v1", "Pod", containers(gpus, **secured), labels)


def job(labels: dict[str, str] | None = None) -> dict[str, Any]:
    return of("batch/v1", "Job", {"template": {"spec": containers(0)}}, labels)


def cron_job(labels: dict[str, str] | None = None) -> dict[str, Any]:
    template = {"metadata": {"labels": labels or {}}, "spec": job()["spec"]}
    return of("batch/v1", "CronJob", {"schedule": "0 0 * * *", "jobTemplate": template})


def deployment(gpus: int, labels: dict[str, str] | None = None) -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {**containers(gpus), "restartPolicy": "Always"}}
    return of("apps/v1", "Deployment", {"selector": {"matchLabels": {"a": "b"}}, "template": template}, labels)


def service(kind: str) -> dict[str, Any]:
    return of("v1", "Service", {"type": kind, "selector": {"a": "b"}, "ports": [{"port": 80}]})


OPENING = of(
    "networking.k8s.io/v1",
    "NetworkPolicy",
    {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (pod(privileged=True, allowPrivilegeEscalation=True), 'violates PodSecurity "restricted:v1.34"'),
        (pod(gpus=11, labels=QUEUED), "exceeded quota: workspace, requested: requests.nvidia.com/gpu=11"),
        (pod(gpus=1), "set the label kueue.x-k8s.io/queue-name: main"),
        (deployment(1), "set the label kueue.x-k8s.io/queue-name: main"),
        (job(), "set the label kueue.x-k8s.io/queue-name: main"),
        (job(labels={"kueue.x-k8s.io/queue-name": "other"}), "set the label kueue.x-k8s.io/queue-name: main"),
        (cron_job(), "in spec.jobTemplate.metadata"),
        (service("LoadBalancer"), "exceeded quota: workspace, requested: services.loadbalancers=1"),
        (service("NodePort"), "exceeded quota: workspace, requested: services.nodeports=1"),
        (OPENING, "the network policies of scoring are the environment's"),
    ],
    ids=lambda v: v["kind"] if isinstance(v, dict) else v[:40],
)
def test_a_team_is_refused_and_told_why(server, document, said):
    answer: Answer = server.create(document, dry=True, **team())
    assert answer.status == 403
    assert said in answer.message


@pytest.mark.parametrize(
    "document",
    [pod(), pod(gpus=10, labels=QUEUED), job(QUEUED), cron_job(QUEUED), deployment(0), deployment(1, QUEUED)],
    ids=lambda document: document["kind"],
)
def test_a_team_may_do_its_work(server, document):
    answer = server.create(document, dry=True, **team())
    assert (answer.status, answer.warnings) == (201, []), answer.message


def test_a_team_cannot_take_its_walls_down(server):
    wall = f"{path_of(OPENING)}/default-deny?dryRun=All"
    assert "are the environment's" in server.ask("DELETE", wall, **team()).message
    assert server.ask("DELETE", wall).status == 200


def test_controllers_make_pods_of_what_was_let_in(server):
    controller = {"user": "system:serviceaccount:kube-system:job-controller", "groups": ("system:masters",)}
    assert server.create(pod(gpus=1), dry=True, **controller).status == 201


VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
RESOURCES = ("pods", "pods/exec", "secrets", "configmaps", "services", "jobs", "deployments", "networkpolicies")


@pytest.mark.parametrize("verb", VERBS)
def test_no_team_may_do_anything_in_anothers_workspace_nor_in_tracking(server, verb):
    for resource in RESOURCES:
        for namespace in ("scoring", "tracking"):
            assert not may(server, "fraud", verb, resource, namespace), (verb, resource, namespace)
    assert may(server, "scoring", verb, "jobs", "scoring")


def test_no_team_may_change_what_bounds_it(server):
    for resource in ("resourcequotas", "limitranges", "namespaces"):
        for verb in ("create", "update", "patch", "delete"):
            assert not may(server, "scoring", verb, resource, "scoring"), (verb, resource)


def test_the_checker_of_types_finds_nothing_in_the_guards(server):
    for guard in GUARDS:
        path = f"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/workspace-scoring-{guard}"
        status = until(lambda path=path: server.ask("GET", path).body.get("status") or None)
        assert status["typeChecking"] == {}, guard


def test_modeldb_would_be_taken_in_mlflows_place(server):
    for document in documents(ModelDb):
        answer = server.create(document, dry=True)
        exists = answer.status == 409 and "already exists" in answer.message
        assert answer.status == 201 or exists, (document["kind"], answer)
        assert answer.warnings == []
