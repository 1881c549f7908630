"""Waiting for what an earlier run began: a cluster or a database is made, changed and deleted for minutes."""

import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from seedbed.account import Account
from seedbed.engine_run import name_of, short_type, type_of
from seedbed.failures import RefusedError
from seedbed.pending import ABSENT
from seedbed.services import databases
from seedbed.steps import Step

PATIENCE_SECONDS = 3600.0
"""Clusters and databases take up to half an hour."""

GONE = "gone"


@dataclass(frozen=True)
class Slow:
    """A kind of thing that is made for minutes, and what its service calls its states."""

    state: Callable[[Account, str], str]
    """State of a thing by its id; `gone` where it is not there any more."""

    busy: frozenset[str]
    """States that end by themselves."""

    broken: frozenset[str] = frozenset()
    """States in which nothing helps but to delete it."""


def _cluster(account: Account, id_: str) -> str:
    return account.client("eks").describe_cluster(name=id_)["cluster"]["status"]


def _node_group(account: Account, id_: str) -> str:
    cluster, _, name = id_.partition(":")
    return account.client("eks").describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]["status"]


def _add_on(account: Account, id_: str) -> str:
    cluster, _, name = id_.partition(":")
    return account.client("eks").describe_addon(clusterName=cluster, addonName=name)["addon"]["status"]


def _database(account: Account, id_: str) -> str:
    listed = account.pages("rds", "describe_db_instances", "DBInstances")
    names = (one["DBInstanceStatus"] for one in listed if id_ in databases.ids(one))
    return next(names, GONE)


def _endpoint(account: Account, id_: str) -> str:
    return account.client("sagemaker").describe_endpoint(EndpointName=id_)["EndpointStatus"]


_EKS = frozenset({"CREATING", "UPDATING", "DELETING", "PENDING"})
_EKS_BROKEN = frozenset({"FAILED", "CREATE_FAILED"})
SLOW = {
    "aws:eks/cluster:Cluster": Slow(_cluster, _EKS, _EKS_BROKEN),
    "aws:eks/nodeGroup:NodeGroup": Slow(_node_group, _EKS, _EKS_BROKEN),
    # An add-on without a node to run on is degraded and mends itself, so only a failed creation is broken.
    "aws:eks/addon:Addon": Slow(_add_on, _EKS, _EKS_BROKEN),
    "aws:rds/instance:Instance": Slow(
        _database,
        frozenset({"creating", "modifying", "backing-up", "configuring-enhanced-monitoring", "upgrading", "rebooting",
                   "starting", "stopping", "deleting", "maintenance", "renaming", "resetting-master-credentials",
                   "configuring-log-exports", "configuring-iam-database-auth", "storage-initialization"}),
        frozenset({"failed", "incompatible-network", "incompatible-parameters", "restore-error"}),
    ),
    "aws:sagemaker/endpoint:Endpoint": Slow(
        _endpoint,
        frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}),
        frozenset({"Failed"}),
    ),
}  # fmt: skip
"""By type token (EKS, RDS and SageMaker API references: the status of each)."""


def slow_ones(ids: Mapping[str, str]) -> dict[str, str]:
    """Those of the things, ids by URN, that may be busy for minutes."""
    return {urn: id_ for urn, id_ in ids.items() if id_ and type_of(urn) in SLOW}


def settle(
    account: Account, ids: Mapping[str, str], made: Container[str], step: Step, sleep: Callable[[float], None]
) -> None:
    """Waits until each thing, ids by URN, is in a state that lasts.

    Raises RefusedError where that takes too long, and where one of those that were being `made` broke.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    for urn, id_ in slow_ones(ids).items():
        slow = SLOW[type_of(urn)]
        while (state := _state(account, slow, id_)) in slow.busy:
            step.say(f"{name_of(urn)} ({short_type(type_of(urn))}) {id_}: {state}")
            if time.monotonic() > until:
                raise RefusedError(
                    f"{urn}: {id_} is still {state} after {PATIENCE_SECONDS / 60:.0f} minutes.",
                    do="Look at it in the account, then run the same command again: it goes on.",
                )
            sleep(1.0 if account.on_this_machine else 15.0)
        if urn in made and state in slow.broken:
            raise RefusedError(
                f"{urn}: {id_} was being made by an earlier run and is {state} in account {account.settings.account}.",
                do="It holds nothing yet: delete it in the account, then run the same command again: it is made anew.",
            )


def _state(account: Account, slow: Slow, id_: str) -> str:
    try:
        return slow.state(account, id_)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        # SageMaker calls an endpoint that is not there a validation error.
        if code in ABSENT or code == "ValidationException":
            return GONE
        raise
