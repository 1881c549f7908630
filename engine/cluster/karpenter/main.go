// Karpenter, as EKS Auto Mode runs it beside a cluster, with instances that exist on paper.
//
// The core is Karpenter's own. What differs from its kwok provider: node classes are EKS's, a node has the whole
// capacity of its instance type, and the market can be sold out.
package main

import (
	"os"
	"time"

	"sigs.k8s.io/karpenter/pkg/cloudprovider/overlay"
	"sigs.k8s.io/karpenter/pkg/controllers"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/operator"
)

func main() {
	market, err := openMarket(os.Getenv("INSTANCE_TYPES_FILE_PATH"), os.Getenv("MARKET_FILE_PATH"))
	if err != nil {
		os.Stderr.WriteString("karpenter: " + err.Error() + "\n")
		os.Exit(2)
	}
	boot := time.Second
	if said := os.Getenv("BOOT_TIME"); said != "" {
		if boot, err = time.ParseDuration(said); err != nil {
			os.Stderr.WriteString("karpenter: BOOT_TIME: " + err.Error() + "\n")
			os.Exit(2)
		}
	}
	ctx, op := operator.NewOperator()
	bare := newCloud(ctx, op.GetClient(), market, boot)
	cloud := overlay.Decorate(bare, op.GetClient(), op.InstanceTypeStore)
	cluster := state.NewCluster(op.Clock, op.GetClient(), cloud)
	op.WithControllers(ctx, controllers.NewControllers(
		ctx, op.Manager, op.Clock, op.GetClient(), op.EventRecorder, cloud, bare, cluster, op.InstanceTypeStore,
	)...).Start(ctx)
}
