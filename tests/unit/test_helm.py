"""Charts rendered where the program runs."""

import json
from dataclasses import replace

import pytest
import yaml

from stacks.helm import ChartError, Release, rendered, without_descriptions

RELEASE = Release(
    chart="hello",
    version="v1.2.0",
    repository="oci://registry.example.com/charts/hello",
    namespace="greetings",
    kubernetes="1.34",
    values={"to": "all"},
)
PRINTED = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: hello}
data: {since: 2026-11-23}
---
# nothing here
---
apiVersion: batch/v1
kind: Job
metadata: {name: test, annotations: {helm.sh/hook: test}}
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with a helm that prints PRINTED and writes down how it was called."""
    for name in ("SEEDBED_CHARTS", "SEEDBED_HELM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SEEDBED_CACHE", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "printed.yaml").write_text(PRINTED)
    helm(tmp_path, 'echo "$@" >> calls; cat > told; cat printed.yaml')
    return tmp_path


def helm(machine, script):
    program = machine / "bin" / "helm"
    program.write_text(f"#!/bin/sh\ncd {machine}\n{script}\n")
    program.chmod(0o755)


def calls(machine):
    return (machine / "calls").read_text().splitlines()


def chart(machine, version="1.2.0"):
    folder = machine / "charts" / "hello"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Chart.yaml").write_text(yaml.safe_dump({"name": "hello", "version": version}))
    return folder


def test_a_chart_gives_its_objects_without_hooks_and_tests(machine):
    assert rendered(RELEASE) == [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "hello"}, "data": {"since": "2026-11-23"}}
    ]


def test_a_chart_comes_from_its_repository_at_the_pinned_version(machine):
    rendered(RELEASE)
    (call,) = calls(machine)
    assert call.startswith("template hello oci://registry.example.com/charts/hello --version v1.2.0 ")
    assert "--namespace greetings" in call
    assert "--kube-version 1.34.0" in call
    assert json.loads((machine / "told").read_text()) == {"to": "all"}


def test_a_chart_of_a_repository_with_an_index_is_asked_for_by_name(machine):
    rendered(replace(RELEASE, repository="https://charts.example.com"))
    assert "template hello hello --repo https://charts.example.com --version v1.2.0" in calls(machine)[0]


def test_a_chart_that_is_unpacked_here_needs_no_repository(machine, monkeypatch):
    folder = chart(machine)
    monkeypatch.setenv("SEEDBED_CHARTS", str(machine / "charts"))
    rendered(RELEASE)
    assert calls(machine)[0].startswith(f"template hello {folder} --namespace")


def test_the_same_release_is_rendered_once(machine):
    assert rendered(RELEASE) == rendered(RELEASE)
    assert len(calls(machine)) == 1


@pytest.mark.parametrize(
    "change",
    [{"values": {"to": "one"}}, {"version": "v1.3.0"}, {"namespace": "other"}, {"kubernetes": "1.33"}],
    ids=str,
)
def test_another_release_is_rendered_anew(machine, change):
    rendered(RELEASE)
    rendered(replace(RELEASE, **change))
    assert len(calls(machine)) == 2


def test_a_changed_chart_is_rendered_anew(machine, monkeypatch):
    monkeypatch.setenv("SEEDBED_CHARTS", str(machine / "charts"))
    folder = chart(machine)
    rendered(RELEASE)
    (folder / "values.yaml").write_text("to: none\n")
    rendered(RELEASE)
    assert len(calls(machine)) == 2


def test_half_a_file_in_the_cache_is_no_chart(machine):
    rendered(RELEASE)
    (kept,) = (machine / "cache" / "charts").iterdir()
    kept.write_text('[{"apiVer')
    assert rendered(RELEASE)[0]["kind"] == "ConfigMap"


def test_without_helm_the_error_says_where_one_comes_from(machine):
    (machine / "bin" / "helm").unlink()
    with pytest.raises(ChartError, match=r"none on PATH.*`make up` builds one.*SEEDBED_HELM"):
        rendered(RELEASE)


def test_a_helm_that_is_named_goes_before_that_on_path(machine, monkeypatch):
    monkeypatch.setenv("SEEDBED_HELM", str(machine / "nowhere" / "helm"))
    with pytest.raises(ChartError, match="nowhere/helm: helm does not start"):
        rendered(RELEASE)


def test_another_version_than_the_catalogue_has_is_refused(machine, monkeypatch):
    chart(machine, version="1.1.0")
    monkeypatch.setenv("SEEDBED_CHARTS", str(machine / "charts"))
    with pytest.raises(ChartError, match=r"found hello 1\.1\.0; versions\.yaml has v1\.2\.0"):
        rendered(RELEASE)


def test_a_chart_that_is_missing_among_those_here_is_named(machine, monkeypatch):
    monkeypatch.setenv("SEEDBED_CHARTS", str(machine))
    with pytest.raises(ChartError, match=r"hello: no chart there .*unset the variable"):
        rendered(RELEASE)


def test_what_helm_says_of_a_bad_chart_is_passed_on(machine):
    helm(machine, 'echo "Error: values do not meet the schema" >&2; exit 1')
    with pytest.raises(ChartError, match=r"hello v1\.2\.0 from oci://.*ended with 1: Error: values do not meet"):
        rendered(RELEASE)


def test_a_definition_loses_its_prose_and_no_field():
    prose = {"type": "object", "description": "What it is", "default": {"description": "kept"}}
    schema = {**prose, "properties": {"description": prose, "items": {"type": "array", "items": prose}}}
    definition = {
        "kind": "CustomResourceDefinition",
        "spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]},
    }
    slim = {"type": "object", "default": {"description": "kept"}}
    (version,) = without_descriptions(definition)["spec"]["versions"]
    assert version["schema"]["openAPIV3Schema"] == {
        **slim,
        "properties": {"description": slim, "items": {"type": "array", "items": slim}},
    }


def test_only_definitions_are_touched():
    priority = {"apiVersion": "v1", "kind": "PriorityClass", "metadata": {"name": "a"}, "description": "kept"}
    assert without_descriptions(priority) == priority
