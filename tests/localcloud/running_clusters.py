"""Clusters of tests that really run."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import engine
from tests.localcloud.clusters import make_ground, wish
from tests.localcloud.signed_in import client, token

T = TypeVar("T")
INSTANCES = Path(__file__).parents[2] / "stacks" / "instances.yaml"


def programs() -> Path:
    """The folder of the programs that a cluster runs with; they are built where they are not yet."""
    found = engine.ensure().cluster
    assert found
    return found


def active(eks: Any, name: str) -> dict[str, Any]:
    """What EKS says of a cluster once it is active: after ten seconds, or minutes on a machine that has much to do."""
    return until(lambda: _ended_well(eks.describe_cluster(name=name)["cluster"]), 300)


def make_cluster(aws: Any, name: str, **more: Any) -> dict[str, Any]:
    """Makes a cluster with its ground and waits until it is active."""
    aws("eks").create_cluster(**{**wish(make_ground(aws, name), name), "version": "1.34", **more})
    return active(aws("eks"), name)


def as_root(said: dict[str, Any]) -> Any:
    """A client of the account's root user."""
    return client(said, token(said["name"]))


def until(condition: Callable[[], T | None], seconds: float = 30) -> T:
    """Waits for a condition and gives what it gave."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.1)
    return found


def _ended_well(said: dict[str, Any]) -> dict[str, Any] | None:
    assert said["status"] in ("CREATING", "ACTIVE"), said["health"]
    return said if said["status"] == "ACTIVE" else None
