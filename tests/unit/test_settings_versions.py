import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from stacks import versions
from stacks.file.cluster import Cluster

ROOT = Path(__file__).parents[2]
ADDONS = {
    "amazon-cloudwatch-observability",
    "aws-ebs-csi-driver",
    "cert-manager",
    "coredns",
    "eks-pod-identity-agent",
    "kube-proxy",
    "metrics-server",
    "vpc-cni",
}


def test_every_version_of_kubernetes_has_every_add_on_with_its_source():
    for kubernetes in versions.catalogue().kubernetes.values():
        assert kubernetes.addons.keys() == ADDONS
        assert all(addon.source for addon in kubernetes.addons.values())


def test_kube_proxy_is_of_the_version_of_kubernetes_that_it_serves():
    for minor in versions.kubernetes_versions():
        assert versions.addon_versions(minor)["kube-proxy"].startswith(f"v{minor}.")


def test_the_newest_version_is_named_first_and_is_the_default():
    newest, *others = versions.kubernetes_versions()
    assert Cluster().version == newest
    assert all([int(n) for n in other.split(".")] < [int(n) for n in newest.split(".")] for other in others)


def test_extended_support_ends_a_year_after_standard_support():
    for kubernetes in versions.catalogue().kubernetes.values():
        end = kubernetes.standard_support_until
        assert kubernetes.extended_support_until == date(end.year + 1, end.month, end.day)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("checked: true", "checked: perhaps"),
        ("v1.34.6-eksbuild.2", "latest"),
        ("standardSupportUntil", "supportUntil"),
        ("kubernetes:", "clusters:"),
    ],
)
def test_a_catalogue_that_says_something_else_is_refused(tmp_path, monkeypatch, old, new):
    text = versions.CATALOGUE.read_text()
    assert old in text
    path = tmp_path / "versions.yaml"
    path.write_text(text.replace(old, new))
    monkeypatch.setattr(versions, "CATALOGUE", path)
    with pytest.raises(ValidationError):
        versions.catalogue.__wrapped__()


def test_no_other_file_of_the_program_names_an_add_on_version():
    found = [
        path
        for folder in ("components", "stacks", "seedbed")
        for path in (ROOT / folder).rglob("*.py")
        if "-eksbuild." in path.read_text() and path.name != "versions.py"
    ]
    assert found == []
    assert "eksbuild" in yaml.safe_dump(yaml.safe_load(versions.CATALOGUE.read_text()))


def test_the_tracking_server_in_the_cluster_is_of_the_version_that_the_command_line_runs():
    pinned = re.findall(r"^mlflow==(\S+)", (ROOT / "requirements" / "tracking.in").read_text(), re.MULTILINE)
    assert versions.image("mlflow").tag == f"v{pinned[0]}-full"


def test_both_back_ends_of_tracking_and_the_controllers_have_images():
    assert {"mlflow", "modeldb-backend", "modeldb-proxy", "nginx", "kueue", "kserve-controller"} <= set(
        versions.catalogue().images
    )
    assert versions.image("modeldb-backend").tag == versions.image("modeldb-proxy").tag


def test_an_image_has_a_registry_a_name_and_what_tells_its_version():
    kueue = versions.image("kueue")
    assert (kueue.host, kueue.name) == ("registry.k8s.io", "kueue/kueue")
    assert kueue.reference == f"registry.k8s.io/kueue/kueue:{kueue.tag}@{kueue.digest}"
    assert versions.image("mlflow").version == f":{versions.image('mlflow').tag}"
    with pytest.raises(KeyError):
        versions.image("nobody")


def test_charts_are_told_by_name():
    assert versions.chart_version("kueue") == versions.catalogue().charts["kueue"].version


def test_no_other_file_of_the_program_names_the_tag_of_an_image():
    tags = {f":{image.tag}" for image in versions.catalogue().images.values()}
    found = [
        (path.name, tag)
        for folder in ("components", "stacks", "seedbed")
        for path in (ROOT / folder).rglob("*.py")
        for tag in tags
        if tag in path.read_text()
    ]
    assert found == []
