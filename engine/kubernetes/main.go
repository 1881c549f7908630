// The real Kubernetes provider as a Pulumi plugin.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() {
	if len(os.Args) > 1 && strings.TrimLeft(os.Args[1], "-") == "version" {
		fmt.Println(version.Version)
		return
	}
	// Only the generation of SDKs and programs in YAML read more of the schema.
	schema := fmt.Sprintf(`{"name": "kubernetes", "version": %q}`, strings.TrimPrefix(version.Version, "v"))
	provider.Serve("kubernetes", version.Version, []byte(schema), []byte("{}"))
}
