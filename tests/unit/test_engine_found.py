"""Which engine is used: the user's own where it will do, the built one otherwise."""

import re
import time
from pathlib import Path

import pytest

import engine
from engine import installed, programs
from engine.installed import version


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A machine with an empty cache and nothing on PATH."""
    monkeypatch.setenv("SEEDBED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("SEEDBED_ENGINE", raising=False)
    (tmp_path / "bin").mkdir()
    return tmp_path


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def pulumi(folder: Path, says: str) -> Path:
    script(folder / "pulumi-language-python", "exit 0")
    return script(folder / "pulumi", f"echo '{says}'")


def built(wanted: tuple[programs.Program, ...] = programs.PROGRAMS) -> None:
    for program in wanted:
        for name in program.executables:
            script(programs.together(wanted) / name, "echo v3.259.0")
        for name in program.data:
            (program.finished() / name).mkdir(parents=True, exist_ok=True)


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("v3.200.0\n", (3, 200, 0)),
        ("3.259.1", (3, 259, 1)),
        ("v3.260.0-alpha.x1a2b3c", (3, 260, 0)),
        ("v3.259.0-dev.0", (3, 259, 0)),
        ("warning: A new version of Pulumi is available\nv3.201.0\n", (3, 201, 0)),
        ("no version here", None),
        ("", None),
        ("3.2", None),
    ],
)
def test_a_version_is_read_from_whatever_surrounds_it(said, numbers):
    assert version(said) == numbers


def test_without_any_engine_none_is_found_and_nothing_is_built(empty):
    assert engine.find() is None
    assert not (empty / "cache").exists()


def test_a_pulumi_on_path_that_is_new_enough_is_used_as_it_is(empty):
    mine = pulumi(empty / "bin", "v3.200.0")
    found = engine.find()
    assert found == engine.Engine(pulumi=mine, path=(), origin=f"installed at {mine}", version="3.200.0", built=False)


def test_beside_an_installed_pulumi_only_what_it_lacks_is_wanted(empty):
    mine = pulumi(empty / "bin", "v3.200.0")
    beside = (*programs.RENDERING, *programs.CLUSTER)
    built(beside)
    found = engine.ensure(report=pytest.fail)
    assert (found.pulumi, found.path, found.built) == (mine, (), False)
    assert found.cluster
    assert found.cluster == programs.together(beside)
    assert found.helm == found.cluster / "helm"
    assert found.charts == programs.charts()
    assert not (found.cluster / "pulumi").exists()


def test_an_account_needs_only_what_renders_charts_beside_an_installed_pulumi(empty):
    pulumi(empty / "bin", "v3.200.0")
    built(programs.RENDERING)
    found = engine.ensure(report=pytest.fail, cluster=False)
    assert found.helm == programs.together(programs.RENDERING) / "helm"
    assert found.cluster is None


def test_programs_of_a_cluster_are_no_part_of_an_engine_for_an_account(empty):
    built(programs.ENGINE)
    found = engine.find()
    assert found
    assert (found.cluster, found.charts) == (None, programs.charts())
    built()
    found = engine.find()
    assert found
    assert found.cluster == programs.together()


def test_charts_that_are_gone_make_the_engine_incomplete(empty):
    built()
    (programs.charts() / "kueue").rmdir()
    assert engine.find() is None


def test_an_old_pulumi_is_passed_over_and_the_reason_says_both_versions(empty):
    pulumi(empty / "bin", "v3.199.9")
    built()
    found = engine.find()
    assert found
    assert found.built
    path, _, unfit = installed.look(programs.cache())
    assert path is None
    assert unfit == f"{empty / 'bin' / 'pulumi'} is 3.199.9, older than 3.200"


def test_a_pulumi_without_its_language_host_is_passed_over(empty):
    script(empty / "bin" / "pulumi", "echo v3.259.0")
    assert engine.find() is None
    assert "pulumi-language-python" in installed.look(programs.cache())[2]


def test_a_pulumi_that_fails_is_passed_over_with_what_it_said(empty):
    script(empty / "bin" / "pulumi", "echo broken library >&2; exit 1")
    assert "broken library" in installed.look(programs.cache())[2]


def test_our_own_pulumi_on_path_does_not_count_as_the_users(empty, monkeypatch):
    built()
    monkeypatch.setenv("PATH", str(programs.together()))
    found = engine.find()
    assert found
    assert found.built
    assert found.path == (programs.together(),)


def test_the_variable_makes_the_built_one_win_over_an_installed_one(empty, monkeypatch):
    pulumi(empty / "bin", "v3.259.0")
    built()
    monkeypatch.setenv("SEEDBED_ENGINE", "build")
    found = engine.find()
    assert found
    assert found.pulumi == programs.together() / "pulumi"


def test_an_unknown_wish_is_an_error_that_says_what_is_allowed(empty, monkeypatch):
    monkeypatch.setenv("SEEDBED_ENGINE", "biuld")
    with pytest.raises(engine.EngineError, match=r'SEEDBED_ENGINE is "biuld"[\s\S]*set it to build'):
        engine.find()


def test_a_finished_engine_costs_under_a_second(empty):
    built()
    begun = time.monotonic()
    assert engine.ensure(report=pytest.fail).built
    assert time.monotonic() - begun < 1


def test_a_missing_executable_makes_the_engine_incomplete(empty):
    built()
    (programs.together() / "pulumi-language-python-exec").unlink()
    assert engine.find() is None


def test_the_cache_is_where_the_variables_say(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SEEDBED_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert programs.cache() == tmp_path / ".cache" / "seedbed" / "engine"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert programs.cache() == tmp_path / "xdg" / "seedbed" / "engine"
    monkeypatch.setenv("SEEDBED_CACHE", "~/own")
    assert programs.cache() == tmp_path / "own" / "engine"


def test_a_changed_input_gives_another_folder_and_a_stray_file_does_not(tmp_path, monkeypatch):
    here = tmp_path / "engine"
    monkeypatch.setattr(programs, "HERE", here)
    for name in ("pulumi/go.mod", "aws/main.go", "aws/services.txt", "slim.py"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    before = programs.AWS.key(), programs.PULUMI.key()
    (here / "aws" / "notes.swp").write_text("an editor's")
    assert (programs.AWS.key(), programs.PULUMI.key()) == before
    (here / "aws" / "services.txt").write_text("ec2\n")
    assert programs.AWS.key() != before[0]
    assert programs.PULUMI.key() == before[1]
    changed = programs.AWS.key()
    (here / "slim.py").write_text("another way")
    assert programs.AWS.key() != changed


def test_programs_of_one_module_share_its_pins_and_not_their_code(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "HERE", tmp_path)
    for name in ("kube", "karpenter"):
        (tmp_path / "cluster" / name).mkdir(parents=True)
    before = programs.KUBE.key(), programs.KARPENTER.key()
    (tmp_path / "cluster" / "karpenter" / "main.go").write_text("package main")
    assert programs.KUBE.key() == before[0]
    assert programs.KARPENTER.key() != before[1]
    (tmp_path / "cluster" / "go.mod").touch()
    assert programs.KUBE.key() != before[0]


def test_charts_follow_the_modules_that_carry_them(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "HERE", tmp_path)
    for name in ("charts/go.mod", *programs.CHARTS.more_inputs):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    before = programs.CHARTS.key()
    (tmp_path / "cluster" / "go.sum").write_text("another release of Kueue")
    assert programs.CHARTS.key() != before


def pins(folder: str) -> dict[str, str]:
    """Versions in the go.mod of one of our modules, with what replaces a module in its place."""
    text = (programs.HERE / folder / "go.mod").read_text()
    found = dict(re.findall(r"^(?:require)?\s+(\S+) (v\S+)(?: // indirect)?$", text, re.MULTILINE))
    for replaced, by, release in re.findall(r"^(?:replace)?\s+(\S+) => (\S+) (v\S+)$", text, re.MULTILINE):
        if found.pop(replaced, None):
            found[by] = release
    return found


def test_engine_and_sdks_have_the_versions_that_belong_together():
    wanted = (programs.HERE.parent / "requirements" / "runtime.in").read_text()
    assert f"pulumi=={programs.ENGINE_VERSION}" in wanted
    assert f"pulumi-aws=={programs.AWS_VERSION}" in wanted
    assert f"pulumi-kubernetes=={programs.KUBERNETES_PROVIDER_VERSION}" in wanted
    assert pins("pulumi")["github.com/pulumi/pulumi/pkg/v3"] == f"v{programs.ENGINE_VERSION}"
    assert f"v{programs.LANGUAGE_VERSION}" in (programs.HERE / "language-python" / "go.mod").read_text()
    sdk = "github.com/pulumi/pulumi-kubernetes/sdk/v4"
    assert pins("kubernetes")[sdk] == f"v{programs.KUBERNETES_PROVIDER_VERSION}"
    assert pins("kubernetes")["helm.sh/helm/v3"] == f"v{programs.HELM_VERSION}"


def test_every_part_of_the_control_plane_is_of_one_release_of_kubernetes():
    cluster = pins("cluster")
    assert cluster["k8s.io/kubernetes"] == f"v{programs.KUBERNETES_VERSION}"
    minor = programs.KUBERNETES_VERSION.removeprefix("1.")
    staging = re.findall(
        r"^\s+(k8s\.io/\S+) => \1 (\S+)$", (programs.HERE / "cluster/go.mod").read_text(), re.MULTILINE
    )
    assert len(staging) == 31
    assert {release for _, release in staging} == {f"v0.{minor}"}


def test_every_program_pins_its_modules_by_hash():
    for program in programs.PROGRAMS:
        sums = (program.folder / "go.sum").read_text()
        assert [m for m, v in pins(program.folder.name).items() if f"{m} {v}/go.mod h1:" not in sums] == []
