"""Where the engine runs for an environment: project folder, backend and the exact process environment."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pulumi.automation import LocalWorkspace, Stack
from pulumi.automation.errors import StackNotFoundError

import localcloud
from engine import Engine
from localcloud import Running
from seedbed.checkout import Checkout
from seedbed.engine_home import engine_home
from seedbed.engine_process import EngineCommand
from seedbed.failures import MissingError
from stacks import helm
from stacks.reading.yaml_file import read_document
from stacks.settings import Settings

# The engine wants a passphrase to encrypt secrets in the state. The state of a run on this machine describes an account
# that is on this machine too and holds nothing secret, so a fixed one is honest; other environments keep the user's.
LOCAL_PASSPHRASE = "local"

PROJECT = "seedbed"
USERS_OWN = ("AWS_", "PULUMI_")
ELSEWHERE = frozenset({"aws:profile", "aws:assumeRole", "aws:endpoints"})
"""Keys that say how to reach an account elsewhere: an account on this machine has one address and no roles to take."""
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
UNREACHABLE = "PULUMI_K8S_DELETE_UNREACHABLE"
"""Variable of the Kubernetes provider: what is in a cluster that does not answer counts as gone with it."""

LOGINS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID")
"""Variables by which a user says whose credentials a shell works with."""


class _UnselectingWorkspace(LocalWorkspace):
    """Leaves the stack that a user has selected for plain `pulumi` as it is."""

    def select_stack(self, stack_name: str) -> None:
        self._run_pulumi_cmd_sync(["stack", "--stack", stack_name])

    def create_stack(self, stack_name: str) -> None:
        self._run_pulumi_cmd_sync(["stack", "init", stack_name, "--no-select"])


@dataclass(frozen=True)
class Workspace:
    """An environment as the engine sees it.

    With `kept_in` the environment runs on this machine: backend, Pulumi home and project folder lie there, and no
    variable of the user's AWS or Pulumi set-up reaches the run. Without it the user's own backend, login, credentials
    and passphrase are used as they are.
    """

    checkout: Checkout
    settings: Settings
    engine: Engine
    running: Running | None = None
    kept_in: Path | None = None
    backend: Path | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    """Variables that one run of the engine gets beside all others."""

    @property
    def name(self) -> str:
        """Name of the environment, which is the stack's name too."""
        return self.settings.name

    @property
    def on_this_machine(self) -> bool:
        return self.kept_in is not None

    @property
    def project(self) -> Path:
        """Folder that the engine runs in."""
        return self.kept_in or self.checkout.root

    @property
    def run_record(self) -> Path:
        """Names the engine's process while it runs; left behind only by one that was killed."""
        beside = self.backend.parent if self.backend else self.checkout.state
        return beside / "run" / f"{self.name}.json"

    @cached_property
    def command(self) -> EngineCommand:
        return EngineCommand(self.engine.pulumi, self.engine.version, self.run_record)

    def variables(self) -> dict[str, str]:
        """The engine's whole process environment."""
        inherited = {key: value for key, value in os.environ.items() if not self._is_users_own(key)}
        return {
            **inherited,
            **self.engine_variables(inherited.get("PATH", os.defpath)),
            **self.own_variables(),
            # No cluster of the user's applies either, should a provider ever be without its own.
            **({"KUBECONFIG": os.devnull} if self.on_this_machine else {}),
            **self.more,
        }

    def engine_variables(self, path: str) -> dict[str, str]:
        """What an engine needs to find its parts, for any environment; `path` is the PATH to put them before.

        In the virtual environment is the `aws` too that makes the Kubernetes provider's tokens.
        """
        venv = self.checkout.root / ".venv"
        found = {
            "PATH": os.pathsep.join([str(venv / "bin"), *map(str, self.engine.path), path]),
            "VIRTUAL_ENV": str(venv),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        found |= chart_variables(self.engine)
        profile = self.settings.provider.profile
        if profile and not self.on_this_machine and not any(map(os.environ.get, LOGINS)):
            # The AWS provider takes the profile from the settings; the `aws` that makes tokens knows none of them.
            found["AWS_PROFILE"] = profile
        if self.engine.built:
            # Without it the engine tries to download a plugin for every provider SDK in the virtual environment, used
            # or not: 2.6 s a run where there is no network. All that ours needs is on PATH.
            found["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
        return found

    def own_variables(self) -> dict[str, str]:
        """What an environment on this machine adds: backend, passphrase, and the account's address."""
        if self.kept_in is None or self.backend is None:
            return {}
        assert self.running is not None, "an environment on this machine has an account on this machine"
        own = {
            "PULUMI_BACKEND_URL": self.backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": LOCAL_PASSPHRASE,
            # No profile of the user's applies to the local account.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **localcloud.provider_environment(self.running, self.settings.region),
        }
        if self.engine.built:
            # A user's own engine finds its plugins in the user's home; ours has them on PATH.
            own["PULUMI_HOME"] = str(engine_home(self.checkout.state / "pulumi"))
        return own

    def without_cluster(self) -> "Workspace":
        """The same for a run that counts as gone whatever is in a cluster that does not answer."""
        return replace(self, more={**self.more, UNREACHABLE: "true"})

    def _is_users_own(self, key: str) -> bool:
        own = key.startswith(USERS_OWN) and key != UNREACHABLE
        return self.on_this_machine and (own or key.lower() in PROXIES)

    def automation(self) -> LocalWorkspace:
        """The Automation API's workspace."""
        return _UnselectingWorkspace(work_dir=str(self.project), env_vars=self.variables(), pulumi_command=self.command)

    def stack(self, create: bool = True) -> Stack:
        """The Automation API's stack; made where it is missing, unless `create` is false (StackNotFoundError then)."""
        if not (self.checkout.root / ".venv" / "bin" / "python").exists():
            raise MissingError(
                f"{self.checkout.root / '.venv'}: no virtual environment; the program and the policy packs run in it.",
                do="Make it: make runtime",
            )
        if self.kept_in is not None:
            self._write_project(self.kept_in)
        try:
            return Stack.select(self.name, self.automation())
        except StackNotFoundError:
            if not create:
                raise
            return Stack.create(self.name, self.automation())

    def _write_project(self, folder: Path) -> None:
        """Writes the project as this run needs it.

        `pulumi stack init` writes the salt of the passphrase into the environment's file; a file under git must not
        change because somebody tried it, so the engine gets a copy. The copy leaves out how the account elsewhere is
        reached.
        """
        assert self.backend is not None, "a run on this machine keeps its state on this machine"
        folder.mkdir(parents=True, exist_ok=True)
        self.backend.mkdir(parents=True, exist_ok=True, mode=0o700)
        project = yaml.safe_load((self.checkout.root / "Pulumi.yaml").read_text())
        project["main"] = str(self.checkout.program)
        project["runtime"] = {"name": "python", "options": {"virtualenv": str(self.checkout.root / ".venv")}}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        file = read_document(self.checkout.file(self.name)).values
        config = file.get("config") or {}
        file["config"] = {key: value for key, value in config.items() if key not in ELSEWHERE}
        if salt := saved(self.backend, self.name).get("secrets_providers", {}).get("state", {}).get("salt"):
            file["encryptionsalt"] = salt
        # JSON is YAML with every text in quotes: no reader takes `12:30` or `1e3` for a number.
        (folder / f"Pulumi.{self.name}.yaml").write_text(json.dumps(file, indent=2, ensure_ascii=False), "utf-8")


def local_workspace(checkout: Checkout, settings: Settings, engine: Engine, running: Running) -> Workspace:
    """The workspace of an environment of the local cloud's account: everything under `.seedbed/`."""
    state = checkout.state
    return Workspace(checkout, settings, engine, running, state / "project" / settings.name, state / "state")


@contextmanager
def offline_workspace(checkout: Checkout, settings: Settings, engine: Engine) -> Iterator[Workspace]:
    """A workspace with an empty state and an empty account that both go away: previews anything, changes nothing."""
    with (
        tempfile.TemporaryDirectory(prefix="seedbed-offline-") as folder,
        localcloud.temporary(account=settings.account) as running,
    ):
        kept = Path(folder).resolve()
        yield Workspace(checkout, settings, engine, running, kept / "project", kept / "state")


def chart_variables(engine: Engine) -> dict[str, str]:
    """Where the program finds helm and the unpacked charts, as far as they are built."""
    if engine.helm is None or engine.charts is None:
        return {}
    return {helm.HELM: str(engine.helm), helm.CHARTS: str(engine.charts)}


def is_local(settings: Settings) -> bool:
    """Whether the environment runs on this machine: its account is the local cloud's."""
    return settings.account == localcloud.ACCOUNT


def state_file(backend: Path, name: str) -> Path:
    """Where a backend folder keeps the state of a stack."""
    return backend / ".pulumi" / "stacks" / PROJECT / f"{name}.json"


def saved(backend: Path, name: str) -> dict[str, Any]:
    """The saved deployment of a stack in a backend folder, read without the engine; empty where there is none."""
    try:
        checkpoint = json.loads(state_file(backend, name).read_text())
    except FileNotFoundError:
        return {}
    return (checkpoint.get("checkpoint") or {}).get("latest") or {}
