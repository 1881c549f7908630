"""One Kubernetes cluster that runs: its folder, its processes, and what the account knows of it."""

import fcntl
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.clusters import control_plane, hooks
from localcloud.clusters.api import Api
from localcloud.clusters.authority import Authority, Pair
from localcloud.clusters.instances import Instances
from localcloud.clusters.ports import Ports
from localcloud.clusters.process import Crash, Process
from localcloud.extensions.cluster_records import Cluster

READY_SECONDS = 300
"""How long a control plane may take to answer; it takes about five, and a minute or two on a machine that is full."""

HOPELESS = 4
"""Crashes of one process from which a cluster that never answered is given up."""


STOP_SECONDS = 3
"""How long the processes may take to end, and then etcd; a killed one loses nothing either."""


class ClusterError(Exception):
    """A cluster does not come up; str() says why, with the end of the log."""


@dataclass(frozen=True)
class Site:
    """What all clusters of an account have in common."""

    account: str
    state: Path
    """Folder of the account's state."""

    programs: Path
    """Folder of the executables."""

    charts: Path | None
    instances: Instances
    endpoint: Callable[[], str]
    """Address of the account itself."""

    note: Callable[[str], object]
    """Writes a line of the journal."""

    job_seconds: float


class LiveCluster:
    """A control plane with etcd, controllers, scheduler and kwok; made by the fleet, used by whatever hooks into it."""

    def __init__(self, site: Site, region: str, record: Cluster) -> None:
        self.site, self.region, self.record = site, region, record
        self.name, self.account = record.name, site.account
        self.programs, self.charts, self.instances = site.programs, site.charts, site.instances
        self.folder = place(site.state, region, record.name)
        self.is_ready = False
        self.is_closed = False
        self.failure: str | None = None
        self.processes: dict[str, Process] = {}
        """Those of the control plane and those of `run`, by name."""

        self.crashes: list[Crash] = []
        self._lock = threading.Lock()
        self._held: int | None = None
        self._prepare()

    @property
    def ca(self) -> bytes:
        """Certificate of the cluster's authority, in PEM; `authority.own.certificate` is its file."""
        return self.authority.pem

    @property
    def endpoint(self) -> str:
        """https://127.0.0.1:PORT, the same at the next start where the port is free."""
        return f"https://127.0.0.1:{self.port('apiserver')}"

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of an administrator (group system:masters) with a certificate."""
        return self.folder / "admin.kubeconfig"

    @property
    def admin(self) -> Pair:
        """Certificate and key of that administrator."""
        return self.authority.issue("admin", "localcloud", ["system:masters"])

    @property
    def zones(self) -> list[str]:
        """The availability zones of the cluster's subnets."""
        return control_plane.zones(self)

    def port(self, role: str) -> int:
        """A port on loopback for a role, picked once and kept."""
        with self._lock:
            return self._ports.of(role)

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
        """Starts a program that belongs to the cluster: watched, told of in its status, ended with the cluster.

        `command` begins with the full path; the log is logs/NAME.log. A name that runs already is stopped first.
        """
        if name in self.processes:
            self.stop_process(name)
        keep = [self._held] if self._held is not None else []
        log = self.folder / "logs" / f"{name}.log"
        made = Process(name, command, log, environment=environment, keep=keep, crashed=self._note_crash)
        with self._lock:
            if self.is_closed:
                raise ClusterError(f"cluster {self.name} is going down; {name} does not start")
            self.processes[name] = made
            made.start()
        return made

    def stop_process(self, name: str, grace_seconds: float = 5) -> None:
        """Ends a program of `run` for good."""
        with self._lock:
            found = self.processes.pop(name, None)
        if found:
            found.stop(grace_seconds)

    def up(self) -> None:
        """Starts the control plane and waits until it answers. Raises ClusterError."""
        try:
            self._take_lock()
            more = [flag for hook in hooks.before_up for flag in hook(self)]
            for name, command in control_plane.stores(self, more):
                self.run(name, command, control_plane.ENVIRONMENT)
            self._await_ready()
            for name, command in control_plane.controllers(self):
                self.run(name, command, control_plane.ENVIRONMENT)
            for hook in hooks.up:
                hook(self)
        except ClusterError as error:
            self.failure = str(error)
            raise
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            raise ClusterError(f"cluster {self.name} does not come up: {self.failure}") from error
        self.is_ready = True

    def down(self, *, forget: bool = False) -> None:
        """Ends all processes, and with `forget` takes their state away at once."""
        with self._lock:
            self.is_closed = True
        self.is_ready = False
        for hook in hooks.down:
            try:
                hook(self)
            except Exception as error:
                self.site.note(f"cluster {self.name}: {hook.__module__} did not end well: {error}")
        first = [process for name, process in self.processes.items() if name != "etcd"]
        grace = 0 if forget else STOP_SECONDS
        ending = [threading.Thread(target=process.stop, args=(grace,)) for process in first]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        if "etcd" in self.processes:
            self.processes["etcd"].stop(grace)
        self.processes.clear()
        if self._held is not None:
            os.close(self._held)
            self._held = None
        if forget:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self) -> None:
        """Folder, ports, certificates and the client of an administrator; a stranger's folder of the name goes."""
        mark = self.folder / "cluster.json"
        identity = {"issuer": self.record.said["identity"]["oidc"]["issuer"]}
        try:
            known = json.loads(mark.read_text())
        except (OSError, ValueError):
            known = None
        if self.folder.exists() and known != identity:
            self.site.note(f"cluster {self.name}: {self.folder} is of a cluster that is gone, and is taken away")
            shutil.rmtree(self.folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.write_text(json.dumps(identity))
        self._ports = Ports(self.folder / "ports.json")
        self.authority = Authority(self.folder / "pki")
        self.api = Api(self.endpoint, self.authority.own.certificate, *self.admin)
        control_plane.write_kubeconfig(self, self.kubeconfig, self.admin)

    def _take_lock(self) -> None:
        """Waits until no process of an earlier start lives: each of them holds the lock that it inherited."""
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        until = time.monotonic() + 20
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > until:
                    os.close(lock)
                    raise ClusterError(
                        f"processes of an earlier start of cluster {self.name} still hold {self.folder / 'lock'}; "
                        "end them (`fuser` names them), then start again"
                    ) from error
                time.sleep(0.05)
            else:
                self._held = lock
                return

    def _await_ready(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while not self.api.is_ready():
            if self.is_closed:
                raise ClusterError(f"cluster {self.name} is going down before it was up")
            for process in tuple(self.processes.values()):
                if process.restarts >= HOPELESS and (last := process.crash):
                    raise ClusterError(
                        f"cluster {self.name} does not come up: {last.how}, {process.restarts} times; the end of its "
                        f"log ({process.log}):\n{last.tail}"
                    )
            if time.monotonic() > until:
                tail = self.processes["apiserver"].tail()
                raise ClusterError(
                    f"the API server of cluster {self.name} did not answer within {READY_SECONDS} s; the end of its "
                    f"log:\n{tail}"
                )
            time.sleep(0.1)

    def _note_crash(self, crash: Crash) -> None:
        self.crashes = [*self.crashes[-9:], crash]
        self.site.note(f"cluster {self.name}: {crash}")

    def status(self) -> dict[str, Any]:
        """What a person asks: state, address, processes with their number, memory and restarts, the last crashes."""
        state = "failed" if self.failure else "ready" if self.is_ready else "starting"
        return {
            "name": self.name,
            "region": self.region,
            "endpoint": self.endpoint,
            "state": state,
            "failure": self.failure,
            "logs": str(self.folder / "logs"),
            "processes": [
                {
                    "name": one.name,
                    "pid": one.pid,
                    "since": one.since.isoformat() if one.since else None,
                    "restarts": one.restarts,
                    "log": str(one.log),
                }
                for one in tuple(self.processes.values())
            ],
            "crashes": [
                {"process": one.process, "at": one.at.isoformat(), "code": one.code, "said": str(one)}
                for one in self.crashes
            ],
        }


def place(state: Path, region: str, name: str) -> Path:
    """The folder of a cluster."""
    return state / "clusters" / region / name
