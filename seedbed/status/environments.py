"""What there is: engine, local cloud, environments. Asks nobody, wakes nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pulumi.automation.errors import CommandError

import engine
from engine import EngineError
from localcloud import Dead, Running
from seedbed.checkout import Checkout
from seedbed.engine_process import survivors
from seedbed.failures import MissingError, WrongInputError
from seedbed.machine import cloud
from seedbed.status.section import Line
from seedbed.workspace import Workspace, is_local, saved


def status(checkout: Checkout, environment: str | None) -> Iterator[Line]:
    """The state of everything, or of one environment; one with a backend elsewhere is asked only when named."""
    yield _engine()
    yield _cloud(checkout)
    for name in [environment] if environment else checkout.environments():
        yield _environment(checkout, name, ask=environment is not None)


def _engine() -> Line:
    try:
        found = engine.find()
    except EngineError as error:
        return Line("engine", str(error), good=False)
    if found is None:
        return Line("engine", "none yet: the first `seedbed up` builds it, once", good=False)
    how = "built here" if found.built else "your own"
    return Line("engine", f"pulumi {found.version}, {how}: {found.pulumi}")


def _cloud(checkout: Checkout) -> Line:
    state = cloud(checkout).status()
    if isinstance(state, Running):
        since = state.started.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        clusters = "clusters run" if state.programs else "clusters on paper"
        who = f"account {state.account}, process {state.pid}"
        return Line("local cloud", f"{state.endpoint}, {who}, since {since}, {clusters}")
    if isinstance(state, Dead):
        return Line("local cloud", str(state), good=False)
    return Line("local cloud", "stopped: `seedbed cloud start` or `seedbed up local` starts it")


def _environment(checkout: Checkout, name: str, ask: bool) -> Line:
    try:
        settings = checkout.settings(name)
    except WrongInputError as error:
        return Line(name, f"{error}", good=False)
    if is_local(settings):
        return _on_this_machine(checkout, name)
    if not ask:
        return Line(name, f"account {settings.account}, {settings.region}; ask its backend: seedbed status {name}")
    found = engine.find()
    if found is None:
        raise MissingError("no engine to ask the backend with", do="Build it: python -m engine")
    workspace = Workspace(checkout, settings, found)
    try:
        stacks = workspace.automation().list_stacks()
    except CommandError as error:
        words = str(error).strip().splitlines()
        return Line(name, f"account {settings.account}; its backend does not answer: {' '.join(words)}", good=False)
    for stack in stacks:
        if stack.name.rpartition("/")[2] == name:
            return Line(name, f"{stack.resource_count or 0} resources, last changed {stack.last_update or 'never'}")
    return Line(name, f"account {settings.account}, {settings.region}; not up: your backend has no stack {name}")


def _on_this_machine(checkout: Checkout, name: str) -> Line:
    state = saved(checkout.state / "state", name)
    count = sum(bool(resource.get("custom")) for resource in state.get("resources", []))
    if survivors(checkout.state / "run" / f"{name}.json"):
        return Line(name, f"a run goes on; {count} resources so far")
    if state.get("pending_operations"):
        cut = len(state["pending_operations"])
        return Line(
            name, f"{count} resources; a run was cut short with {cut} unfinished: `seedbed up {name}` goes on", False
        )
    if not count:
        return Line(name, f"not up: seedbed up {name}")
    changed = datetime.fromisoformat(state["manifest"]["time"]).astimezone(UTC).astimezone()
    return Line(name, f"{count} resources, last changed {changed:%Y-%m-%d %H:%M:%S}")
