"""What is allowed in an environment and yet may surprise whoever deploys it."""

from stacks.file.environment import Environment


def notes(environment: Environment) -> tuple[str, ...]:
    """One sentence each; none where nothing surprises."""
    return tuple(_lonely(environment))


def _lonely(environment: Environment) -> list[str]:
    """A pool that only pods of hand-written manifests can use."""
    named = {workload.pool for workload in (*environment.pipelines, *environment.endpoints)}
    return [
        f"pools: nothing in this file runs in {pool.name} ({pool.purpose}); it costs nothing while no pod asks for it."
        for pool in environment.pools
        if pool.purpose == "serving" and pool.name not in named
    ]
