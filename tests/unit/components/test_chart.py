"""What charts promise."""

import pulumi
import pytest

from components.chart import Chart, ChartArgs, Documents, ordinary
from components.kubernetes_object import FORCE
from seedbed.rehearsal import rehearse
from tests.unit.deploy import deploy


def thing(kind, name="one", api="v1", **others):
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **others}


def definition(kind, scope):
    spec = {"names": {"kind": kind}, "scope": scope, "versions": []}
    return thing("CustomResourceDefinition", f"{kind.lower()}s.example.com", "apiextensions.k8s.io/v1", spec=spec)


WEBHOOK = thing("ValidatingWebhookConfiguration", "check", "admissionregistration.k8s.io/v1", webhooks=[])
SERVER = thing("Deployment", "server", "apps/v1", spec={})
FRUIT = thing("Fruit", "apple", "example.com/v1", spec={})


def made(*documents):
    args = ChartArgs(documents=Documents(documents), namespace="orchard", namespace_labels={"a": "b"})
    return {r.name.removeprefix("c-"): r for r in deploy(lambda: Chart("c", args))}


def before(made, name):
    return {urn.rpartition("::c-")[2] for urn in made[name].depends_on}


def test_every_object_is_a_resource_of_its_ordinary_type_with_all_its_fields():
    role = thing("Role", "reader", "rbac.authorization.k8s.io/v1", rules=[{"verbs": ["get"]}])
    there = made(role)["role-orchard-reader"]
    assert there.type == "kubernetes:rbac.authorization.k8s.io/v1:Role"
    assert there.inputs == {**role, "metadata": {"name": "reader", "namespace": "orchard"}}


def test_a_program_finds_its_webhooks_there_and_is_there_before_it_is_asked():
    there = made(WEBHOOK, FRUIT, SERVER, definition("Fruit", "Namespaced"))
    assert before(there, "customresourcedefinition-fruits.example.com") == set()
    assert before(there, "validatingwebhookconfiguration-check") == {"namespace-orchard"}
    assert before(there, "deployment-orchard-server") == {
        "customresourcedefinition-fruits.example.com",
        "namespace-orchard",
        "validatingwebhookconfiguration-check",
    }
    assert before(there, "fruit-orchard-apple") == {"deployment-orchard-server"}


@pytest.mark.parametrize(
    ("documents", "last"),
    [
        ((FRUIT, SERVER, definition("Fruit", "Namespaced")), ["deployment-orchard-server", "fruit-orchard-apple"]),
        ((WEBHOOK, SERVER), ["deployment-orchard-server"]),
        ((WEBHOOK,), ["namespace-orchard", "validatingwebhookconfiguration-check"]),
    ],
)
def test_who_waits_for_the_last_waits_for_all_of_it(documents, last):
    made_last = []
    args = ChartArgs(documents=Documents(documents), namespace="orchard", namespace_labels={})
    there = {r.urn: r for r in deploy(lambda: made_last.extend(Chart("c", args).last))}
    reached, queue = set(), [urn for urn in there if urn.rpartition("::c-")[2] in last]
    assert len(queue) == len(made_last) == len(last)
    while queue:
        urn = queue.pop()
        reached.add(urn)
        queue += [one for one in there[urn].depends_on if one not in reached]
    assert reached == {urn for urn, made in there.items() if made.type.startswith("kubernetes:")}


def test_the_namespace_is_made_with_its_labels_once():
    there = made(thing("Namespace", "orchard"), SERVER)
    assert there["namespace-orchard"].inputs["metadata"] == {"name": "orchard", "labels": {"a": "b"}}
    assert set(there) == {"namespace-orchard", "deployment-orchard-server"}


def test_hooks_and_tests_are_left_out():
    hook = {**thing("Job", "before"), "metadata": {"name": "before", "annotations": {"helm.sh/hook": "pre-install"}}}
    assert set(made(hook)) == {"namespace-orchard"}


def test_an_object_of_the_whole_cluster_has_no_namespace_and_others_have_the_charts():
    stray = {**thing("ClusterRole", "reader"), "metadata": {"name": "reader", "namespace": "orchard"}}
    other = {**thing("Secret", "key"), "metadata": {"name": "key", "namespace": "elsewhere"}}
    placed = ordinary([stray, other, SERVER, thing("Tree", "t"), definition("Tree", "Cluster")], "orchard")
    assert {d["kind"]: d["metadata"].get("namespace") for d in placed} == {
        "ClusterRole": None,
        "Secret": "elsewhere",
        "Deployment": "orchard",
        "Tree": None,
        "CustomResourceDefinition": None,
    }


def test_what_a_server_fills_in_is_not_declared():
    empty = {**SERVER, "status": {}, "metadata": {"name": "server", "creationTimestamp": None}}
    (placed,) = ordinary([empty], "orchard")
    assert placed == {**SERVER, "metadata": {"name": "server", "namespace": "orchard"}}


def test_names_depend_on_the_objects_alone():
    assert set(made(SERVER, WEBHOOK)) == set(made(WEBHOOK, SERVER))


def test_an_object_that_is_there_twice_is_named():
    with pytest.raises(ValueError, match="namespace orchard has more than one deployment-orchard-server"):
        ordinary([SERVER, SERVER], "orchard")


def test_what_is_no_object_is_shown_with_its_place():
    with pytest.raises(ValueError, match=r"document 2 of the chart for namespace orchard: found \{'kind': 'Secret'\}"):
        ordinary([SERVER, {"kind": "Secret"}], "orchard")


def test_the_component_is_registered_by_the_hash_of_its_objects():
    assert Documents([SERVER]).digest == Documents([dict(SERVER)]).digest != Documents([FRUIT]).digest


def test_a_preview_asks_no_webhook_about_the_charts_own_objects_before_its_program_is_there():
    documents = Documents([FRUIT, SERVER, definition("Fruit", "Namespaced")])
    args = ChartArgs(documents=documents, namespace="orchard", namespace_labels={})
    made = [r for r in rehearse(lambda: Chart("c", args)).resources if r.custom]
    said = {r.name: r.inputs["metadata"].get("annotations") for r in made}
    assert isinstance(said.pop("c-fruit-orchard-apple")[FORCE], pulumi.output.Unknown)
    assert set(said.values()) == {None}
