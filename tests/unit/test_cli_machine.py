"""What the machine gives to a command: an engine, and a local cloud whose clusters run."""

import io
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import engine
from localcloud import Running, Stopped
from seedbed import machine
from seedbed.machine import charts_at_hand, open_offline, open_workspace, start_cloud
from seedbed.steps import Steps
from stacks import helm
from tests.unit.clone import clone, engine_of, shipped

PAPER = Running("http://127.0.0.1:4566", "000000000000", 1, datetime.now(UTC), Path("log"))
STEPS = Steps(Console(quiet=True))


class Cloud:
    """A local cloud that only says what it was told."""

    def __init__(self, there: Any = None) -> None:
        self.there = there or Stopped()
        self.said: list[str] = []

    def __call__(self, state: Path, **given: Any) -> "Cloud":
        self.given = given
        return self

    def status(self) -> Any:
        return self.there

    def start(self, report: Any) -> Running:
        self.said.append("start")
        return replace(PAPER, programs="programs" in self.given)

    def stop(self, report: Any) -> None:
        self.said.append("stop")


@pytest.fixture
def asked() -> list[bool]:
    """Whether the programs of a cluster were wanted, each time that an engine was."""
    return []


@pytest.fixture
def built(tmp_path, monkeypatch, asked):
    """An engine with everything."""
    bare = engine_of("exit 0", tmp_path / "bin")
    full = replace(bare, helm=tmp_path / "helm", charts=tmp_path / "charts", cluster=tmp_path / "cluster")

    def ensure(report: Any, tick: Any, cluster: bool = True) -> Any:
        asked.append(cluster)
        return full if cluster else bare

    monkeypatch.setattr(engine, "ensure", ensure)
    monkeypatch.setattr(engine, "find", lambda: full)
    return full


@pytest.fixture
def cloud(monkeypatch):
    made = Cloud()
    monkeypatch.setattr(machine, "LocalCloud", made)
    return made


def test_the_programs_of_a_cluster_are_wanted_for_one_on_this_machine_alone(tmp_path, asked, built, cloud):
    without = shipped("local")
    for key in ("cluster", "pools", "pipelines", "endpoints", "tracking"):
        without["seedbed:environment"].pop(key, None)
    for team in without["seedbed:environment"]["teams"]:
        for key in ("members", "gpuQuota", "borrow", "cpuQuota", "memoryQuotaGib"):
            team.pop(key, None)
    without["seedbed:environment"]["monitoring"].pop("drift", None)
    checkout = clone(tmp_path / "clone", bare=without)
    for name in ("local", "dev", "bare"):
        open_workspace(checkout, checkout.settings(name), STEPS)
    assert asked == [True, False, False]


def test_a_local_cloud_gets_programs_charts_and_the_table_of_instance_types(tmp_path, built, cloud):
    checkout = clone(tmp_path / "clone")
    workspace = open_workspace(checkout, checkout.settings("local"), STEPS)
    table = checkout.root / "stacks" / "instances.yaml"
    assert cloud.given == {"programs": built.cluster, "charts": built.charts, "instances": table}
    assert cloud.said == ["start"]
    variables = workspace.variables()
    assert (variables[helm.HELM], variables[helm.CHARTS]) == (str(built.helm), str(built.charts))


def test_a_local_cloud_that_runs_without_programs_is_started_anew_with_them_and_one_with_them_is_not(
    tmp_path, built, cloud
):
    checkout, screen = clone(tmp_path / "clone"), io.StringIO()
    cloud.there = PAPER
    start_cloud(checkout, Steps(Console(file=screen, width=200)), built)
    assert cloud.said == ["stop", "start"]
    assert "started anew, so that its clusters run" in screen.getvalue()
    cloud.there, cloud.said = replace(PAPER, programs=True), []
    start_cloud(checkout, STEPS, built)
    assert cloud.said == ["start"]


def test_a_preview_without_a_cloud_needs_no_program_of_a_cluster(tmp_path, asked, built):
    checkout = clone(tmp_path / "clone")
    with open_offline(checkout, checkout.settings("local"), STEPS) as workspace:
        assert workspace.running is not None
        assert not workspace.running.programs
    assert asked == [False]


def test_a_program_in_this_process_finds_the_built_charts_unless_a_person_named_others(built, monkeypatch):
    for name in (helm.CHARTS, helm.HELM):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(helm.HELM, "mine")
    with charts_at_hand():
        assert (os.environ[helm.CHARTS], os.environ[helm.HELM]) == (str(built.charts), "mine")
    assert helm.CHARTS not in os.environ
    assert os.environ[helm.HELM] == "mine"
