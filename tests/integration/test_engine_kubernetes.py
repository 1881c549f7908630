"""The built Kubernetes provider, Helm, and the programs of a cluster are what the catalogue says."""

import json
import subprocess

import pytest
import yaml

import engine
from engine import programs
from stacks import versions
from tests.integration.small_program import previewer

# A cluster that is not made yet: what tells how to reach it is known after a resource is made.
NO_CLUSTER = """import pulumi, pulumi_aws as aws, pulumi_kubernetes as kubernetes
account = pulumi.ResourceOptions(provider=aws.Provider(
    "account", region="eu-central-1", access_key="a", secret_key="b",
    skip_credentials_validation=True, skip_requesting_account_id=True,
))
group = aws.cloudwatch.LogGroup("later", opts=account)
own = pulumi.ResourceOptions(
    provider=kubernetes.Provider("own", kubeconfig=group.arn, enable_server_side_apply=True)
)
"""


RENDERING = """import pulumi, pulumi_kubernetes as kubernetes
own = pulumi.ResourceOptions(provider=kubernetes.Provider("own", render_yaml_to_directory="out"))
"""


@pytest.fixture(scope="module")
def built() -> engine.Engine:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEEDBED_ENGINE", "build")
        return engine.ensure()


@pytest.fixture
def preview(built, tmp_path):
    return previewer(built, tmp_path)


def said_by(built: engine.Engine, *words: str) -> str:
    """What a program of the cluster says of itself, on either output."""
    assert built.cluster
    name, *arguments = words
    done = subprocess.run([built.cluster / name, *arguments], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def rendered(built: engine.Engine, chart: str) -> list[dict]:
    """The objects that a chart gives with its own values."""
    assert built.helm
    assert built.charts
    command = [
        built.helm,
        "template",
        chart,
        built.charts / chart,
        "--namespace",
        versions.catalogue().charts[chart].namespace,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def test_an_object_of_any_kind_is_listed_with_its_inputs_before_the_cluster_exists(preview):
    queue = """kubernetes.apiextensions.CustomResource("queue", api_version="kueue.x-k8s.io/v1beta1", kind="LocalQueue",
    metadata={"name": "main", "namespace": "scoring"}, spec={"clusterQueue": "scoring"}, opts=own)"""
    code, said = preview(f"{NO_CLUSTER}{queue}\n", "--json")
    assert code == 0, said
    (state,) = [step["newState"] for step in json.loads(said)["steps"] if step["urn"].endswith("::queue")]
    assert state["type"] == "kubernetes:kueue.x-k8s.io/v1beta1:LocalQueue"
    assert state["inputs"]["spec"] == {"clusterQueue": "scoring"}


@pytest.mark.parametrize(
    ("made", "token"),
    [
        ('kubernetes.yaml.v2.ConfigFile("x", file="x.yaml", opts=own)', "kubernetes:yaml/v2:ConfigFile"),
        ('kubernetes.helm.v4.Chart("x", chart="x", opts=own)', "kubernetes:helm.sh/v4:Chart"),
    ],
)
def test_a_component_whose_children_no_preview_shows_is_refused_with_what_to_do_instead(preview, made, token):
    code, said = preview(f"{RENDERING}{made}\n")
    assert code != 0
    assert f"{token} is not compiled into this build of the Kubernetes provider" in said
    assert "apiextensions.CustomResource" in said


def test_the_control_plane_says_the_release_of_the_catalogue(built):
    wanted = versions.catalogue().programs
    for name in ("apiserver", "controller-manager", "scheduler"):
        assert said_by(built, "kube", name, "--version").strip() == f"Kubernetes {wanted['kube'].version}"
    assert f"etcd Version: {wanted['etcd'].version.removeprefix('v')}\n" in said_by(built, "kube", "etcd", "--version")


def test_a_part_of_the_control_plane_that_there_is_not_is_named_with_those_that_there_are(built):
    assert said_by(built, "kube", "kubelet").splitlines() == [
        'kube: there is no program "kubelet"',
        "usage: kube etcd|apiserver|controller-manager|scheduler [FLAGS OF THAT PROGRAM, --help AMONG THEM]",
    ]


@pytest.mark.parametrize(("name", "flag"), [("kueue", "feature-gates"), ("kserve-manager", "webhook-port")])
def test_a_controller_starts_and_knows_its_flags(built, name, flag):
    assert f"-{flag}" in said_by(built, name, "--help")


def test_kwok_and_helm_say_the_release_of_the_catalogue(built):
    wanted = versions.catalogue().programs
    assert f"kwok version {wanted['kwok'].version} " in said_by(built, "kwok", "--version")
    assert said_by(built, "helm", "version", "--template", "{{.Version}}") == wanted["helm"].version


def test_every_chart_says_the_version_of_the_catalogue_and_renders_for_the_version_of_kubernetes_that_is_built(built):
    for name, entry in versions.catalogue().charts.items():
        said = yaml.safe_load((programs.charts() / name / "Chart.yaml").read_text())
        assert said["version"] == entry.version
        assert rendered(built, name)


def test_images_of_the_catalogue_are_those_that_the_charts_run(built):
    """Kueue's chart names a staging image, which its project rewrites on publication."""
    used = {
        container["image"]
        for name in ("kserve-resources", "nvidia-device-plugin")
        for document in rendered(built, name)
        if document["kind"] in {"Deployment", "DaemonSet"}
        for container in document["spec"]["template"]["spec"]["containers"]
    }
    for name in ("kserve-controller", "nvidia-device-plugin"):
        image = versions.image(name)
        assert {f"{image.repository.removeprefix('docker.io/')}:{image.tag}"} & used


@pytest.mark.parametrize("folder", ["karpenter-crds", "karpenter-kwok-crds", "cert-manager-crds"])
def test_a_folder_of_definitions_has_nothing_else(built, folder):
    documents = [yaml.safe_load(path.read_text()) for path in (built.charts / folder).iterdir()]
    assert {document["kind"] for document in documents} == {"CustomResourceDefinition"}
