"""The one reader of configuration."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from components.account import dns_suffix
from stacks import names, versions
from stacks.file import regions
from stacks.file.audit import Audit
from stacks.file.cluster import Cluster, SystemNodes
from stacks.file.database import Database
from stacks.file.delivery import Delivery
from stacks.file.environment import Artifacts, Controller, Dataset, Environment, Images, Keys, Logs, Mirror
from stacks.file.monitoring import Budget, Drift, Monitoring
from stacks.file.network import ExistingNetwork, ExistingVpc, NewNetwork
from stacks.file.pools import Pool
from stacks.file.serving import Capture, Instances, Lineage, Model, SageMakerEndpoint
from stacks.file.stack import Config, EnvironmentName, ProviderSettings
from stacks.file.teams import Team
from stacks.file.tracking import Tracking
from stacks.file.vocabulary import DataClass
from stacks.file.workloads import Endpoint, Pipeline, Replicas
from stacks.notes import notes
from stacks.reading.explanation import explain
from stacks.reading.order_of_file import in_order
from stacks.reading.problems import Problem, SettingsError, nearest, short, shown
from stacks.reading.raw_config import gather
from stacks.reading.rules import RULES
from stacks.reading.shape import fields, words
from stacks.reading.sound import ENVIRONMENT, Unsound, sound
from stacks.reading.yaml_file import Document, read_document

__all__ = [
    "Artifacts",
    "Audit",
    "Budget",
    "Capture",
    "Cluster",
    "Controller",
    "Database",
    "Dataset",
    "Delivery",
    "Drift",
    "Endpoint",
    "Environment",
    "ExistingNetwork",
    "ExistingVpc",
    "Images",
    "Instances",
    "Keys",
    "Lineage",
    "Logs",
    "Mirror",
    "Model",
    "Monitoring",
    "NewNetwork",
    "Pipeline",
    "Pool",
    "Problem",
    "ProviderSettings",
    "Replicas",
    "SageMakerEndpoint",
    "Settings",
    "SettingsError",
    "SystemNodes",
    "Team",
    "Tracking",
    "from_program",
    "load",
    "read",
]

FILE_KEYS = ("config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider")
"""What the engine knows at the top of the file; all but `config` is its own business."""

_NAME = TypeAdapter(EnvironmentName)


class Settings(BaseModel):
    """One environment, checked: what the program builds and where."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: EnvironmentName
    """Name of the environment, which is the name of its stack."""

    provider: ProviderSettings
    """What the explicit AWS provider is told."""

    environment: Environment
    """What is built."""

    @property
    def region(self) -> str:
        """Region of everything."""
        return self.provider.region

    @property
    def account(self) -> str:
        """Account of everything, 12 digits."""
        return self.provider.allowed_account_ids[0]

    @property
    def partition(self) -> str:
        """Partition of every ARN."""
        return regions.partition(self.region)

    @property
    def prefix(self) -> str:
        """Start of every name."""
        return names.prefix(self.environment.system, self.name)

    @property
    def tags(self) -> dict[str, str]:
        """Tags of every resource."""
        return {
            "owner": self.environment.owner,
            "system": self.environment.system,
            "env": self.name,
            "cost-center": self.environment.cost_center or self.environment.system,
            "managed-by": "pulumi",
            "residency": self.environment.residency,
        }

    @property
    def controller(self) -> str | None:
        """Name and contact of the controller as one tag."""
        who = self.environment.controller
        return f"{who.name} / {who.contact}" if who else None

    @property
    def protect(self) -> bool:
        """Whether what keeps data is protected from deletion."""
        return self.environment.protect

    @property
    def notify(self) -> str:
        """Address that alarms go to."""
        return self.environment.monitoring.notify or self.environment.owner

    @property
    def privacy_contact(self) -> str:
        """Address that findings about people's data go to."""
        who = self.environment.controller
        return who.contact if who else self.notify

    @property
    def versions(self) -> dict[str, str]:
        """Version of each EKS add-on for the cluster's version of Kubernetes; none without a cluster."""
        cluster = self.environment.cluster
        return versions.addon_versions(cluster.version) if cluster else {}

    def image(self, name: str) -> str:
        """Reference of an image of the catalogue, through the mirror of its registry where the environment has one.

        Raises KeyError for a name that the catalogue lacks.
        """
        env = self.environment
        found = versions.image(name).at(next((one.digest for one in env.images.digests if one.image == name), None))
        mirror = next((mirror.name for mirror in env.images.mirrors if mirror.upstream == found.upstream), None)
        if mirror is None:
            return found.reference
        registry = f"{self.account}.dkr.ecr.{self.region}.{dns_suffix(self.region)}"
        return f"{registry}/{names.mirror_prefix(env.system, self.name, mirror)}/{found.name}{found.version}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is allowed and yet may surprise, each a sentence for whoever deploys."""
        return notes(self.environment)

    @property
    def data_classes(self) -> tuple[DataClass, ...]:
        """Data classes that have a key: all, used or not, so that classifying data anew deletes no key under it."""
        return get_args(DataClass)

    @property
    def cidr(self) -> str:
        """IPv4 block of the network."""
        network = self.environment.network
        return network.cidr if isinstance(network, NewNetwork) else network.existing.cidr

    @property
    def s3_cidrs(self) -> tuple[str, ...]:
        """IPv4 blocks of S3 behind a gateway endpoint of a network that was there before; none of a new one."""
        network = self.environment.network
        return () if isinstance(network, NewNetwork) else tuple(map(str, network.existing.s3_cidrs))

    @property
    def zone_names(self) -> tuple[str, ...]:
        """Availability zones of a new network; none where the network exists."""
        network = self.environment.network
        return regions.zone_names(self.region, network.zones) if isinstance(network, NewNetwork) else ()

    def bucket(self, noun: str) -> str:
        """Name of the bucket of `noun` (logs, artifacts)."""
        return names.bucket(self.environment.system, self.name, self.account, noun)

    def dataset_bucket(self, dataset: str) -> str:
        """Name of the bucket of a data set."""
        return names.dataset_bucket(self.environment.system, self.name, self.account, dataset)

    def capture_bucket(self, endpoint: str) -> str:
        """Name of the bucket with the kept traffic of an endpoint, of SageMaker or in the cluster."""
        return names.capture_bucket(self.environment.system, self.name, self.account, endpoint)


def read(environment: str, config: Mapping[str, Any]) -> Settings:
    """Settings of an environment from configuration as a file has it or as the engine hands it over (mappings as JSON).

    Raises SettingsError with everything that is wrong.
    """
    return _read(environment, config, f"environment {short(str(environment))}", Document())


def load(path: Path) -> Settings:
    """Settings from a file that is called `Pulumi.<environment>.yaml`. Raises SettingsError like `read`."""
    name = re.fullmatch(r"Pulumi\.(.+)\.yaml", path.name)
    if not name:
        fix = "rename the file; the environment's name stands in the middle"
        problem = Problem((path,), "has the wrong name", shown(path.name), "Pulumi.<environment>.yaml", fix)
        raise SettingsError([problem], str(path))
    document = read_document(path)
    config, problems = _below_top(document.values, path)
    document.problems += [problem for problem in problems if problem.location not in document.broken]
    if config is None:
        raise SettingsError(in_order(document.problems, document.values, document), str(path))
    return _read(name[1], config, path, document)


def from_program() -> Settings:
    """Settings of the stack whose program is running. Raises SettingsError like `read`."""
    import pulumi  # here, so that whoever only reads files does not wait for it
    from pulumi.runtime import config

    return read(pulumi.get_stack(), {**config.get_config_env(), **config.CONFIG.get()})


def _below_top(top: Any, source: Path) -> tuple[Mapping[str, Any] | None, list[Problem]]:
    """The value of `config`, and what is wrong around it."""
    if not isinstance(top, dict):
        found, fix = shown(top), "start with the line config: and put the keys below"
        return None, [Problem((source,), "is not an environment file", found, "a mapping with the key config", fix)]
    problems = []
    for key in top.keys() - set(FILE_KEYS):
        near = nearest(key, FILE_KEYS)
        fix = f"rename it to {near}" if near else "move it below config, or remove it"
        wrong = "is a key that nothing reads"
        problems.append(Problem((key,), wrong, shown(top[key], (key,)), ", ".join(FILE_KEYS), fix))
    config = top.get("config")
    if isinstance(config, dict):
        return config, problems
    if problems and "config" not in top and any("config" in problem.fix for problem in problems):
        return None, problems
    wrong, fix = "has the wrong type" if "config" in top else "is missing", "add config: with the keys below it"
    return None, [*problems, Problem(("config",), wrong, shown(config), "a mapping of configuration keys", fix)]


def _read(name: str, config: Any, source: str | Path, document: Document) -> Settings:
    problems = list(document.problems)
    if not isinstance(config, Mapping):
        fix = "hand over what the engine or the file has"
        raise SettingsError([Problem((source,), "has no configuration", shown(config), "a mapping", fix)], str(source))
    raw = gather(config, document.broken)
    problems += raw.problems
    try:
        _NAME.validate_python(name)
    except ValidationError:
        fix = "name the stack and its file otherwise"
        problems.append(Problem((source,), "is no name for an environment", shown(name), words(EnvironmentName), fix))
        raw.broken.add((source,))
    try:
        Config.model_validate(raw.values)
    except ValidationError as error:
        problems += explain(error, raw.values, raw.broken)
    known = sound(Config, raw.values, (), raw.broken)
    stack = Unsound() if (source,) in raw.broken else name
    found = [problem for rule in RULES for problem in rule(stack, known)]
    problems += [problem for problem in found if problem.location not in raw.broken]
    if problems:
        raise SettingsError(in_order(problems, config, document), str(source))
    provider = {key: value for key, value in raw.values.items() if key in fields(ProviderSettings)}
    return Settings(
        name=name,
        provider=ProviderSettings.model_validate(provider),
        environment=Environment.model_validate(raw.values[ENVIRONMENT]),
    )


if __name__ == "__main__":
    from stacks.reading.reference import main

    sys.exit(main(sys.argv[1:]))
