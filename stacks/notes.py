"""What is allowed in an environment and yet may surprise whoever deploys it."""

from stacks.file.environment import Environment
from stacks.file.network import ExistingNetwork
from stacks.instances import served_by


def notes(environment: Environment) -> tuple[str, ...]:
    """One sentence each; none where nothing surprises."""
    return (*_lonely(environment), *_of_groups(environment), *_locked_out(environment))


def _lonely(environment: Environment) -> list[str]:
    """A pool that only pods of hand-written manifests can use."""
    named = {workload.pool for workload in (*environment.pipelines, *environment.endpoints)}
    return [
        f"pools: nothing in this file runs in {pool.name} ({pool.purpose}); it costs nothing while no pod asks for it."
        for pool in environment.pools
        if pool.purpose == "serving" and pool.name not in named
    ]


def _of_groups(environment: Environment) -> list[str]:
    """What a managed node group cannot be told."""
    groups = [pool for pool in environment.pools if served_by(pool) == "node-group"]
    said = [
        f"pools: maxAgeHours has no effect on {pool.name}: nodes of managed groups are replaced when their image is."
        for pool in groups
        if "max_age_hours" in pool.model_fields_set
    ]
    if isinstance(environment.network, ExistingNetwork):
        said += [
            f"pools: zone has no effect on {pool.name} in a network that was there before: its nodes come in all "
            "subnets that the file names."
            for pool in groups
            if pool.zone
        ]
    return said


def _locked_out(environment: Environment) -> list[str]:
    """A cluster that lets nobody in: it does not let its maker in for having made it."""
    cluster = environment.cluster
    if cluster is None or cluster.administrators or environment.delivery:
        return []
    return [
        "cluster: nobody is named under administrators and there is no delivery, so in an account nobody is let in, "
        "not even whoever runs this; name the role that you work with."
    ]
