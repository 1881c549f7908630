// The real AWS provider as a Pulumi plugin, with only the services in services.txt and the types in resources.txt.
//
// Run as "pulumi-resource-aws schema --out DIR" it writes what it embeds at the next build: its schema and its metadata.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/terraform-provider-aws/xpprovider"
	pftfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	rprovider "github.com/pulumi/pulumi/pkg/v3/resource/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// version is set by the build script to that of the Python SDK in requirements/.
var version = "0.0.0"

//go:embed resources.txt
var resourceList string

//go:embed missing.txt
var missingList string

//go:embed schema.json
var schema []byte

//go:embed bridge-metadata.json
var metadata []byte

func main() {
	info, err := provider(context.Background())
	if err != nil {
		fail(err)
	}
	if len(os.Args) > 1 && os.Args[1] == "schema" {
		tfgen.MainWithMuxer("aws", info)
		return
	}
	if len(os.Args) > 1 && strings.TrimLeft(os.Args[1], "-") == "version" {
		fmt.Println(version)
		return
	}
	serve := pftfbridge.MakeMuxedServer(context.Background(), "aws", info, schema)
	err = rprovider.Main("aws", func(host *rprovider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		server, err := serve(host)
		return &compiledIn{ResourceProviderServer: server, tokens: offered(info), absent: parseMissing(missingList)}, err
	})
	if err != nil {
		fail(err)
	}
}

// provider joins the two halves of the Terraform provider and names what the plugin offers of them.
func provider(ctx context.Context) (tfbridge.ProviderInfo, error) {
	framework, sdk, err := xpprovider.GetProvider(ctx)
	if err != nil {
		return tfbridge.ProviderInfo{}, fmt.Errorf("the Terraform provider did not start: %w", err)
	}
	sdk.DataSourcesMap = nil // the components look nothing up
	joined := pftfbridge.MuxShimWithDisjointgPF(ctx, shimv2.NewProvider(sdk), framework)
	resources, err := parseResources(resourceList)
	if err != nil {
		return tfbridge.ProviderInfo{}, err
	}
	info := tfbridge.ProviderInfo{
		P:              joined,
		Name:           "aws",
		Version:        version,
		ResourcePrefix: "aws",
		MetadataInfo:   tfbridge.NewProviderMetadata(metadata),
		Config:         configuration(),
		Resources:      resources,
		IgnoreMappings: unmapped(joined, resources),
	}
	for name := range resources {
		if _, known := joined.ResourcesMap().GetOk(name); !known {
			return info, fmt.Errorf("engine/aws/resources.txt: the provider has no %q: is its service in engine/aws/services.txt?", name)
		}
	}
	override(joined, info.Resources)
	info.SetAutonaming(255, "-")
	return info, nil
}

// parseResources reads lines of "terraform_name pulumi:module/token:Type"; "#" starts a comment.
func parseResources(list string) (map[string]*tfbridge.ResourceInfo, error) {
	resources := map[string]*tfbridge.ResourceInfo{}
	for number, line := range strings.Split(list, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != 2 || !strings.HasPrefix(words[1], "aws:") {
			return nil, fmt.Errorf("engine/aws/resources.txt:%d: found %q, allowed is \"aws_name aws:module/type:Type\"", number+1, line)
		}
		resources[words[0]] = &tfbridge.ResourceInfo{Tok: tokens.Type(words[1])}
	}
	return resources, nil
}

// unmapped lists everything that the compiled services have beyond resources.txt, which the bridge wants named.
func unmapped(p shim.Provider, mapped map[string]*tfbridge.ResourceInfo) []string {
	var names []string
	p.ResourcesMap().Range(func(name string, _ shim.Resource) bool {
		if _, known := mapped[name]; !known {
			names = append(names, name)
		}
		return true
	})
	p.DataSourcesMap().Range(func(name string, _ shim.Resource) bool {
		if _, both := mapped[name]; !both {
			names = append(names, name)
		}
		return true
	})
	return names
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "pulumi-resource-aws:", err)
	os.Exit(1)
}
