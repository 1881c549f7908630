"""One environment at a glance: its layers, its cluster, alarms, backups, keys, spend, quotas and what runs here."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import engine
from engine import EngineError
from localcloud import Dead, Running
from seedbed import recovery
from seedbed.account import Account
from seedbed.checkout import Checkout
from seedbed.engine_process import survivors
from seedbed.engine_run import EngineRun
from seedbed.failures import SeedbedError
from seedbed.machine import cloud
from seedbed.operations import EngineRefusedError, engine_words
from seedbed.status.alarms import alarms
from seedbed.status.backups import backups
from seedbed.status.endpoints import endpoints
from seedbed.status.in_cluster import in_cluster
from seedbed.status.keys import keys
from seedbed.status.processes import processes, told_by
from seedbed.status.resources import exported, layers
from seedbed.status.section import Line, Section, asked, unknown
from seedbed.status.spend import quotas, spend
from seedbed.tracking import Tracking
from seedbed.tracking_server import Server
from seedbed.workspace import Workspace, is_local, saved
from stacks.settings import Settings


def glance(checkout: Checkout, settings: Settings) -> Iterator[Section]:
    """Everything that is known of an environment; asks its backend and its account, and starts and changes nothing."""
    try:
        deployment = _deployment(checkout, settings)
    except SeedbedError as failure:
        deployment = {}
        words = failure.words if isinstance(failure, EngineRefusedError) else ""
        yield Section("layers", [unknown("layers", words or failure.message)])
    else:
        nothing = Line("layers", f"none: seedbed up {settings.name}")
        yield Section("layers", list(layers(deployment)) or [nothing])
    account, why = _account(checkout, settings)
    if account is None:
        yield Section("account", [Line("account", why, None)])
        yield from _here(checkout, settings)
        return
    yield from in_cluster(account)
    others = checkout.environments()
    wanted = exported(deployment, "quotas") or []
    yield asked("alarms", lambda: alarms(account, others), "none")
    yield asked("backups", lambda: backups(account), "nothing that is backed up")
    yield asked("keys", lambda: keys(account), "none")
    yield asked("spend", lambda: spend(account), "none")
    yield asked("quotas", lambda: quotas(account, wanted), "none needed, as far as the last `up` said")
    yield asked("SageMaker endpoints", lambda: endpoints(account), "none in the file")
    yield from _here(checkout, settings)


def _here(checkout: Checkout, settings: Settings) -> Iterator[Section]:
    """What runs on this machine for the environment: the local cloud, tracking, and a run of the engine."""
    roots = dict.fromkeys(survivors(checkout.state / "run" / f"{settings.name}.json"), "engine")
    tracking = Tracking(checkout, settings).status()
    if isinstance(tracking, Server):
        roots[tracking.pid] = "tracking server"
    if is_local(settings):
        state, told = cloud(checkout).status(), []
        if isinstance(state, Running):
            roots[state.pid] = "local cloud"
            told = told_by(state.endpoint)
        yield processes(roots, told)
    elif roots:
        yield processes(roots)


def _deployment(checkout: Checkout, settings: Settings) -> Mapping[str, Any]:
    if is_local(settings):
        return saved(checkout.state / "state", settings.name)
    try:
        found = engine.find()
    except EngineError as error:
        raise SeedbedError(str(error)) from error
    if found is None:
        raise SeedbedError("there is no engine to ask the backend with; build it: python -m engine")
    workspace = Workspace(checkout, settings, found)
    with engine_words(workspace, EngineRun()):
        return recovery.deployment_of(workspace)


def _account(checkout: Checkout, settings: Settings) -> tuple[Account | None, str]:
    """The environment's account, or why it cannot be asked."""
    running = None
    if is_local(settings):
        state = cloud(checkout).status()
        if not isinstance(state, Running):
            why = str(state) if isinstance(state, Dead) else "the local cloud is stopped: seedbed cloud start"
            return None, f"not asked, {why}"
        running = state
    try:
        return Account(settings, running), ""
    except SeedbedError as failure:
        return None, f"not asked. {failure.message} {failure.do}"
    except (BotoCoreError, ClientError) as error:
        return None, f"{settings.account} cannot be asked: {error}. Log in to it, or name its profile in aws:profile."
