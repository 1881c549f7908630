"""An engine that is killed while it makes what is in the cluster: the next `up` ends well and nothing is orphaned."""

import json
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from tests.integration.house import Done, House, house, shipped

SEED = int(os.environ.get("SEEDBED_CRASH_SEED", "20261123"))
AWS_ALONE, WITH_CLUSTER = 195, 312
"""About so many resources the state has before the first object of the cluster, and at the end."""

ANYWHERE = random.Random(SEED).randrange(AWS_ALONE, WITH_CLUSTER)
WEBHOOKS_ALONE = "::kueue-mutatingwebhookconfiguration-"
"""In the state before the controller that they lead to is made: nobody answers them."""

MOMENTS = (ANYWHERE, WEBHOOKS_ALONE)
AT_ONCE = 2
URN = re.compile(r'"urn":\s*"')
LEFT_OUT = ("database", "tracking", "pipelines", "endpoints", "sagemakerEndpoints", "delivery")
"""What takes long or is looked at elsewhere (tests/integration/test_crashes.py)."""


Moment = int | str


class Outcome(NamedTuple):
    first: Done
    next: Done
    again: Done
    """A preview that expects no changes."""

    down: Done


def small() -> dict[str, Any]:
    """A cluster with pools, queue and workspaces, and no more of the account than these need."""
    config = shipped("local")
    env = config["seedbed:environment"]
    for key in LEFT_OUT:
        env.pop(key)
    env["monitoring"].pop("drift")
    env["datasets"] = [d for d in env["datasets"] if d["name"] == "reference"]
    env["pools"] = [p for p in env["pools"] if p["name"] in {"train", "general"}]
    for team in env["teams"]:
        team["datasets"] = ["reference"]
    return config


def is_reached(moment: Moment, state: str) -> bool:
    return len(URN.findall(state)) >= moment if isinstance(moment, int) else moment in state


def killed_at(home: House, moment: Moment) -> Done:
    """`up` whose engine is killed when its state has so many resources, or says this."""
    process = home.start("up", "local")
    record = home.root / ".seedbed" / "run" / "local.json"
    state = home.root / ".seedbed" / "state" / ".pulumi" / "stacks" / "seedbed" / "local.json"
    while process.poll() is None:
        if record.exists() and state.exists() and is_reached(moment, state.read_text()):
            os.kill(json.loads(record.read_text())["pid"], signal.SIGKILL)
            break
        time.sleep(0.2)
    output, _ = process.communicate(timeout=300)
    return Done(process.returncode, output)


def live_through(root: Path, moment: Moment) -> Outcome:
    with house(root) as home:
        home.write("local", small())
        first = killed_at(home, moment)
        following = home.seedbed("up", "local", code=None)
        if following.code != 0:
            return Outcome(first, following, following, following)
        again = home.pulumi("local", "preview", "--expect-no-changes", code=None)
        return Outcome(first, following, again, home.seedbed("down", "local", "--yes", "--delete-data", code=None))


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Moment, Future[Outcome]]]:
    """The houses of all tests that were asked for, some at a time."""
    here = [i for i in request.session.items if isinstance(i, pytest.Function) and i.module is request.module]
    asked = [cast(Moment, item.callspec.params["moment"]) for item in here]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {m: pool.submit(live_through, tmp_path_factory.mktemp("killed"), m) for m in asked}


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_an_engine_killed_in_the_cluster_the_next_up_ends_well_and_nothing_is_orphaned(outcomes, moment):
    outcome = outcomes[moment].result()

    assert outcome.first.code == 1, outcome.first.output
    assert outcome.next.code == 0, outcome.next.output
    assert outcome.again.code == 0, outcome.again.output
    assert outcome.down.code == 0, outcome.down.output
    assert "nothing of it is left" in outcome.down.output
