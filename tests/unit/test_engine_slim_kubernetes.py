"""Cutting the Kubernetes provider down."""

import pytest

from engine import slim_kubernetes
from engine.slim import SlimError

CONSTRUCT = """package provider

import (
	"fmt"

	providerhelmv4 "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider/helm/v4"
	providerresource "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider/resource"
	provideryamlv2 "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider/yaml/v2"
)

var resourceProviders = map[string]providerresource.ResourceProviderFactory{
	"kubernetes:yaml/v2:ConfigFile": provideryamlv2.NewConfigFileProvider,
	"kubernetes:helm.sh/v4:Chart":   providerhelmv4.NewChartProvider,
}

func construct(typ string) error {
	return fmt.Errorf("unknown resource type %q", typ)
}
"""
HELM = """package helm

import (
	"fmt"

	helmv4 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v4"
)

func ApplyRepositoryOpts(opts helmv4.RepositoryOpts) error {
	if true {
		return nil
	}
	return nil
}

func kept() error {
	return fmt.Errorf("kept")
}
"""


@pytest.fixture
def source(tmp_path):
    """A provider of a few files in the form of the real one."""
    for name, text in {
        "go.mod": "module github.com/pulumi/pulumi-kubernetes/provider/v4\n",
        "pkg/provider/provider_construct.go": CONSTRUCT,
        "pkg/provider/provider.go": "package provider\n",
        "pkg/provider/provider_test.go": "package provider\n",
        "pkg/provider/yaml/v2/yaml.go": f'package v2\n\nimport "{slim_kubernetes.SDK}v4/go/kubernetes"\n',
        "pkg/gen/_go-templates/chart.go": f'package x\n\nimport "{slim_kubernetes.SDK}v4/go/kubernetes"\n',
        "pkg/helm/tool.go": HELM,
    }.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o444)
    return tmp_path / "source"


def test_nothing_that_is_kept_brings_the_sdk_along(source, tmp_path):
    slim_kubernetes.write(source, tmp_path / "cut")
    kept = [path for path in (tmp_path / "cut").rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path / "cut").as_posix() for path in kept} == {
        "go.mod",
        "pkg/helm/tool.go",
        "pkg/provider/provider.go",
        "pkg/provider/provider_construct.go",
    }
    assert all(slim_kubernetes.SDK not in path.read_text() for path in kept)


def test_a_component_is_refused_with_what_to_do_instead(source, tmp_path):
    slim_kubernetes.write(source, tmp_path / "cut")
    text = (tmp_path / "cut" / slim_kubernetes.CONSTRUCT).read_text()
    assert "NewChartProvider" not in text
    assert "NewConfigFileProvider" not in text
    assert "providerresource" in text
    assert "register each document as apiextensions.CustomResource" in text


def test_the_rest_of_a_file_stays_as_it_is(source, tmp_path):
    slim_kubernetes.write(source, tmp_path / "cut")
    text = (tmp_path / "cut" / slim_kubernetes.HELM).read_text()
    assert "ApplyRepositoryOpts" not in text
    assert 'func kept() error {\n\treturn fmt.Errorf("kept")\n}' in text
    assert '"fmt"' in text


@pytest.mark.parametrize("name", ["pkg/provider/provider_construct.go", "pkg/helm/tool.go", "pkg/provider/provider.go"])
def test_a_source_of_another_form_is_an_error_and_not_a_full_provider(source, tmp_path, name):
    (source / name).chmod(0o644)
    (source / name).write_text(f'package x\n\nimport "{slim_kubernetes.SDK}v4/go/kubernetes"\n')
    with pytest.raises(SlimError, match=r"form changed, see engine/slim_kubernetes\.py"):
        slim_kubernetes.write(source, tmp_path / "cut")
