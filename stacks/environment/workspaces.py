"""Where teams work in the cluster, and what runs there for them."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from components.accelerators import GPU
from components.drift import DriftWatch, DriftWatchArgs
from components.pipeline import TrainingPipeline, TrainingPipelineArgs
from components.serving import PROGRAMS, ModelEndpoint, ModelEndpointArgs
from components.storage import dvc_prefix
from components.workspace import Workspace, WorkspaceArgs
from stacks import names
from stacks.environment.cluster import Compute
from stacks.environment.foundation import Foundation
from stacks.environment.queues import gpus_at_once
from stacks.environment.stores import Stores
from stacks.environment.tracking import TrackingServer
from stacks.file.vocabulary import repository_and_digest
from stacks.settings import Endpoint, Pipeline, Settings, Team

PODS = 500
"""Most pods of a team at once: enough for work of single CPUs, and no loop fills the cluster."""

WORK_GIB = 100
"""Disk of a run for repository, data and results."""

DEADLINE_HOURS = 24
RETRIES = 2

MODEL_GIB = 20
"""Disk for one version of a model."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What everything in a workspace stands on."""

    settings: Settings
    base: Foundation
    made: Stores
    compute: Compute
    tracking: TrackingServer | None

    @property
    def place(self) -> dict[str, Any]:
        """Arguments of everything that has parts in the cluster and in the account."""
        return {
            "cluster_name": self.settings.prefix,
            "cluster": self.compute.cluster.cluster_name,
            "account": self.settings.account,
            "region": self.settings.region,
            "permissions_boundary": self.base.permissions_boundary,
            "tags": self.settings.tags,
        }


@dataclass(frozen=True, kw_only=True)
class Workspaces:
    teams: dict[str, Workspace]
    pipelines: dict[str, TrainingPipeline]
    endpoints: dict[str, ModelEndpoint]
    watches: dict[str, DriftWatch]


def workspaces(ground: Ground) -> Workspaces:
    """Workspaces of all teams, with their pipelines, endpoints and watches for drift."""
    env = ground.settings.environment
    teams = {team.name: _workspace(ground, team) for team in env.teams}
    for name, made in teams.items():
        ground.compute.definitions.settle(name, made)
    pipelines = {one.name: _pipeline(ground, one) for one in env.pipelines}
    endpoints = {one.name: _endpoint(ground, one) for one in env.endpoints}
    watched = [one for one in env.endpoints if one.capture] if env.monitoring.drift else []
    watches = {one.name: _watch(ground, one, pipelines) for one in watched}
    return Workspaces(teams=teams, pipelines=pipelines, endpoints=endpoints, watches=watches)


def _workspace(ground: Ground, team: Team) -> Workspace:
    settings, base, compute = ground.settings, ground.base, ground.compute
    env = settings.environment
    assert env.cluster, "there is a workspace only in a cluster"
    return Workspace(
        f"{team.name}-workspace",
        WorkspaceArgs(
            team=team.name,
            prefix=settings.prefix,
            members=team.members,
            policy_arns={name: ground.made.datasets[name].team_policy_arns[team.name] for name in team.datasets},
            gpus={GPU: gpus_at_once(env, team.name)},
            cpus=team.cpu_quota,
            memory_gib=team.memory_quota_gib,
            pods=PODS,
            cluster_queue=compute.queues[team.name],
            tracking=ground.tracking.namespace if ground.tracking else None,
            calls={one.name: one.team for one in env.endpoints if team.name in one.callers},
            cidr=settings.cidr,
            s3_cidrs=base.s3_cidrs,
            kubernetes_version=env.cluster.version,
            **ground.place,
        ),
        compute.inside,
    )


def _pipeline(ground: Ground, wanted: Pipeline) -> TrainingPipeline:
    settings = ground.settings
    team = next(team for team in settings.environment.teams if team.name == wanted.team)
    dataset = wanted.dataset or team.datasets[0]
    repository, digest = repository_and_digest(wanted.image)
    return TrainingPipeline(
        f"{wanted.name}-pipeline",
        TrainingPipelineArgs(
            pipeline=wanted.name,
            team=wanted.team,
            namespace=wanted.team,
            git_url=wanted.repository,
            revision=wanted.revision,
            image_repository=f"{settings.prefix}/{repository}",
            image_digest=digest,
            stages=wanted.stages,
            schedule=wanted.schedule,
            dvc_remote=f"s3://{settings.dataset_bucket(dataset)}/{dvc_prefix(wanted.team)}",
            tracking_url=ground.tracking.uri if ground.tracking else None,
            script=program("run_pipeline.py"),
            pool=wanted.pool,
            gpus=wanted.gpus,
            cpus=wanted.cpus,
            memory_gib=wanted.memory_gib,
            work_gib=WORK_GIB,
            deadline_hours=DEADLINE_HOURS,
            retries=RETRIES,
            account=settings.account,
            region=settings.region,
        ),
        ground.compute.inside,
    )


def _endpoint(ground: Ground, wanted: Endpoint) -> ModelEndpoint:
    settings, base, compute, tracking = ground.settings, ground.base, ground.compute, ground.tracking
    env = settings.environment
    assert tracking, "the settings refuse endpoints without tracking"
    repository, digest = repository_and_digest(wanted.image)
    return ModelEndpoint(
        f"{wanted.name}-endpoint",
        ModelEndpointArgs(
            endpoint=wanted.name,
            prefix=settings.prefix,
            team=wanted.team,
            namespace=wanted.team,
            model=wanted.model,
            alias=wanted.alias,
            canary_alias=wanted.canary_alias,
            canary_percent=wanted.canary_percent,
            runtime=wanted.runtime,
            image_repository=f"{settings.prefix}/{repository}",
            image_digest=digest,
            replicas_min=wanted.replicas.min,
            replicas_max=wanted.replicas.max,
            pool=wanted.pool,
            gpus=wanted.gpus,
            cpus=wanted.cpus,
            memory_gib=wanted.memory_gib,
            model_gib=MODEL_GIB,
            callers=[wanted.team, *wanted.callers],
            tracking=tracking.namespace,
            tracking_url=tracking.uri,
            artifact_bucket=settings.bucket("artifacts"),
            artifact_prefix=f"models/{wanted.team}",
            kms_aliases=[base.keys.aliases[env.artifacts.data_class]],
            captured=_captured(settings, wanted),
            capture_percent=wanted.capture.percent if wanted.capture else None,
            capture_kms_aliases=[base.keys.aliases[names.capture_key(wanted.name)]] if wanted.capture else [],
            cidr=settings.cidr,
            s3_cidrs=base.s3_cidrs,
            purpose=wanted.purpose,
            training_purposes=_training_purposes(settings, wanted),
            decision=wanted.decision.marks if wanted.decision else {},
            scripts={name: program(name) for name in PROGRAMS},
            **ground.place,
        ),
        compute.inside,
    )


def _training_purposes(settings: Settings, wanted: Endpoint) -> list[str]:
    """Purposes of the data that the team trains on; data without any, which is of nobody, may serve the endpoint's."""
    opened = next((team.datasets for team in settings.environment.teams if team.name == wanted.team), ())
    bound = [one.purpose for one in settings.environment.datasets if one.name in opened and one.purpose]
    return list(dict.fromkeys(bound)) or ([wanted.purpose] if wanted.purpose else [])


def _watch(ground: Ground, wanted: Endpoint, pipelines: dict[str, TrainingPipeline]) -> DriftWatch:
    settings, base, compute = ground.settings, ground.base, ground.compute
    env = settings.environment
    drift, captured = env.monitoring.drift, _captured(settings, wanted)
    assert drift, "a watch is made where drift is watched"
    assert captured, "a watch is made for what is captured"
    repository, digest = repository_and_digest(drift.image)
    retrained = pipelines[wanted.retrain] if wanted.retrain else None
    return DriftWatch(
        f"{wanted.name}-drift",
        DriftWatchArgs(
            endpoint=wanted.name,
            prefix=settings.prefix,
            team=wanted.team,
            namespace=wanted.team,
            schedule=drift.schedule,
            threshold=drift.threshold,
            image_repository=f"{settings.prefix}/{repository}",
            image_digest=digest,
            captured=captured,
            reference=f"{settings.bucket('artifacts')}/reference/{wanted.name}",
            kms_aliases=[base.keys.aliases[one] for one in (names.capture_key(wanted.name), env.artifacts.data_class)],
            retrain=retrained.on_demand if retrained else None,
            retrain_pod=retrained.pod if retrained else {},
            scripts={name: program(name) for name in ("aws_requests.py", "watch_drift.py")},
            pool=None,
            cpus=1,
            memory_gib=4,
            cidr=settings.cidr,
            alarm_topic_arn=base.alerts.arn,
            **ground.place,
        ),
        compute.inside,
    )


def _captured(settings: Settings, endpoint: Endpoint) -> str | None:
    return f"{settings.capture_bucket(endpoint.name)}/{endpoint.name}" if endpoint.capture else None


def program(name: str) -> str:
    """Text of a program that runs in the cluster."""
    return files("lifecycle").joinpath(name).read_text(encoding="utf-8")
