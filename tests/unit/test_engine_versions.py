"""The catalogue of versions and what the engine builds say the same."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from engine import programs, unpack
from stacks import versions

ROOT = Path(__file__).parents[2]
CATALOGUE = versions.catalogue()
BEHIND = {
    "pulumi-resource-aws": f"v{programs.AWS_VERSION}",
    "pulumi-resource-kubernetes": f"v{programs.KUBERNETES_PROVIDER_VERSION}",
    "pulumi-language-python": f"v{programs.LANGUAGE_VERSION}",
}
"""Programs whose module has a version of another kind: that of what it wraps, or a commit's."""


def pinned(folder: str, module: str) -> str:
    """Version of a module in the go.mod of one of our programs."""
    text = (programs.HERE / folder / "go.mod").read_text()
    found = re.findall(rf"^(?:require)?\s+{re.escape(module)} (\S+)", text, re.MULTILINE)
    assert found, f"engine/{folder}/go.mod does not name {module}"
    return found[0]


def test_every_executable_is_in_the_catalogue():
    built = {one.name for program in programs.PROGRAMS for one in program.compiled}
    assert set(CATALOGUE.programs) == built | {"etcd"}  # inside kube


@pytest.mark.parametrize("name", CATALOGUE.programs)
def test_a_program_is_built_at_the_version_that_the_catalogue_names(name):
    program = next(p for p in programs.PROGRAMS if ("kube" if name == "etcd" else name) in p.executables)
    entry = CATALOGUE.programs[name]
    found = pinned(program.folder.name, entry.module)
    assert entry.version == BEHIND.get(name, found)


def test_the_local_control_plane_is_of_a_version_that_environments_may_ask_for_and_their_default():
    assert versions.local_kubernetes() == versions.kubernetes_versions()[0]
    assert CATALOGUE.programs["kube"].version == f"v{programs.KUBERNETES_VERSION}"


def test_the_local_environment_asks_for_the_version_that_is_built():
    environment = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["seedbed:environment"]
    wanted = (environment.get("cluster") or {}).get("version", versions.local_kubernetes())
    assert wanted == versions.local_kubernetes()


@pytest.mark.parametrize("name", CATALOGUE.charts)
def test_a_chart_is_unpacked_from_the_module_and_release_that_the_catalogue_names(name):
    entry = CATALOGUE.charts[name]
    part = next(part for part in unpack.PARTS if part.name == name)
    assert part.module == entry.module
    assert pinned(part.pins, part.module).removeprefix("v") == entry.version.removeprefix("v")


def test_whatever_is_unpacked_and_is_no_definition_is_a_chart_of_the_catalogue():
    assert {part.name for part in unpack.PARTS if not part.name.endswith("-crds")} == set(CATALOGUE.charts)


def test_an_image_is_referred_to_by_its_digest_where_it_is_known():
    assert versions.image("kueue").reference.startswith("registry.k8s.io/kueue/kueue:v0.15.0@sha256:15bf4478")
    assert versions.image("mlserver").reference == "docker.io/seldonio/mlserver:1.5.0"


def test_every_ami_type_of_the_components_is_in_the_catalogue():
    named = {
        node.value
        for path in (ROOT / "components").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and re.match(r"(AL2023|BOTTLEROCKET)_", str(node.value))
    }
    assert named == set(CATALOGUE.node_images)
