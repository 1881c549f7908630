"""Images that a resource runs: where they are named, and what a reference to one says."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from policies.pods import EPHEMERAL, MAIN, MODEL, STARTING, WORKLOADS, containers, pods
from policies.reading import ABSENT, UndeterminedError, items, literal, look, present
from policies.stack import UNKNOWN, Resource

SAGEMAKER_MODEL = "aws:sagemaker/model:Model"
FUNCTION, TASK = "aws:lambda/function:Function", "aws:ecs/taskDefinition:TaskDefinition"
TRAINING_JOB = "aws:sagemaker/trainingJob:TrainingJob"
TUNING_JOB = "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob"

RUNNING = (*WORKLOADS, SAGEMAKER_MODEL, TRAINING_JOB, TUNING_JOB, FUNCTION, TASK)
"""Types that name images."""

DIGEST = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
"""A reference that means one image for ever (OCI image specification, "Digests")."""

HUB = "docker.io"
"""Where a reference without a host leads (Docker, "docker pull", reference format)."""

OWN_REGISTRY = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.(?:com|com\.cn|eu)"
)
"""Host of an account's registry in ECR."""


class Named(NamedTuple):
    """An image where it is named."""

    path: str
    value: Any
    """Text, ABSENT or UNKNOWN."""


def images(one: Resource) -> Iterator[Named]:
    """Every image that a resource names or has to name; a place where that is unknown counts as an unknown image."""
    if one.type in WORKLOADS:
        yield from _of_pods(one)
        return
    try:
        paths = list(_paths(one))
    except UndeterminedError as unknown:
        yield Named(unknown.path, UNKNOWN)
        return
    yield from (Named(path, look(one.props, path)) for path in paths)
    if one.type == TASK:
        yield from _of_task(one)


def host(reference: str) -> str:
    """The registry of a reference."""
    first, slash, _ = reference.partition("/")
    return first if slash and (set(first) & {".", ":"} or first == "localhost") else HUB


def repository(reference: str) -> str:
    """A reference without tag and digest, its host written out."""
    bare = re.sub(r":[^:/]*$", "", reference.partition("@")[0])
    if host(reference) != HUB or bare.startswith(f"{HUB}/"):
        return bare
    return f"{HUB}/{bare if '/' in bare else f'library/{bare}'}"


def _of_pods(one: Resource) -> Iterator[Named]:
    try:
        some = pods(one)
    except UndeterminedError as unknown:
        yield Named(unknown.path, UNKNOWN)
        return
    for pod in some:
        for kind in (MAIN, STARTING, EPHEMERAL, MODEL):
            try:
                found = containers(one, pod, [kind])
            except UndeterminedError as unknown:
                yield Named(unknown.path, UNKNOWN)
                continue
            for container in found:
                yield Named(f"{container.path}.image", look(one.props, f"{container.path}.image"))


def _paths(one: Resource) -> Iterator[str]:
    if one.type == SAGEMAKER_MODEL:
        places = ["primaryContainer"] if look(one.props, "primaryContainer") is not ABSENT else []
        places += [where for where, _ in items(one.props, "containers")]
        # A version of a package pins its image itself.
        yield from (f"{where}.image" for where in places if not present(one.props, f"{where}.modelPackageName"))
    elif one.type == TRAINING_JOB:
        yield from _algorithm(one, "algorithmSpecification")
    elif one.type == TUNING_JOB:
        for field in ("trainingJobDefinition", "trainingJobDefinitions"):
            for where, _ in items(one.props, field):
                yield from _algorithm(one, f"{where}.algorithmSpecification")
    elif one.type == FUNCTION and literal(one.props, "packageType", "Zip") == "Image":
        yield "imageUri"


def _algorithm(one: Resource, head: str) -> Iterator[str]:
    """An algorithm of the marketplace is named by its ARN, and has a version of its own."""
    if look(one.props, f"{head}.algorithmName") is ABSENT:
        yield f"{head}.trainingImage"


def _of_task(one: Resource) -> Iterator[Named]:
    path = "containerDefinitions"
    value = look(one.props, path)
    if value is UNKNOWN:
        yield Named(path, UNKNOWN)
        return
    try:
        some = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        some = None
    for index, entry in enumerate(some if isinstance(some, list) else []):
        image = look(entry, "image") if isinstance(entry, Mapping) else ABSENT
        yield Named(f"{path}[{index}].image", image)
