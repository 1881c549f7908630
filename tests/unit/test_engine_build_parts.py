"""What is particular in the build of one program or another."""

from pathlib import Path

import pytest

import engine
from engine import programs, unpack
from engine.errors import EngineError
from tests.unit.pretended_go import builds, pretend_go


@pytest.fixture
def go(tmp_path, monkeypatch):
    return pretend_go(tmp_path, monkeypatch)


def provider(go: Path, program: programs.Program, monkeypatch, product: str, *files: str) -> None:
    """Have the machine want one provider only, with `files` in its module and a Go that builds `product`."""
    for name in files:
        (go / "module" / name).parent.mkdir(parents=True, exist_ok=True)
        (go / "module" / name).touch()
    (go / "product").write_text(product)
    monkeypatch.setattr(engine, "ENGINE", (program,))


def test_an_aws_provider_that_differs_from_the_sdk_does_not_get_into_the_cache(go, monkeypatch):
    monkeypatch.setattr("engine.slim.write", lambda source, target, services: 0)
    writes = (
        "#!/bin/sh\n/bin/mkdir generated; echo '{}' > generated/bridge-metadata.json\n"
        """echo '{"resources": {"aws:s3/nothing:Nothing": {}}, "provider": {}}' > generated/schema.json\n"""
    )
    provider(go, programs.AWS, monkeypatch, writes)
    with pytest.raises(EngineError, match=r"aws:s3/nothing:Nothing: pulumi_aws has no such type"):
        engine.ensure(report=lambda text: None)
    assert not programs.AWS.is_built()


def test_a_kubernetes_provider_of_another_release_than_the_sdk_does_not_get_into_the_cache(go, monkeypatch):
    monkeypatch.setattr("engine.slim_kubernetes.write", lambda source, target: None)
    provider(go, programs.KUBERNETES, monkeypatch, "#!/bin/sh\necho v4.26.9\n")
    with pytest.raises(
        EngineError, match=r"the provider is 4\.26\.9, the SDK is 4\.27\.0\n.*engine/kubernetes/go\.mod"
    ):
        engine.ensure(report=lambda text: None)
    assert not programs.KUBERNETES.is_built()


def test_a_kubernetes_provider_of_the_sdks_release_is_kept(go, monkeypatch):
    monkeypatch.setattr("engine.slim_kubernetes.write", lambda source, target: None)
    provider(go, programs.KUBERNETES, monkeypatch, f"#!/bin/sh\necho v{programs.KUBERNETES_PROVIDER_VERSION}\n")
    engine.ensure(report=lambda text: None)
    assert programs.KUBERNETES.is_built()


def test_programs_of_one_module_are_built_in_its_folder_each(go, monkeypatch):
    monkeypatch.setattr(engine, "CLUSTER", (programs.KUBE, programs.KUEUE))
    told: list[str] = []
    made = engine.ensure(report=told.append)
    assert "kueue: building kueue" in told
    assert made.cluster
    assert {"kube", "kueue"} <= {path.name for path in made.cluster.iterdir()}
    assert f"gitVersion=v{programs.KUBERNETES_VERSION}" in (go / "log").read_text()


def test_an_account_needs_no_programs_of_a_cluster_and_they_are_added_to_what_is_there(go, monkeypatch):
    monkeypatch.setattr(engine, "CLUSTER", (programs.KWOK,))
    assert engine.ensure(report=lambda text: None, cluster=False).cluster is None
    assert builds(go) == 2
    told: list[str] = []
    made = engine.ensure(report=told.append)
    assert told[0].startswith("building kwok into")
    assert builds(go) == 3
    assert made.path == (made.cluster,)
    assert engine.ensure(report=pytest.fail, cluster=False) == made


def test_charts_are_unpacked_from_the_modules_that_carry_them_and_can_be_written(go, monkeypatch):
    for part in unpack.PARTS:
        for name in ("Chart.yaml", "templates/one.yaml", "crd-issuers.yaml"):
            (go / "module" / part.inside / name).parent.mkdir(parents=True, exist_ok=True)
            (go / "module" / part.inside / name).write_text(f"{part.name}\n")
            (go / "module" / part.inside / name).chmod(0o444)
    monkeypatch.setattr(engine, "ENGINE", (programs.CHARTS,))
    made = engine.ensure(report=lambda text: None).charts
    assert made
    assert made == programs.charts()
    assert {path.name for path in made.iterdir()} == {part.name for part in unpack.PARTS}
    assert (made / "kueue/templates/one.yaml").read_text() == "kueue\n"
    assert [path.name for path in (made / "cert-manager-crds").iterdir()] == ["crd-issuers.yaml"]
    assert all(path.stat().st_mode & 0o200 for path in made.rglob("*"))


def test_a_module_without_the_chart_is_an_error_that_names_the_table(go, monkeypatch):
    monkeypatch.setattr(engine, "ENGINE", (programs.CHARTS,))
    with pytest.raises(EngineError, match=r"unpacking kueue: .* charts/kueue [\s\S]*engine/unpack\.py") as caught:
        engine.ensure(report=lambda text: None)
    assert "engine/cluster/go.mod" in caught.value.do
    assert not programs.CHARTS.is_built()
