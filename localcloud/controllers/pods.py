"""The kubelet's part for pods whose program really runs here: a pod is as ready as its program."""

import http.client
import json
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.clusters.api import ApiError
from localcloud.clusters.process import Process
from localcloud.clusters.stages import KUBELET_ELSEWHERE
from localcloud.controllers import pod_status
from localcloud.controllers.mounts import MissingSourceError, mount
from localcloud.controllers.pod_programs import (
    LABEL,
    PodProgram,
    container_of,
    environment,
    program_of,
    target_port,
)
from localcloud.controllers.watching import Loop, Object, Picture

if TYPE_CHECKING:
    from localcloud.clusters.cluster import LiveCluster

TOKEN_SECONDS = 7200
SOON, LATER = 0.5, 5.0
"""Seconds to the next look: while a program starts, and when all is well (for new contents of volumes)."""


@dataclass
class Run:
    """A program that runs for a pod."""

    program: PodProgram
    pod: Object
    root: Path
    """Folder that stands for the container's."""

    ports: dict[str, int]
    process: Process
    token_until: datetime
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def identity(self) -> str:
        return identity_of(self.pod)


def identity_of(pod: Object) -> str:
    """What must be alike for a program to go on when its pod is replaced."""
    labels = pod["metadata"]["labels"]
    owner = labels.get("pod-template-hash") or pod["metadata"]["uid"]
    return f"{pod['metadata']['namespace']}/{owner}"


def wanted(pods: list[Object]) -> dict[str, Object]:
    """The pod for which each program should run: the newest that has a node and is not on its way out."""
    found: dict[str, Object] = {}
    for pod in sorted(pods, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"])):
        program = program_of(pod)
        if program and _is_alive(pod):
            found[program.name] = pod
    return found


def _is_alive(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName")) and "deletionTimestamp" not in pod["metadata"]


class Pods:
    """Starts and stops programs as pods come and go, and tells the API server how they are."""

    def __init__(self, cluster: "LiveCluster") -> None:
        self._cluster, self._api = cluster, cluster.api
        self._runs: dict[str, Run] = {}
        self._loop = Loop("pods of programs", self._step, lambda said: cluster.site.note(f"{cluster.name}: {said}"))
        selector = f"{LABEL} in ({','.join(KUBELET_ELSEWHERE)})"
        self._pods = Picture(self._api, "/api/v1/pods", self._loop.wake, labelSelector=selector)
        self._services = Picture(self._api, "/api/v1/services", lambda: None)

    def start(self) -> None:
        """Begins to look."""
        self._services.start()
        self._pods.start()
        self._loop.start()

    def stop(self) -> None:
        """Ends looking; the programs end with the cluster's processes."""
        for one in (self._pods, self._services, self._loop):
            one.stop()
        self._loop.join()

    def service_at(self, address: str, port: int) -> tuple[Run, int] | None:
        """The run behind an address of a service, and the port of its pod that is meant."""
        for service in self._services.objects():
            spec = service["spec"]
            selector = spec.get("selector") or {}
            if address not in spec.get("clusterIPs", ()) or not selector:
                continue
            for one in spec["ports"]:
                if one["port"] != port:
                    continue
                for run in tuple(self._runs.values()):
                    meta = run.pod["metadata"]
                    is_meant = meta["namespace"] == service["metadata"]["namespace"]
                    if is_meant and selector.items() <= meta["labels"].items():
                        target = target_port(run.pod, one.get("targetPort", port))
                        return None if target is None else (run, target)
        return None

    def _step(self) -> float:
        if not self._pods.is_complete:
            return SOON
        alive = [pod for pod in self._pods.objects() if _is_alive(pod)]
        needed = wanted(alive)
        for name in set(self._runs) - set(needed):
            self._end(name)
        pause = LATER
        for name, pod in needed.items():
            try:
                is_ready, said = self._tend(name, pod)
            except (MissingSourceError, ApiError) as error:
                is_ready, said = False, str(error)
            group = [one for one in alive if identity_of(one) == identity_of(pod)]
            for one in group:
                self._tell(one, name, is_ready, said)
            if not is_ready:
                pause = SOON
        for pod in alive:
            if program_of(pod) is None:  # bears the label by chance: nothing of it runs here, as with other pods
                self._tell(pod, "", True, "")
        return pause

    def _tend(self, name: str, pod: Object) -> tuple[bool, str]:
        """Keeps a program running for a pod; whether it is ready, and why not."""
        program = program_of(pod)
        assert program is not None
        run = self._runs.get(name)
        if run and run.identity != identity_of(pod):
            self._end(name)
            run = None
        if run is None:
            run = self._begin(program, pod)
        run.pod = pod
        mount(pod, container_of(program, pod), run.root, lambda kind, wish: self._source(pod, kind, wish))
        if datetime.now(UTC) > run.token_until:
            run.token_until = self._renew(pod, run.root)
        if run.process.pid is None:
            return False, f"{name} crashed and starts again: {run.process.tail(3)}"
        return _answers(run), f"{name} starts"

    def _begin(self, program: PodProgram, pod: Object) -> Run:
        root = self._cluster.folder / "pods" / program.name
        container = container_of(program, pod)
        (root / "tmp").mkdir(parents=True, exist_ok=True)
        mount(pod, container, root, lambda kind, wish: self._source(pod, kind, wish))
        until = self._renew(pod, root)
        ports = {purpose: self._cluster.port(f"{program.name}-{purpose}") for purpose in program.ports.values()}
        command = [
            str(self._cluster.programs / program.name),
            *program.arguments(list(container.get("args", [])), root, ports),
        ]
        variables = {**environment(program, pod, root), "KUBECONFIG": str(root / "kubeconfig")}
        process = self._cluster.run(program.name, command, variables)
        self._runs[program.name] = run = Run(program, pod, root, ports, process, until)
        return run

    def _end(self, name: str) -> None:
        self._runs.pop(name, None)
        self._cluster.stop_process(name)

    def _source(self, pod: Object, kind: str, name: str) -> Object | None:
        try:
            return self._api.get(f"/api/v1/namespaces/{pod['metadata']['namespace']}/{kind}/{name}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _renew(self, pod: Object, root: Path) -> datetime:
        """A token of the pod's service account, and a kubeconfig that reads it; gives when to ask for the next."""
        namespace, account = pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName", "default")
        asked = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": TOKEN_SECONDS},
        }
        made = self._api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", asked)
        token = root / "token"
        draft = root / ".token.draft"
        draft.write_text(made["status"]["token"])
        draft.chmod(0o600)
        draft.replace(token)
        authority = str(self._cluster.authority.own.certificate)
        server = {"server": self._cluster.endpoint, "certificate-authority": authority}
        config: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "local", "cluster": server}],
            "users": [{"name": account, "user": {"tokenFile": str(token)}}],
            "contexts": [{"name": "local", "context": {"cluster": "local", "user": account, "namespace": namespace}}],
            "current-context": "local",
        }
        (root / "kubeconfig").write_text(json.dumps(config, indent=1))
        return datetime.now(UTC) + timedelta(seconds=TOKEN_SECONDS / 2)

    def _tell(self, pod: Object, name: str, is_ready: bool, said: str) -> None:
        run = self._runs.get(name)
        restarts = run.process.restarts if run else 0
        is_running = name == "" or (run is not None and run.process.pid is not None)
        status = pod_status.status(pod, is_running=is_running, is_ready=is_ready, restarts=restarts, said=said)
        if status is None:
            return
        meta = pod["metadata"]
        try:
            self._api.patch(f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/status", {"status": status})
        except ApiError as error:
            if error.status not in (404, 409):
                raise


def _answers(run: Run) -> bool:
    """Whether the program says that it is ready, and its webhooks take connections."""
    connection = http.client.HTTPConnection("127.0.0.1", run.ports["health"], timeout=2)
    try:
        connection.request("GET", "/readyz")
        if connection.getresponse().status != 200:
            return False
        with socket.create_connection(("127.0.0.1", run.ports["webhook"]), 2):
            return True
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
