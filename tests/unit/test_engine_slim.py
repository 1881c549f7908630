"""The Terraform provider's source, cut down to some services."""

import pytest

from engine import slim

MODULE = "github.com/hashicorp/terraform-provider-aws"
SERVICES = f"""package sdkv2

import (
	"context"

	"{MODULE}/internal/conns"
	"{MODULE}/internal/service/ec2"
	"{MODULE}/internal/service/kms"
	"{MODULE}/internal/service/xray"
)

func servicePackages(ctx context.Context) []conns.ServicePackage {{
	return []conns.ServicePackage{{
		ec2.ServicePackage(ctx),
		kms.ServicePackage(ctx),
		xray.ServicePackage(ctx),
	}}
}}
"""
CLIENTS = f"""package conns

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	"{MODULE}/internal/errs"
)

func (c *AWSClient) EC2Client(ctx context.Context) *ec2.Client {{
	return errs.Must(client[*ec2.Client](ctx, c))
}}

func (c *AWSClient) ELBClient(ctx context.Context) *elb.Client {{
	return errs.Must(client[*elb.Client](ctx, c))
}}

func (c *AWSClient) XRayClient(ctx context.Context) *xray.Client {{
	return errs.Must(client[*xray.Client](ctx, c))
}}
"""


@pytest.fixture
def source(tmp_path):
    """A provider in small: three services, of which one calls the API of a fourth."""
    files = {
        "go.mod": f"module {MODULE}\n",
        "go.sum": "",
        "xpprovider/x.go": f'package xpprovider\n\nimport (\n\tp "{MODULE}/internal/provider/sdkv2"\n)\n',
        "internal/provider/sdkv2/service_packages_gen.go": SERVICES,
        "internal/conns/awsclient_gen.go": CLIENTS,
        "internal/errs/must.go": "package errs\n",
        "internal/service/smarterr.hcl": "",
        "internal/service/ec2/vpc.go": "package ec2\n\nfunc f() { meta.EC2Client(ctx) }\n",
        "internal/service/ec2/lb.go": f'package a\nimport "{MODULE}/internal/odd"\nfunc g() {{ c.ELBClient(x) }}\n',
        "internal/service/ec2/vpc_test.go": "package ec2\n",
        "internal/service/ec2/generate.go": "//go:build generate\n\npackage ec2\n",
        "internal/service/ec2/tags_gen.go": "//go:build !generate\n\npackage ec2\n",
        "internal/service/kms/key.go": "package kms\n",
        "internal/service/kms/smarterr.hcl": "",
        "internal/service/xray/group.go": "package xray\n\nfunc h() { c.XRayClient(ctx) }\n",
        "internal/odd/odd.go": "package odd\n",
    }
    for name, text in files.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "source"


def test_only_the_listed_services_and_what_they_need_are_copied(source, tmp_path):
    slim.write(source, tmp_path / "cut", ["ec2"])
    copied = {path.relative_to(tmp_path / "cut").as_posix() for path in (tmp_path / "cut").rglob("*.go")}
    assert copied == {
        "xpprovider/x.go",
        "internal/provider/sdkv2/service_packages_gen.go",
        "internal/conns/awsclient_gen.go",
        "internal/errs/must.go",
        "internal/odd/odd.go",
        "internal/service/ec2/vpc.go",
        "internal/service/ec2/lb.go",
        "internal/service/ec2/tags_gen.go",
    }


def test_the_list_of_services_keeps_the_wanted_ones_and_their_imports(source):
    kept = slim.keep_services(SERVICES, {"kms"})
    assert "kms.ServicePackage(ctx)" in kept
    assert "internal/service/kms" in kept
    assert "ec2" not in kept
    assert "xray" not in kept
    assert '"context"' in kept


def test_clients_that_the_services_call_stay_also_those_of_other_services(source, tmp_path):
    slim.write(source, tmp_path / "cut", ["ec2"])
    clients = (tmp_path / "cut" / "internal/conns/awsclient_gen.go").read_text()
    assert "EC2Client" in clients
    assert "elb.Client" in clients
    assert "xray" not in clients


def test_embedded_files_come_along_whatever_the_services(source, tmp_path):
    slim.write(source, tmp_path / "cut", ["ec2"])
    assert (tmp_path / "cut/internal/service/smarterr.hcl").exists()
    assert (tmp_path / "cut/internal/service/kms/smarterr.hcl").exists()


def test_a_service_that_the_provider_lacks_is_named_with_the_list_it_stands_in(source, tmp_path):
    with pytest.raises(slim.SlimError, match=r"engine/aws/services\.txt: the provider has no service ecz2"):
        slim.write(source, tmp_path / "cut", ["ec2", "ecz2"])


def test_a_generated_list_of_another_form_is_an_error_and_not_a_full_provider(source):
    with pytest.raises(slim.SlimError, match="its form changed"):
        slim.keep_services("package sdkv2\n\nimport (\n)\n", {"ec2"})


def test_a_list_of_services_may_carry_comments(tmp_path):
    (tmp_path / "services.txt").write_text("# why\nec2   # network\n\nkms\n")
    assert slim.read_services(tmp_path / "services.txt") == ["ec2", "kms"]
