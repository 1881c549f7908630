"""What holds for every component there is."""

import importlib
import pkgutil
from dataclasses import fields

import pulumi
import pytest

import components
from policies.tags import taggable
from tests.unit.components.instances import INSTANCES, changed
from tests.unit.deploy import deploy

FIELDS = [(i, f.name) for i in INSTANCES for f in fields(i.args)]


def test_every_component_has_an_instance_here():
    modules = [importlib.import_module(f"components.{m.name}") for m in pkgutil.iter_modules(components.__path__)]
    there = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, pulumi.ComponentResource)
        and value is not pulumi.ComponentResource
    }
    assert there == {i.component for i in INSTANCES}


@pytest.mark.parametrize(
    ("instance", "field"),
    FIELDS,
    ids=lambda v: getattr(v, "component", v) if isinstance(v, str) else v.component.__name__,
)
def test_every_setting_changes_a_resource(instance, field):
    def made(args):
        return {(r.type, r.name): (r.inputs, r.protect) for r in deploy(lambda: instance.component("x", args))}

    assert made(changed(instance, field)) != made(instance.args)


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.component.__name__)
def test_two_instances_live_in_one_stack(instance):
    one = len(deploy(lambda: instance.component("one", instance.args)))
    two = len(deploy(lambda: [instance.component(n, instance.args) for n in ("one", "two")]))

    assert two == 2 * one > 0


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.component.__name__)
def test_every_taggable_resource_bears_the_tags(instance):
    made = deploy(lambda: instance.component("x", instance.args))

    for resource in made:
        if resource.type in taggable():
            assert instance.args.tags.items() <= resource.inputs.get("tags", {}).items(), resource.name
