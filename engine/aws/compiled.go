package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// compiledIn refuses a type or function that this build lacks with a message that says where to add it.
type compiledIn struct {
	pulumirpc.ResourceProviderServer
	tokens map[string]bool
	absent map[string][]string // by token: properties that the SDK has and this build lacks
}

func (c *compiledIn) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if err := c.known(req.GetUrn()); err != nil {
		return nil, err
	}
	token, given := string(resource.URN(req.GetUrn()).Type()), req.GetNews().GetFields()
	for _, name := range c.absent[token] {
		if _, set := given[name]; set {
			return nil, status.Errorf(codes.InvalidArgument, "%s: %s is set, which only the official plugin knows; "+
				"engine/aws/missing.txt says what does the same; or use an installed pulumi", token, name)
		}
	}
	return c.ResourceProviderServer.Check(ctx, req)
}

func (c *compiledIn) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	if err := c.known(req.GetUrn()); err != nil {
		return nil, err
	}
	return c.ResourceProviderServer.Read(ctx, req)
}

func (c *compiledIn) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, status.Errorf(codes.Unimplemented, "%s: this build of the AWS provider has no functions that look things up; "+
		"pass the value as a setting, or use an installed pulumi with the official plugin", req.GetTok())
}

func (c *compiledIn) known(urn string) error {
	token := string(resource.URN(urn).Type())
	if c.tokens[token] {
		return nil
	}
	return status.Error(codes.NotFound, fmt.Sprintf("%s is not compiled into this build of the AWS provider; "+
		"add its line to engine/aws/resources.txt and its service to engine/aws/services.txt, then run: python -m engine", token))
}

// parseMissing reads lines of "pulumi:module/token:Type property"; "#" starts a comment.
func parseMissing(list string) map[string][]string {
	absent := map[string][]string{}
	for _, line := range strings.Split(list, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) == 2 {
			absent[words[0]] = append(absent[words[0]], words[1])
		}
	}
	return absent
}

func offered(info tfbridge.ProviderInfo) map[string]bool {
	known := map[string]bool{}
	for _, r := range info.Resources {
		known[string(r.Tok)] = true
	}
	return known
}
