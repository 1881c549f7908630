"""The shipped teams' queues with the real Kueue: jobs of both teams, and what Kubernetes says of them."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components.queue import SERVING
from stacks.settings import load
from tests.integration.house import ROOT, House
from tests.integration.workloads import GPU, POOL, Object, Workloads, condition, name_of, running, template

SETTINGS = load(ROOT / "Pulumi.local.yaml")
GPUS = {pool.name: pool.max_gpus or 0 for pool in SETTINGS.environment.pools}["train"]
OWN = {team.name: team.gpu_quota for team in SETTINGS.environment.teams}
SPARE = GPUS - sum(OWN.values())
"""GPUs of `train` that no team has by right."""

KUEUE = "/apis/kueue.x-k8s.io/v1beta1"
QUEUED = {"kueue.x-k8s.io/queue-name": "main"}
Start = Callable[..., str]


@pytest.fixture(scope="module")
def there(whole_for_a_file: House) -> Iterator[Workloads]:
    made = Workloads(whole_for_a_file, SETTINGS.prefix)
    yield made
    made.wait(lambda: not made.idle_nodes(), 180)


@pytest.fixture
def start(there: Workloads) -> Iterator[Start]:
    """Starts a job as a member of the team; all are gone at the end."""
    made: list[Object] = []

    def begin(name: str, team: str, gpus: int, **more: Any) -> str:
        made.append(job(name, team, gpus, **more))
        there.make(made[-1], **member(team))
        return name

    yield begin
    there.drop(*made)
    there.wait(lambda: not any(workloads(there, team) for team in OWN))


def member(team: str) -> dict[str, Any]:
    return {"user": "anna@example.com", "groups": (f"{team}-team",)}


def job(name: str, team: str, gpus: int, *, pool: str = "train", kind: str = "training") -> Object:
    """So many pods of one GPU, which the queue lets in together."""
    queued = {**QUEUED, "kueue.x-k8s.io/priority-class": kind}
    pod = template(name, {POOL: pool}, gpus=1)
    pod["spec"] |= {"restartPolicy": "Never", "serviceAccountName": "team"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": team, "labels": queued},
        "spec": {"parallelism": gpus, "completions": gpus, "template": pod},
    }


def workloads(there: Workloads, team: str) -> dict[str, Object]:
    """What Kueue makes of each job, by the job."""
    found = there.items(f"{KUEUE}/namespaces/{team}/workloads")
    return {one["metadata"]["ownerReferences"][0]["name"]: one for one in found}


def said(there: Workloads, team: str, name: str, kind: str) -> Object:
    """A condition of a job's workload."""
    return condition(workloads(there, team).get(name, {}), kind)


def is_in(there: Workloads, team: str, *names: str) -> bool:
    return all(said(there, team, name, "Admitted").get("status") == "True" for name in names)


def runs(there: Workloads, team: str, name: str, gpus: int) -> bool:
    """Whether all its pods run, on nodes of the pool."""
    pods = [one for one in running(there.pods(team)) if one["metadata"]["labels"]["app"] == name]
    nodes = {name_of(one) for one in there.nodes() if one["metadata"]["labels"][POOL] == "train"}
    return len(pods) == gpus and {one["spec"]["nodeName"] for one in pods} <= nodes


def waits(there: Workloads, team: str, name: str) -> str:
    """Waits until a job is without quota and without pods; gives the reason in Kueue's words."""

    def is_without() -> bool:
        mine = [one for one in there.pods(team) if one["metadata"]["labels"].get("app") == name]
        return said(there, team, name, "QuotaReserved").get("status") == "False" and not mine

    there.wait(is_without)
    assert there.server.ask("GET", f"/apis/batch/v1/namespaces/{team}/jobs/{name}").body["spec"]["suspend"] is True
    found = said(there, team, name, "QuotaReserved")
    assert found["reason"] == "Pending"
    return found["message"]


def borrowed(there: Workloads, team: str) -> int:
    """GPUs of `train` that a team has beyond its own."""
    status = there.server.ask("GET", f"{KUEUE}/clusterqueues/{team}").body["status"]
    (train,) = [one for one in status["flavorsUsage"] if one["name"] == "train"]
    (gpus,) = [one for one in train["resources"] if one["name"] == GPU]
    return int(gpus["borrowed"])


def told(there: Workloads, team: str, name: str, reason: str) -> str:
    """Waits for an event of a job's workload and gives its message."""
    workload = name_of(workloads(there, team)[name])

    def messages() -> list[str]:
        return [text for about, why, text in there.events(team) if (about, why) == (workload, reason)]

    return there.wait(messages)[-1]


def test_a_team_waits_while_another_uses_its_own_borrows_when_that_is_idle_and_gives_back(there, start):
    start("own", "scoring", OWN["scoring"])
    there.wait(lambda: runs(there, "scoring", "own", OWN["scoring"]))
    wanted = OWN["research"] + SPARE + 2
    start("large", "research", wanted)
    why = waits(there, "research", "large")
    assert "insufficient unused quota for nvidia.com/gpu in flavor train, 2 more needed" in why
    assert "2 more needed" in told(there, "research", "large", "Pending")
    assert is_in(there, "scoring", "own"), "what a team has by right is not taken from it"

    there.drop(job("own", "scoring", 1))
    there.wait(lambda: runs(there, "research", "large", wanted))
    assert said(there, "research", "large", "QuotaReserved")["status"] == "True"
    there.wait(lambda: borrowed(there, "research") == SPARE + 2)
    assert "Admitted by ClusterQueue research" in told(there, "research", "large", "Admitted")

    start("back", "scoring", OWN["scoring"])
    there.wait(lambda: runs(there, "scoring", "back", OWN["scoring"]))
    for kind, reason in (("Evicted", "Preempted"), ("Preempted", "InCohortFairSharing")):
        found = said(there, "research", "large", kind)
        assert (found["status"], found["reason"]) == ("True", reason)
    assert "Preempted to accommodate a workload" in told(there, "research", "large", "Preempted")
    assert "2 more needed" in waits(there, "research", "large")
    there.wait(lambda: borrowed(there, "research") == 0)

    there.drop(job("back", "scoring", 1))
    there.wait(lambda: is_in(there, "research", "large"))


def test_a_notebook_takes_the_place_of_the_teams_own_training_and_of_nobody_elses(there, start):
    start("first", "scoring", OWN["scoring"])
    start("second", "scoring", SPARE)
    start("theirs", "research", OWN["research"])
    there.wait(lambda: is_in(there, "scoring", "first", "second") and is_in(there, "research", "theirs"))
    start("third", "scoring", SPARE)
    assert "insufficient unused quota" in waits(there, "scoring", "third")

    start("notebook", "scoring", SPARE, kind="notebook")
    there.wait(lambda: is_in(there, "scoring", "notebook"))
    evicted = [name for name in ("first", "second") if said(there, "scoring", name, "Evicted")]
    assert len(evicted) == 1
    found = said(there, "scoring", evicted[0], "Preempted")
    assert (found["status"], found["reason"]) == ("True", "InClusterQueue")
    assert is_in(there, "research", "theirs")
    assert not said(there, "research", "theirs", "Evicted")


def test_a_job_for_more_than_the_pool_ever_has_waits_and_says_why(there, start):
    start("beyond", "research", GPUS + 1)
    why = waits(there, "research", "beyond")
    assert "insufficient quota for nvidia.com/gpu in flavor train" in why
    assert f"current podset request ({GPUS + 1}) > maximum capacity ({GPUS})" in why


def test_the_share_of_serving_is_never_lent(there, start):
    """Half of the pool is idle: the quota of serving holds the whole of it, and lends none."""
    spec = there.server.ask("GET", f"{KUEUE}/clusterqueues/{SERVING}").body["spec"]
    (serve,) = [one for group in spec["resourceGroups"] for one in group["flavors"] if one["name"] == "serve"]
    assert serve["resources"] == [{"name": GPU, "nominalQuota": "4", "borrowingLimit": "0", "lendingLimit": "0"}]
    start("guest", "research", 1, pool="serve")
    why = waits(there, "research", "guest")
    assert "insufficient quota for nvidia.com/gpu in flavor serve" in why
    assert "current podset request (1) > maximum capacity (0)" in why


def test_a_teams_quota_refuses_one_gpu_too_many(there):
    path = "/api/v1/namespaces/scoring/resourcequotas/workspace"
    status = there.server.ask("GET", path).body["status"]
    most, used = (int(status[part][f"requests.{GPU}"]) for part in ("hard", "used"))
    assert most >= OWN["scoring"]

    def pod(gpus: int) -> Object:
        made = template("large", {POOL: "train"}, gpus=gpus, labels=QUEUED)
        made["metadata"] |= {"name": "large", "namespace": "scoring"}
        return {"apiVersion": "v1", "kind": "Pod", **made}

    assert there.server.create(pod(most - used), dry=True, **member("scoring")).status == 201
    answer = there.server.create(pod(most - used + 1), dry=True, **member("scoring"))
    assert answer.status == 403
    assert f"exceeded quota: workspace, requested: requests.{GPU}={most - used + 1}" in answer.message
    assert f"limited: requests.{GPU}={most}" in answer.message


@pytest.mark.parametrize("team", OWN)
@pytest.mark.parametrize("labels", [{}, {"kueue.x-k8s.io/queue-name": "another"}], ids=json.dumps)
def test_a_job_that_does_not_wait_in_the_teams_queue_is_refused(there, team, labels):
    document = job("unqueued", team, 1)
    document["metadata"]["labels"] = labels
    answer = there.server.create(document, dry=True, **member(team))
    assert answer.status == 403
    assert f"a job of {team} waits in its queue: set the label kueue.x-k8s.io/queue-name: main" in answer.message
