"""Objects whose kind somebody has to define first."""

import pulumi
import pulumi_kubernetes as kubernetes

from components.chart import Chart, ChartArgs, Documents
from components.kubernetes_object import KubernetesObject
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
    definitions.define(["example.com", NAMESPACE], chart)
    KubernetesObject("fruit", FRUIT)
    KubernetesObject("settings", SETTINGS)
    kubernetes.core.v1.Namespace("team", metadata={"name": "team"})
    Chart("grove", ChartArgs(documents=Documents([]), namespace="grove", namespace_labels={}))


def before():
    return {r.name: {urn.rpartition("::")[2] for urn in r.depends_on} for r in deploy(program)}


def test_an_object_waits_for_everything_of_the_chart_that_defines_its_kind():
    assert {"orchard-deployment-orchard-server", "orchard-namespace-orchard"} <= before()["fruit"]


def test_a_teams_namespace_is_gone_before_what_ends_the_work_in_it():
    assert {"orchard-deployment-orchard-server", "orchard-namespace-orchard"} <= before()["team"]


def test_another_charts_namespace_waits_for_nothing():
    assert before()["grove-namespace-grove"] == set()


def test_an_object_of_another_group_waits_for_nothing():
    assert before()["settings"] == set()


def test_the_charts_own_objects_do_not_wait_for_their_chart():
    assert before()["orchard-fruit-orchard-pear"] == {"orchard-namespace-orchard"}
