"""What there is to put in order in a state that a killed run left: looked for, and written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pulumi.automation import Deployment, Stack

from seedbed import pending
from seedbed.account import Account
from seedbed.cluster import ClusterError, open_cluster
from seedbed.cluster.cut_short import answering, is_cluster, made
from seedbed.engine_run import name_of, short_type, type_of
from seedbed.failures import RefusedError


@dataclass
class Mending:
    """What there is to put in order in a state."""

    adopted: dict[str, str] = field(default_factory=dict)
    """Import id by URN of what a cut-short creation made."""
    struck: list[str] = field(default_factory=list)
    """URNs of cut-short creations that made nothing, or that can be done again without harm."""
    unknown: list[str] = field(default_factory=list)
    """URNs of cut-short creations that nobody here knows how to look for."""
    foreign: dict[str, str] = field(default_factory=dict)
    """What has the name of a cut-short creation but not the environment's tags, by URN."""
    reread: list[str] = field(default_factory=list)
    """URNs of cut-short updates and deletions: what came of them is read from the account."""
    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the state must say of something adopted before it is read, by URN."""

    def __bool__(self) -> bool:
        return bool(self.adopted or self.struck or self.unknown or self.foreign or self.reread)

    def lines(self) -> list[str]:
        """What was found and what follows, in words."""
        said = [f"{named(urn)} was made: {id_} is taken over" for urn, id_ in self.adopted.items()]
        said += [f"{named(urn)} was not finished: it is done again" for urn in self.struck]
        said += [f"{named(urn)} was being changed or deleted: it is read again" for urn in self.reread]
        said += [
            f"{named(urn)}: whether it was made cannot be told; should `up` say that it exists, delete it, or take it "
            f"over with `pulumi import`"
            for urn in self.unknown
        ]
        said += [
            f"{named(urn)}: {id_} exists, but does not bear this environment's tags (system, env), so it is not taken "
            f"over: `up` will say that the name is taken"
            for urn, id_ in self.foreign.items()
        ]
        return said


def examine(deployment: Mapping[str, Any], account: Account) -> Mending:
    """Looks in the account for everything that a saved deployment calls pending; changes nothing."""
    mending = Mending()
    # By type: a database, its subnet group and an alarm may well have one name.
    recorded: dict[str, set[str]] = {}
    for resource in deployment.get("resources", []):
        if resource.get("id"):
            recorded.setdefault(resource["type"], set()).add(resource["id"])
    known = {resource["urn"] for resource in deployment.get("resources", [])}
    in_cluster: dict[str, Mapping[str, Any]] = {}
    for operation in deployment.get("pending_operations", []):
        resource = operation["resource"]
        urn, type_ = resource["urn"], resource["type"]
        if operation["type"] != "creating":
            if urn in known and urn not in mending.reread:
                mending.reread.append(urn)
        elif not resource.get("custom") or type_ in pending.REPEATABLE:
            mending.struck.append(urn)
        elif is_cluster(type_):
            in_cluster[urn] = resource.get("inputs") or {}
        else:
            try:
                known_ids = recorded.setdefault(type_, set())
                found = pending.find(account, type_, resource.get("inputs") or {}, known_ids)
            except pending.UnknownTypeError:
                mending.unknown.append(urn)
            except pending.ForeignError as foreign:
                mending.foreign[urn] = str(foreign)
            except (BotoCoreError, ClientError) as error:
                raise RefusedError(
                    f"{urn}: cannot look in account {account.settings.account} for what an earlier run was making: "
                    f"{error}",
                    do="See that the account answers (credentials, network), then run the same command again.",
                ) from error
            else:
                if found is None:
                    mending.struck.append(urn)
                else:
                    # Two creations alike must not be led to the same thing.
                    known_ids.add(found)
                    mending.adopted[urn] = found
    if in_cluster:
        _examine_cluster(account, in_cluster, mending)
    return mending


def _examine_cluster(account: Account, creations: Mapping[str, Mapping[str, Any]], mending: Mending) -> None:
    """Looks in the cluster for what cut-short creations, inputs by URN, made there.

    Where the cluster does not answer they are done again: to create is to apply, which does no harm.
    """
    try:
        kube = answering(lambda: open_cluster(account))
    except (BotoCoreError, ClientError):
        kube = None
    for urn, inputs in creations.items():
        try:
            found = made(kube, inputs) if kube else None
        except ClusterError:
            found = None
        if found is None:
            mending.struck.append(urn)
        else:
            mending.adopted[urn] = found.id
            mending.outputs[urn] = found.outputs


def mend(stack: Stack, deployment: Mapping[str, Any], mending: Mending) -> None:
    """Writes the state without its pending operations, and with what was found.

    What was found gets no outputs yet: the refresh that follows then imports it by its id, as `pulumi import` does.
    """
    resources = [dict(resource) for resource in deployment.get("resources", [])]
    for operation in deployment["pending_operations"]:
        begun = operation["resource"]
        if operation["type"] != "creating" or begun["urn"] not in mending.adopted:
            continue
        # Of a resource being replaced, the old one stays in the state until it is deleted.
        resources = [r for r in resources if not (r["urn"] == begun["urn"] and r.get("pendingReplacement"))]
        for resource in resources:
            if resource["urn"] == begun["urn"]:
                resource["delete"] = True
        outputs = dict(mending.outputs.get(begun["urn"], {}))
        resources.append({**begun, "id": mending.adopted[begun["urn"]], "outputs": outputs})
    mended = {**deployment, "resources": resources}
    mended.pop("pending_operations")
    stack.import_stack(Deployment(version=3, deployment=mended))


def named(urn: str) -> str:
    """A resource by name and type, as a person says it."""
    return f"{name_of(urn)} ({short_type(type_of(urn))})"
