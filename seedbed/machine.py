"""What the machine offers to a command: engine, local cloud, and the workspace made of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import engine
from engine import Engine, EngineError
from localcloud import CloudError, LocalCloud, Running
from seedbed.checkout import Checkout
from seedbed.failures import MissingError
from seedbed.steps import Step, Steps
from seedbed.workspace import Workspace, is_local, local_workspace, offline_workspace
from stacks.settings import Settings


def find_engine(steps: Steps) -> Engine:
    """The engine, built where it is missing; MissingError where it cannot be."""
    with steps.step("engine") as step:
        try:
            return engine.ensure(report=step.note, tick=step.say)
        except EngineError as error:
            raise MissingError(str(error)) from error


def cloud(checkout: Checkout) -> LocalCloud:
    """The local cloud of a checkout."""
    return LocalCloud(checkout.state / "cloud")


def start_cloud(checkout: Checkout, steps: Steps) -> Running:
    """The running local cloud of a checkout, started where it is not; MissingError where it does not start."""
    with steps.step("local cloud") as step:
        try:
            return cloud(checkout).start(report=teller(step))
        except CloudError as error:
            raise MissingError(str(error), do="See: seedbed cloud logs") from error


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
    found = find_engine(steps)
    if is_local(settings):
        return local_workspace(checkout, settings, found, start_cloud(checkout, steps))
    return Workspace(checkout, settings, found)


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
