"""An `up` that is cut short, by a killed engine or by an account that refuses: the next one ends well."""

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from tests.integration.house import Done, House, house, without_cluster
from tests.integration.inventory import inventory

SEED = int(os.environ.get("SEEDBED_CRASH_SEED", "20261123"))
CHANGING = ("Create", "Put", "Allocate", "Associate", "Attach", "Authorize", "Modify", "Enable", "Run", "Tag", "Revoke")
CALLS_OF_AN_UP = 180
"""About as many changing calls does an undisturbed `up` make."""

MOMENTS = sorted(random.Random(SEED).sample(range(1, CALLS_OF_AN_UP), 8))
"""With those of tests/integration/test_crashes_in_a_cluster.py ten."""

FAULT = {
    "service": "ecr",
    "operation": "CreateRepository",
    "count": 50,
    "status": 400,
    "code": "LimitExceededException",
}
AT_ONCE = 6
"""Houses at a time: an `up` waits more than it works."""


class Outcome(NamedTuple):
    first: Done
    """Exit code and words of the `up` that was cut short."""

    next: Done
    account: dict[str, int]
    """What the account held after the next `up`."""

    again: Done
    """A preview that expects no changes."""

    down: Done | None
    left: dict[str, int]
    """What the account held after `down`, where that was run."""


Outcomes = dict[int, Future[Outcome]]
"""By the number of calls after which the engine was killed."""

UNDISTURBED, REFUSED = -1, 0
"""Houses beside those: one whose `up` nothing disturbs, and one whose account refuses."""


def changing_calls(home: House) -> int:
    counts: dict[str, int] = home.control("GET", "requests")
    return sum(n for name, n in counts.items() if name.rsplit(":", 1)[-1].startswith(CHANGING))


def killed_after(home: House, calls: int) -> Done:
    """`up` whose engine is killed when the account has been asked for that many changes."""
    process = home.start("up", "local")
    record = home.root / ".seedbed" / "run" / "local.json"
    while process.poll() is None:
        if record.exists() and changing_calls(home) >= calls:
            os.kill(json.loads(record.read_text())["pid"], signal.SIGKILL)
            break
        time.sleep(0.1)
    output, _ = process.communicate(timeout=300)
    return Done(process.returncode, output)


def refused(home: House, _calls: int) -> Done:
    """`up` in an account that refuses one kind of request."""
    home.seedbed("cloud", "start")
    home.control("POST", "faults", FAULT)
    done = home.seedbed("up", "local", code=None)
    home.control("DELETE", "faults")
    return done


def undisturbed(home: House, _calls: int) -> Done:
    """`up` as it should be."""
    return home.seedbed("up", "local")


def live_through(root: Path, cut_short, calls: int) -> Outcome:
    with house(root) as home:
        home.write("local", without_cluster("local"))
        first = cut_short(home, calls)
        following = home.seedbed("up", "local", code=None)
        if following.code != 0:
            return Outcome(first, following, {}, following, None, {})
        account = inventory(home)
        again = home.pulumi("local", "preview", "--expect-no-changes", code=None)
        if cut_short is not undisturbed:
            return Outcome(first, following, account, again, None, {})
        down = home.seedbed("down", "local", code=None)
        home.seedbed("cloud", "start")
        return Outcome(first, following, account, again, down, inventory(home))


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """The houses of all tests that were asked for, at work side by side."""
    here = [i for i in request.session.items if isinstance(i, pytest.Function) and i.module is request.module]
    asked = [cast(int, i.callspec.params["moment"]) for i in here if i.originalname.startswith("test_after_a_killed")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        reference = pool.submit(live_through, tmp_path_factory.mktemp("undisturbed"), undisturbed, 0)
        refusal = pool.submit(live_through, tmp_path_factory.mktemp("refused"), refused, 0)
        killed = {m: pool.submit(live_through, tmp_path_factory.mktemp("killed"), killed_after, m) for m in asked}
        yield {UNDISTURBED: reference, REFUSED: refusal, **killed}


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_killed_engine_the_next_up_ends_well_and_nothing_is_orphaned(outcomes, moment):
    outcome = outcomes[moment].result()

    assert outcome.first[0] == 1, outcome.first[1]
    assert outcome.next[0] == 0, outcome.next[1]
    assert outcome.account == outcomes[UNDISTURBED].result().account
    assert outcome.again.code == 0, outcome.again.output


def test_an_up_that_the_account_refused_says_why_and_the_next_completes(outcomes):
    outcome = outcomes[REFUSED].result()

    assert outcome.first[0] == 1
    assert "LimitExceededException" in outcome.first[1]
    assert "CreateRepository" in outcome.first[1]
    assert outcome.again.code == 0, outcome.again.output
    assert "images-training" in outcome.first[1] or "images-serving" in outcome.first[1]
    assert outcome.next[0] == 0, outcome.next[1]
    assert outcome.account == outcomes[UNDISTURBED].result().account


def test_down_leaves_nothing_in_the_account(outcomes):
    outcome = outcomes[UNDISTURBED].result()

    assert sum(outcome.account.values()) > 50
    assert outcome.down.code == 0, outcome.down.output
    assert outcome.left == {}
