"""The models of the keys `monitoring` and `budget`."""

from typing import Annotated, Any

from pydantic import Field

from stacks.file.schedule import Schedule
from stacks.file.vocabulary import Email, ImageDigest, Part


class Drift(Part):
    """The jobs that compare what endpoints are asked with what their models were trained on."""

    schedule: Schedule
    """When they compare."""

    threshold: Annotated[float, Field(gt=0, lt=1)]
    """Distance of the distributions from which they raise an alarm, between 0 (the same) and 1."""

    image: ImageDigest
    """What they run in, by digest, in a repository of this environment's registry."""


class Monitoring(Part):
    """Who hears of alarms, and what is watched inside the cluster."""

    notify: Email | None = None
    """Address that alarms and budget alerts go to. Default: the owner. Findings about people's data go to the
    controller's contact instead."""

    drift: Drift | None = None
    """The watch for data that drifts; without the key nothing is watched. Needs `cluster` and an endpoint
    with `capture`: each of these is watched."""


def _tenth_of_the_month(given: dict[str, Any]) -> int:
    return max(1, given["monthly_usd"] // 10)


class Budget(Part):
    """What the environment may cost."""

    monthly_usd: Annotated[int, Field(ge=1, le=100_000_000)]
    """US dollars a month; alerts come at 80 % and 100 % of what was spent and at 100 % of the forecast. Nothing is
    switched off."""

    anomaly_usd: Annotated[int, Field(ge=1, le=100_000_000)] = Field(default_factory=_tenth_of_the_month)
    """US dollars above what is usual from which an anomaly is told; less than `monthlyUsd`. Default: a tenth of
    `monthlyUsd`, at least 1."""
