"""What must happen in an environment's cluster before the engine destroys it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from seedbed.account import Account
from seedbed.cluster import ClusterError, Kube, NoClusterError, open_cluster
from seedbed.cluster.cut_short import is_cluster
from seedbed.cluster.draining import Named, StuckError, disks, drain
from seedbed.data import Held
from seedbed.failures import RefusedError
from seedbed.steps import Steps
from seedbed.workspace import UNREACHABLE, Workspace

NAMESPACE = "kubernetes:core/v1:Namespace"
CHART = "seedbed:chart:Chart$"
"""In the URNs of what a chart brought: controllers, which must run until what they look after is gone."""


@dataclass(frozen=True)
class Leaving:
    """A cluster before it goes, with what the engine knows of it."""

    workspace: Workspace
    """As the engine must run to destroy it."""

    kube: Kube | None
    """None where nothing is in it that the engine knows, or where it is gone already."""

    namespaces: Sequence[str] = ()
    kept: frozenset[Named] = frozenset()
    """What the engine deletes itself."""

    def held(self) -> list[Held]:
        """Disks of pods, which go with their namespace."""
        return [Held("disk", name, size) for name, size in self._disks()]

    def _disks(self) -> list[tuple[str, str]]:
        try:
            return disks(self.kube, self.namespaces) if self.kube else []
        except ClusterError as error:
            raise RefusedError(
                f"{self.workspace.name}: nothing was destroyed, because the cluster does not tell what disks pods "
                f"have: {error}",
                do="Mend the cause, then run the same command again.",
            ) from error

    def end(self, steps: Steps) -> None:
        """Ends what people run in the cluster; RefusedError where something does not end."""
        if self.kube is None:
            return
        with steps.step("ending what runs in the cluster") as step:
            try:
                drain(self.kube, self.namespaces, self.kept, step.say)
            except StuckError as error:
                raise RefusedError(
                    f"{self.workspace.name}: the environment stands, because these do not end:\n{error}",
                    do="See that the controllers behind the finalizers run, or take the finalizers away, then run the "
                    "same command again.",
                ) from error
            except ClusterError as error:
                raise RefusedError(
                    f"{self.workspace.name}: what runs in the cluster could not be ended: {error}",
                    do="Mend the cause, then run the same command again.",
                ) from error


def leaving(workspace: Workspace, account: Account, deployment: Mapping[str, Any], steps: Steps) -> Leaving:
    """How the environment's cluster is left.

    Raises RefusedError where the engine has objects in a cluster that does not answer: it could not delete them.
    """
    objects = [one for one in deployment.get("resources", []) if one.get("custom") and is_cluster(str(one["type"]))]
    if not objects:
        return Leaving(workspace, None)
    with steps.step(f"looking for the cluster: {len(objects)} objects in it") as step:
        try:
            kube = open_cluster(account)
            kube.version()
        except NoClusterError:
            step.note(f"the cluster is not in account {account.settings.account} any more: what was in it went with it")
            return Leaving(workspace.without_cluster(), None)
        except (ClusterError, BotoCoreError, ClientError) as error:
            if os.environ.get(UNREACHABLE) == "true":
                step.note(f"the cluster does not answer, and what is in it is given up, as you said ({UNREACHABLE})")
                return Leaving(workspace.without_cluster(), None)
            raise RefusedError(_silent(workspace, len(objects), error), do=_reach(workspace)) from error
    namespaces = [str(one["id"]) for one in objects if one["type"] == NAMESPACE and CHART not in str(one["urn"])]
    return Leaving(workspace, kube, namespaces, frozenset(map(_named, objects)))


def _silent(workspace: Workspace, objects: int, error: Exception) -> str:
    return (
        f"{workspace.name}: nothing was destroyed, because {objects} objects are in a cluster that does not answer: "
        f"{' '.join(str(error).split())}"
    )


def _reach(workspace: Workspace) -> str:
    way = (
        "See what ails it: seedbed status local; seedbed cloud logs. A start mends most: seedbed cloud stop; seedbed "
        "cloud start"
        if workspace.on_this_machine
        else "Get to it (network, VPN, access entry) and run the same command again"
    )
    return (
        f"{way}.\n   Or give up what is in it: it goes with the cluster, but disks and load balancers that it made in "
        f"the account stay, and are listed at the end: {UNREACHABLE}=true seedbed down {workspace.name}"
    )


def _named(resource: Mapping[str, Any]) -> Named:
    inputs = resource.get("inputs") or {}
    metadata = inputs.get("metadata") or {}
    return str(inputs.get("kind", "")), str(metadata.get("namespace") or ""), str(metadata.get("name", ""))
