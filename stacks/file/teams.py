"""The model of the key `teams`."""

from typing import Annotated

from pydantic import Field, StringConstraints

from stacks.file.vocabulary import Allowed, Name, Part, RoleArn

GroupName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._@/-]{0,62})$"),
    Allowed("a group of Kubernetes: up to 63 letters, digits and any of . _ @ / -, never one of the system: groups"),
]


class Team(Part):
    """People who work together, the data that they may open, and what they may use of the cluster."""

    name: Name
    """Unique in the environment; with `cluster` the name of the team's namespace and of its group."""

    datasets: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """Data sets of this environment that the team works on, each under a prefix of its own."""

    roles: Annotated[tuple[RoleArn, ...], Field(strict=False, max_length=20)] = ()
    """IAM roles of this account through which the team's people work in the cluster: they may change what is in the
    namespace that has the team's name. Needs `cluster`."""

    members: Annotated[tuple[GroupName, ...], Field(strict=False, max_length=20)] = ()
    """Groups of Kubernetes that may do the same, beside the group that has the team's name. Needs `cluster`."""

    gpu_quota: Annotated[int, Field(ge=0, le=4096)] = 0
    """GPUs that the team's training is sure of. Needs `pools`."""

    borrow: bool = True
    """Whether the team may use what other teams leave idle, and gives it back when they ask. Without it nobody lends
    to the team nor waits for it: its `gpuQuota` is all it gets."""

    cpu_quota: Annotated[int, Field(ge=1, le=100_000)] = 32
    """vCPUs that everything in the team's namespace may ask for together."""

    memory_quota_gib: Annotated[int, Field(ge=1, le=1_000_000)] = 128
    """Memory that everything in the team's namespace may ask for together."""
