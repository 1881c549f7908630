"""Rules between what endpoints keep, what watches it, what is trained anew, and on which data."""

from collections.abc import Iterator
from typing import Any

from stacks.reading.problems import Problem, nearest, shown
from stacks.reading.sound import ENVIRONMENT, Unsound, are, entries


def something_to_watch(name: Any, config: Any) -> Iterator[Problem]:
    """Drift is measured in what an endpoint keeps of its requests."""
    endpoints, drift = config.environment.endpoints, config.environment.monitoring.drift
    if not drift or not endpoints or isinstance(endpoints, Unsound):
        return
    # A capture that is wrong itself is still one.
    if all(endpoint.capture is None for _, endpoint in entries(config, "endpoints")):
        wrong = "stands there while no endpoint keeps what it is asked"
        fix = "add capture to an endpoint under endpoints, or remove drift"
        at = (ENVIRONMENT, "monitoring", "drift")
        yield Problem(at, wrong, "a mapping", "only with an endpoint that has capture", fix)


def retraining(name: Any, config: Any) -> Iterator[Problem]:
    """What is run when requests drift is a pipeline of the endpoint's team, and somebody has to see the drift."""
    pipelines = [one for _, one in entries(config, "pipelines")]
    known = not isinstance(config.environment.pipelines, Unsound) and all(are(str, p.name, p.team) for p in pipelines)
    teams = [team.name for _, team in entries(config, "teams") if are(str, team.name)]
    for at, endpoint in entries(config, "endpoints"):
        here, wanted = (*at, "retrain"), endpoint.retrain
        if not are(str, wanted):
            continue
        for needed, there in (("capture", endpoint.capture), ("monitoring.drift", config.environment.monitoring.drift)):
            if there is None:
                wrong = f"stands there without {needed}: nobody would see that requests drift"
                yield Problem(here, wrong, shown(wanted), f"only with {needed}", f"add {needed}, or remove retrain")
        # A team that there is not is told of itself.
        if not known or endpoint.team not in teams:
            continue
        own = [one.name for one in pipelines if one.team == endpoint.team]
        owners = [one.team for one in pipelines if one.name == wanted]
        allowed = ", ".join(own) if own else f"nothing: team {endpoint.team} has no pipeline"
        near = nearest(wanted, own)
        fix = f"write {near}" if near else "declare it under pipelines for that team, or remove retrain"
        if not owners:
            yield Problem(here, "is no pipeline of this environment", shown(wanted), allowed, fix)
        elif endpoint.team not in owners and owners[0] in teams:
            wrong = f"is a pipeline of team {owners[0]}, not of {endpoint.team}"
            yield Problem(here, wrong, shown(wanted), allowed, fix)


def data_of_pipelines(name: Any, config: Any) -> Iterator[Problem]:
    """A pipeline keeps its data and results in a data set that its team opens."""
    teams = {team.name: team for _, team in entries(config, "teams") if are(str, team.name)}
    for at, pipeline in entries(config, "pipelines"):
        team = teams.get(pipeline.team) if are(str, pipeline.team) else None
        if team is None or isinstance(team.datasets, Unsound) or not are(str, *team.datasets):
            continue
        wanted, own = pipeline.dataset, list(team.datasets)
        if not own:
            wrong = f"is of a team without data sets: {team.name} has nowhere for a pipeline's data and results"
            fix = f"add datasets to team {team.name}, or give the pipeline to a team that has some"
            yield Problem((*at, "team"), wrong, shown(pipeline.team), "a team with datasets", fix)
        elif are(str, wanted) and wanted not in own:
            near = nearest(wanted, own)
            fix = f"write {near}" if near else f"write {own[0]}, or add {wanted} to the data sets of the team"
            wrong = f"is no data set of team {team.name}"
            yield Problem((*at, "dataset"), wrong, shown(wanted), ", ".join(own), fix)


RULES = (something_to_watch, retraining, data_of_pipelines)
