"""The models of the keys `pipelines` and `endpoints`: what runs in the cluster."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from stacks.file.schedule import Schedule
from stacks.file.serving import Capture
from stacks.file.vocabulary import Allowed, ImageDigest, Name, Part, refused


def _alias(text: str) -> str:
    if text == "latest" or (text[0] == "v" and text[1:].isdecimal()):
        raise refused("choose a word: latest and v with a number already mean versions")
    return text


GitUrl = Annotated[
    str,
    StringConstraints(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)+$", max_length=256),
    Allowed("an https address without user or token, for example https://github.com/example-bank/credit-scoring"),
]
Revision = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{40}$"),
    Allowed("a whole commit of git, 40 hexadecimal digits: a branch or a tag would not stand still"),
]
Stage = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./@-]*$", max_length=100),
    Allowed("a target of dvc repro, for example train or evaluate@eu"),
]
ModelName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,62})$"),
    Allowed("a name in the model registry: up to 63 letters, digits and any of _ . -"),
]
ModelAlias = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]([a-z0-9_-]{0,62})$"),
    AfterValidator(_alias),
    Allowed("an alias in the model registry: up to 63 lower-case letters, digits and any of _ -, a letter first"),
]
Runtime = Literal["mlserver", "sklearn", "xgboost", "lightgbm"]
Gpus = Annotated[int, Field(ge=0, le=128)]
Cpus = Annotated[int, Field(ge=1, le=192)]
MemoryGib = Annotated[int, Field(ge=1, le=2048)]


class Pipeline(Part):
    """A DVC pipeline at one commit in one image, queued on its schedule and on demand."""

    name: Name
    """Unique among the pipelines."""

    team: Name
    """Whose it is: it runs in that team's namespace, with its access to data, and counts against its quotas."""

    dataset: Name | None = None
    """Data set whose DVC remote of the team holds the pipeline's data and results; one that the team opens. Default:
    the first of the team's `datasets`."""

    repository: GitUrl
    """Where the pipeline's code is."""

    revision: Revision
    """Which commit of it runs."""

    image: ImageDigest
    """What it runs in, by digest, in a repository of this environment's registry."""

    stages: Annotated[tuple[Stage, ...], Field(strict=False, max_length=50)] = ()
    """Stages that are brought up to date with what they need. Default: all of them."""

    schedule: Schedule | None = None
    """When it runs by itself; without it on demand only. A run that is due while one is under way is left out."""

    pool: Name | None = None
    """Pool that it runs in, needed with `gpus`. Default: wherever there is room for it."""

    gpus: Gpus = 0
    """GPUs of a run, or parts of GPUs in a pool with `partition` or `share`."""

    cpus: Cpus = 2
    """vCPUs of a run."""

    memory_gib: MemoryGib = 8
    """Memory of a run."""


class Replicas(Part):
    """How far an endpoint scales."""

    min: Annotated[int, Field(ge=1, le=100)] = 1
    """Replicas at least."""

    max: Annotated[int, Field(ge=1, le=100)] = 2
    """Replicas at most; not less than `min`. A canary's share of them comes on top."""


class Endpoint(Part):
    """A model of the registry behind an address in the cluster (KServe); it waits for the first model."""

    name: Name
    """Unique among the endpoints, of SageMaker too."""

    team: Name
    """Whose it is: it runs in that team's namespace and counts against its quotas."""

    model: ModelName
    """Which model of the registry is served; it need not exist yet."""

    alias: ModelAlias = "champion"
    """Which version of it: the one that bears this alias, whenever that changes."""

    replicas: Replicas = Replicas()
    """How far it scales."""

    canary_percent: Annotated[int, Field(ge=1, le=99)] | None = None
    """Percent of the requests that the version with `canaryAlias` answers; without it none."""

    canary_alias: ModelAlias = "challenger"
    """Which version is the canary; another than `alias`."""

    pool: Name | None = None
    """Pool that it runs in, needed with `gpus`. Default: wherever there is room for it."""

    gpus: Gpus = 0
    """GPUs of a replica, or parts of GPUs in a pool with `partition` or `share`."""

    cpus: Cpus = 1
    """vCPUs of a replica."""

    memory_gib: MemoryGib = 2
    """Memory of a replica."""

    callers: Annotated[tuple[Name, ...], Field(strict=False, max_length=50)] = ()
    """Teams whose pods may call it, beside its own."""

    runtime: Runtime = "mlserver"
    """How the model is loaded: `mlserver` takes every model that MLflow logged, the others those of one library."""

    image: ImageDigest
    """What it runs in, by digest, in a repository of this environment's registry: MLServer with its runtimes, and
    Python."""

    capture: Capture | None = None
    """What is kept of the traffic, of the canary's too; without it nothing. Needs a `controller`."""

    retrain: Name | None = None
    """Pipeline of the same team that is run, once a day at most, when what the endpoint is asked drifts. Needs
    `capture` and `monitoring.drift`."""
