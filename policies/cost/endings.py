"""Ends: what is dear stops by itself, or on a day that somebody named."""

import datetime
from collections.abc import Iterator, Mapping

from policies.gpus import NODE_POOL, POOLS, TEMPLATE, has_gpus
from policies.pods import CRON_JOB, PYTORCH_JOB, pod_labels, pods
from policies.reading import as_number
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    literal,
    look,
    number,
    parts,
    present,
    skip,
    undetermined,
)
from policies.tags import tags

TRAINING = "aws:sagemaker/trainingJob:TrainingJob"
TUNING = "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob"
NOTEBOOK = "aws:sagemaker/notebookInstance:NotebookInstance"
IDLE_STOP = "aws:sagemaker/notebookInstanceLifecycleConfiguration:NotebookInstanceLifecycleConfiguration"
JOB = "kubernetes:batch/v1:Job"

LIMITS: Mapping[str, str] = {
    TRAINING: "stoppingCondition.maxRuntimeInSeconds",
    TUNING: "trainingJobDefinition.stoppingCondition.maxRuntimeInSeconds",
    JOB: "spec.activeDeadlineSeconds",
    CRON_JOB: "spec.jobTemplate.spec.activeDeadlineSeconds",
    PYTORCH_JOB: "spec.runPolicy.activeDeadlineSeconds",
}
"""Input that ends a job after so many seconds."""

DAY = "expires-at"
"""Tag, or annotation of a node pool, with the day on which somebody decides anew: YYYY-MM-DD."""


@control(
    "COST-04",
    title="Expensive things have an end",
    kind="stack",
    severity="medium",
    types=(*LIMITS, NOTEBOOK, IDLE_STOP, *POOLS, TEMPLATE),
    subjects=(*LIMITS, NOTEBOOK, *POOLS),
    basis=(),
    refs=("design:own",),
)
def expensive_things_end(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A training job, of SageMaker or in the cluster (pods with one of {labels}), says after how many seconds it is
    ended, at most {maxHours} hours. A notebook instance names a lifecycle configuration of this stack, which stops it
    when idle, and bears expires-at, a day at most {days} days ahead. A pool of nodes with GPUs goes to zero nodes when
    nothing runs, or bears such a day too.
    """
    if one.type in LIMITS:
        if one.type in (TRAINING, TUNING) or _training(one, given):
            yield from _ended(one, LIMITS[one.type], given)
        else:
            yield skip("is not labelled as training")
    elif one.type == NOTEBOOK:
        yield from parts(_stopped(one, stack), _day(tags(one, stack).get(DAY, ABSENT), f"tags.{DAY}", given))
    elif not has_gpus(one, stack):
        yield skip("has no GPUs")
    elif one.type == NODE_POOL:
        yield from _empties(one, given)
    else:
        yield from _to_zero(one, stack, given)


def _training(one: Resource, given: Parameters) -> bool:
    wanted: Mapping[str, list[str]] = given.get("labels", {})
    own = literal(one.props, "metadata.labels", {})
    some = [own if isinstance(own, Mapping) else {}, *(pod_labels(one, pod) for pod in pods(one))]
    return one.type == PYTORCH_JOB or any(found.get(key) in wanted[key] for found in some for key in wanted)


def _ended(one: Resource, path: str, given: Parameters) -> Iterator[Problem]:
    most = given.get("maxHours", 24)
    seconds = number(one.props, path)
    if seconds is None:
        yield fail(path, "not set, so nobody ends it", f"set at most {most * 3600:.0f} seconds")
    elif not 0 < seconds <= most * 3600:
        yield fail(path, "longer than allowed", f"set at most {most * 3600:.0f} seconds, or raise COST-04.maxHours")


def _stopped(notebook: Resource, stack: Stack) -> Iterator[Problem]:
    path = "lifecycleConfigName"
    name = look(notebook.props, path)
    literally = [one for one in stack.of([IDLE_STOP]) if isinstance(name, str) and look(one.props, "name") == name]
    found = [*stack.referents(notebook, path, [IDLE_STOP]), *literally]
    fix = "name a NotebookInstanceLifecycleConfiguration of this stack whose onStart stops the notebook when idle"
    if not found and name is UNKNOWN:
        yield undetermined(path)
    elif not found:
        yield fail(path, "not set, so it runs until somebody stops it" if name is ABSENT else "not of this stack", fix)
    for one in found:
        if not present(one.props, "onStart"):
            yield fail("NotebookInstanceLifecycleConfiguration.onStart", "does nothing when the notebook starts", fix)


def _to_zero(pool: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    path = "scalingConfig.minSize"
    least = look(pool.props, path)
    if least is not UNKNOWN and as_number(least) == 0:
        return
    said = tags(pool, stack).get(DAY, ABSENT)
    if said is ABSENT and least is UNKNOWN:
        yield undetermined(path)
    elif said is ABSENT:
        yield fail(path, "nodes with GPUs run when nothing else does", f"set 0, or a day in the tag {DAY}")
    else:
        yield from _day(said, f"tags.{DAY}", given)


def _empties(pool: Resource, given: Parameters) -> Iterator[Problem]:
    """Karpenter takes away what is empty unless it is told never to (Karpenter documentation, "Disruption")."""
    path = "spec.disruption.consolidateAfter"
    wait = look(pool.props, path)
    if wait not in (UNKNOWN, "Never"):
        return
    said = look(literal(pool.props, "metadata.annotations", {}), DAY)
    if said is ABSENT and wait is UNKNOWN:
        yield undetermined(path)
    elif said is ABSENT:
        yield fail(path, "nodes with GPUs run when nothing else does", f"set a time, or a day in the annotation {DAY}")
    else:
        yield from _day(said, f"metadata.annotations.{DAY}", given)


def _day(said: object, path: str, given: Parameters) -> Iterator[Problem]:
    most, today = given.get("days", 30), given["today"]
    fix = f"set a day at most {most} days ahead, as YYYY-MM-DD"
    if said is UNKNOWN:
        yield undetermined(path)
        return
    try:
        day = datetime.date.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        day = None
    if day is None:
        yield fail(path, "no day" if said is ABSENT else "not a day", fix)
    elif day < today:
        yield fail(path, "the day is over", f"take it down, or {fix}")
    elif (day - today).days > most:
        yield fail(path, "too far ahead", fix)
