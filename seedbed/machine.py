"""What the machine offers to a command: engine, local cloud, and the workspace made of them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import engine
from engine import Engine, EngineError
from localcloud import CloudError, LocalCloud, Running
from seedbed.checkout import Checkout
from seedbed.failures import MissingError
from seedbed.steps import Step, Steps
from seedbed.workspace import Workspace, chart_variables, is_local, local_workspace, offline_workspace
from stacks.settings import Settings


def find_engine(steps: Steps, cluster: bool = False) -> Engine:
    """The engine, built where it is missing; MissingError where it cannot be.

    With `cluster` the programs that the local cloud runs a cluster with are wanted too.
    """
    with steps.step("engine and cluster programs" if cluster else "engine") as step:
        try:
            return engine.ensure(report=step.note, tick=step.say, cluster=cluster)
        except EngineError as error:
            raise MissingError(str(error)) from error


def cloud(checkout: Checkout, found: Engine | None = None) -> LocalCloud:
    """The local cloud of a checkout; started with the programs of `found`, its clusters run."""
    state = checkout.state / "cloud"
    if found is None or found.cluster is None:
        return LocalCloud(state)
    instances = checkout.root / "stacks" / "instances.yaml"
    return LocalCloud(state, programs=found.cluster, charts=found.charts, instances=instances)


def start_cloud(checkout: Checkout, steps: Steps, found: Engine | None = None) -> Running:
    """The running local cloud of a checkout, started where it is not; MissingError where it does not start.

    One that runs without the programs of a cluster is started anew once they are there: until then its clusters are
    only told of.
    """
    with steps.step("local cloud") as step:
        try:
            found = found or engine.find()
            wanted = cloud(checkout, found)
            there = wanted.status()
            if isinstance(there, Running) and not there.programs and found and found.cluster:
                step.note("the local cloud is started anew, so that its clusters run")
                wanted.stop(report=teller(step))
            return wanted.start(report=teller(step))
        except CloudError as error:
            raise MissingError(str(error), do="See: seedbed cloud logs") from error
        except EngineError as error:
            raise MissingError(str(error)) from error


def teller(step: Step) -> Callable[[str], None]:
    """Shows a part's own report: a line as what the step is at, several lines for good."""

    def tell(text: str) -> None:
        if "\n" in text:
            step.note(text)
        else:
            step.say(text)

    return tell


def open_workspace(checkout: Checkout, settings: Settings, steps: Steps) -> Workspace:
    """The environment's workspace, with engine and, for an environment on this machine, the local cloud running."""
    local = is_local(settings)
    found = find_engine(steps, cluster=local and settings.environment.cluster is not None)
    if local:
        return local_workspace(checkout, settings, found, start_cloud(checkout, steps, found))
    return Workspace(checkout, settings, found)


@contextmanager
def charts_at_hand() -> Iterator[None]:
    """While the body runs, a program that this process runs itself finds helm and charts as in the engine's process."""
    try:
        found = engine.find()
    except EngineError:
        found = None
    ours = chart_variables(found) if found else {}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update({name: value for name, value in ours.items() if before[name] is None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


@contextmanager
def open_offline(checkout: Checkout, settings: Settings, steps: Steps) -> Iterator[Workspace]:
    """A workspace of an empty account that goes away again."""
    found = find_engine(steps)
    try:
        with offline_workspace(checkout, settings, found) as workspace:
            yield workspace
    except CloudError as error:
        raise MissingError(
            str(error), do="Free a port of 127.0.0.1 or some memory, and run the command again."
        ) from error
