"""Objects whose kind somebody has to define first."""

import pulumi
import pulumi_kubernetes as kubernetes

from components.chart import Chart, ChartArgs, Documents
from components.kubernetes_object import FORCE, KubernetesObject
from seedbed.rehearsal import rehearse
from stacks.environment.definitions import NAMESPACE, Definitions
from tests.unit.deploy import deploy

FRUIT = {"apiVersion": "example.com/v1", "kind": "Fruit", "metadata": {"name": "apple"}}
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
SERVER = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "server"}}
ITS_OWN = {**FRUIT, "metadata": {"name": "pear"}}


def program():
    definitions = Definitions()
    pulumi.runtime.register_stack_transformation(definitions.waiting)
    chart = Chart(
        "orchard",
        ChartArgs(documents=Documents([SERVER, ITS_OWN]), namespace="orchard", namespace_labels={}),
    )
    definitions.define(["example.com", NAMESPACE], *chart.last)
    KubernetesObject("fruit", FRUIT)
    KubernetesObject("settings", SETTINGS)
    kubernetes.core.v1.Namespace("team", metadata={"name": "team"})
    Chart("grove", ChartArgs(documents=Documents([]), namespace="grove", namespace_labels={}))


def before():
    return {r.name: {urn.rpartition("::")[2] for urn in r.depends_on} for r in deploy(program)}


def test_an_object_waits_for_the_program_of_the_chart_that_defines_its_kind():
    assert before()["fruit"] == {"orchard-deployment-orchard-server"}


def test_a_teams_namespace_is_gone_before_what_ends_the_work_in_it():
    assert before()["team"] == {"orchard-deployment-orchard-server"}


def test_another_charts_namespace_waits_for_nothing():
    assert before()["grove-namespace-grove"] == set()


def test_an_object_of_another_group_waits_for_nothing():
    assert before()["settings"] == set()


def test_the_charts_own_objects_do_not_wait_for_their_chart():
    assert before()["orchard-fruit-orchard-pear"] == {"orchard-namespace-orchard"}


def test_a_preview_asks_nobody_about_an_object_whose_program_is_not_there_yet():
    inputs = {r.name: r.inputs["metadata"] for r in rehearse(program).resources if r.custom}
    assert isinstance(inputs["fruit"]["annotations"][FORCE], pulumi.output.Unknown)
    assert "annotations" not in inputs["settings"]


def test_once_the_program_is_there_the_object_is_known_whole():
    inputs = {r.name: r.inputs["metadata"] for r in deploy(program)}
    assert inputs["fruit"] == {"name": "apple", "annotations": {FORCE: "true"}}
