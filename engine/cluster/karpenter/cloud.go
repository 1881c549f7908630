package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/awslabs/operatorpkg/status"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/scheduling"
)

// fake marks a node that kwok keeps alive.
const fake = "kwok.x-k8s.io/node"

const providerPrefix = "aws:///"

// cloud launches instances that are nodes on paper. A node is all that an instance leaves behind, so a cloud that is
// started again knows the same instances.
type cloud struct {
	ctx    context.Context
	client client.Client
	market *market
	boot   time.Duration
	// booting holds instances that are launched and have not joined yet, by name.
	booting *sync.Map
}

var _ cloudprovider.CloudProvider = (*cloud)(nil)

func newCloud(ctx context.Context, kube client.Client, m *market, boot time.Duration) *cloud {
	return &cloud{ctx: ctx, client: kube, market: m, boot: boot, booting: &sync.Map{}}
}

func (c *cloud) Create(ctx context.Context, claim *v1.NodeClaim) (*v1.NodeClaim, error) {
	class := &NodeClass{}
	if err := c.client.Get(ctx, types.NamespacedName{Name: claim.Spec.NodeClassRef.Name}, class); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, cloudprovider.NewInsufficientCapacityError(fmt.Errorf("resolving node class, %w", err))
		}
		return nil, fmt.Errorf("resolving node class, %w", err)
	}
	if ready := class.StatusConditions().Get(status.ConditionReady); ready.IsFalse() {
		return nil, cloudprovider.NewNodeClassNotReadyError(errors.New(ready.Message))
	}
	used, err := c.used(ctx)
	if err != nil {
		return nil, err
	}
	wanted := scheduling.NewNodeSelectorRequirementsWithMinValues(claim.Spec.Requirements...)
	got, err := c.market.buy(c.market.offered(class, used), wanted, claim.Spec.Resources.Requests)
	if err != nil {
		return nil, cloudprovider.NewInsufficientCapacityError(err)
	}
	node := nodeOf(claim, got)
	c.booting.Store(node.Name, node)
	go c.join(ctx, claim.Name, node)
	return claimOf(node), nil
}

// join makes the node once its instance has booted, unless the instance or its claim is gone by then.
func (c *cloud) join(ctx context.Context, claim string, node *corev1.Node) {
	defer c.booting.Delete(node.Name)
	select {
	case <-c.ctx.Done():
		return
	case <-time.After(c.boot):
	}
	if _, still := c.booting.Load(node.Name); !still {
		return
	}
	err := retry.OnError(retry.DefaultBackoff, func(error) bool { return c.ctx.Err() == nil }, func() error {
		return client.IgnoreAlreadyExists(c.client.Create(c.ctx, node))
	})
	if err != nil {
		log.FromContext(ctx).Error(err, "the node of an instance could not be made", "nodeclaim", claim)
	}
}

// Delete ends an instance at once. Karpenter has drained its node by then and takes the node away itself.
func (c *cloud) Delete(_ context.Context, claim *v1.NodeClaim) error {
	c.booting.Delete(nameOf(claim.Status.ProviderID))
	return cloudprovider.NewNodeClaimNotFoundError(errors.New("the instance is terminated"))
}

func (c *cloud) Get(ctx context.Context, providerID string) (*v1.NodeClaim, error) {
	if node, is := c.booting.Load(nameOf(providerID)); is {
		return claimOf(node.(*corev1.Node)), nil
	}
	node := &corev1.Node{}
	if err := c.client.Get(ctx, types.NamespacedName{Name: nameOf(providerID)}, node); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, cloudprovider.NewNodeClaimNotFoundError(err)
		}
		return nil, fmt.Errorf("finding the node of an instance, %w", err)
	}
	if node.DeletionTimestamp != nil {
		return nil, cloudprovider.NewNodeClaimNotFoundError(fmt.Errorf("node %s is being deleted", node.Name))
	}
	return claimOf(node), nil
}

func (c *cloud) List(ctx context.Context) ([]*v1.NodeClaim, error) {
	nodes := &corev1.NodeList{}
	if err := c.client.List(ctx, nodes, client.HasLabels{v1.NodePoolLabelKey}); err != nil {
		return nil, fmt.Errorf("listing nodes, %w", err)
	}
	var claims []*v1.NodeClaim
	for i := range nodes.Items {
		claims = append(claims, claimOf(&nodes.Items[i]))
	}
	return claims, nil
}

func (c *cloud) GetInstanceTypes(ctx context.Context, pool *v1.NodePool) ([]*cloudprovider.InstanceType, error) {
	class := &NodeClass{}
	name := types.NamespacedName{Name: pool.Spec.Template.Spec.NodeClassRef.Name}
	if err := c.client.Get(ctx, name, class); err != nil {
		return nil, err
	}
	used, err := c.used(ctx)
	if err != nil {
		return nil, err
	}
	return c.market.offered(class, used), nil
}

func (c *cloud) IsDrifted(context.Context, *v1.NodeClaim) (cloudprovider.DriftReason, error) {
	return "", nil
}

func (c *cloud) Name() string { return "eks" }

func (c *cloud) GetSupportedNodeClasses() []status.Object { return []status.Object{&NodeClass{}} }

func (c *cloud) RepairPolicies() []cloudprovider.RepairPolicy {
	return []cloudprovider.RepairPolicy{
		{ConditionType: corev1.NodeReady, ConditionStatus: corev1.ConditionFalse, TolerationDuration: 30 * time.Minute},
		{ConditionType: corev1.NodeReady, ConditionStatus: corev1.ConditionUnknown, TolerationDuration: 30 * time.Minute},
	}
}

// used counts the instances of each reservation.
func (c *cloud) used(ctx context.Context) (map[string]int, error) {
	nodes := &corev1.NodeList{}
	if err := c.client.List(ctx, nodes, client.HasLabels{reservationLabel}); err != nil {
		return nil, fmt.Errorf("listing the instances of reservations, %w", err)
	}
	counts, seen := map[string]int{}, map[string]bool{}
	for _, node := range nodes.Items {
		counts[node.Labels[reservationLabel]]++
		seen[node.Name] = true
	}
	c.booting.Range(func(_, value any) bool {
		node := value.(*corev1.Node)
		if id := node.Labels[reservationLabel]; id != "" && !seen[node.Name] {
			counts[id]++
		}
		return true
	})
	return counts, nil
}

// nodeOf is the node that an instance will join as; Auto Mode names a node by its instance.
func nodeOf(claim *v1.NodeClaim, got *bought) *corev1.Node {
	number := make([]byte, 8)
	rand.Read(number)
	name := "i-0" + hex.EncodeToString(number)
	labels := map[string]string{}
	maps.Copy(labels, claim.Labels)
	for _, requirements := range []scheduling.Requirements{
		scheduling.NewNodeSelectorRequirementsWithMinValues(claim.Spec.Requirements...),
		got.kind.Requirements,
		got.offer.Requirements,
	} {
		for _, one := range requirements {
			if one.Len() == 1 && one.Operator() == corev1.NodeSelectorOpIn {
				labels[one.Key] = one.Any()
			}
		}
	}
	if got.offer.CapacityType() != v1.CapacityTypeReserved {
		delete(labels, reservationLabel)
	}
	zone := got.offer.Zone()
	labels[corev1.LabelHostname] = name
	labels[corev1.LabelTopologyRegion] = strings.TrimRight(zone, "abcdefghijklmnopqrstuvwxyz")
	labels[group+"/compute-type"] = "auto"
	labels[fake] = "fake"
	annotations := map[string]string{}
	maps.Copy(annotations, claim.Annotations)
	annotations[fake] = "fake"
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, Annotations: annotations},
		Spec: corev1.NodeSpec{
			ProviderID: providerPrefix + zone + "/" + name,
			Taints:     []corev1.Taint{v1.UnregisteredNoExecuteTaint},
		},
		Status: corev1.NodeStatus{
			Capacity:    got.kind.Capacity,
			Allocatable: got.kind.Allocatable(),
			Phase:       corev1.NodePending,
		},
	}
}

func claimOf(node *corev1.Node) *v1.NodeClaim {
	return &v1.NodeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Name: node.Name, Labels: node.Labels, Annotations: map[string]string{fake: "fake"},
			CreationTimestamp: node.CreationTimestamp, DeletionTimestamp: node.DeletionTimestamp,
		},
		Status: v1.NodeClaimStatus{
			NodeName:    node.Name,
			ProviderID:  node.Spec.ProviderID,
			Capacity:    node.Status.Capacity,
			Allocatable: node.Status.Allocatable,
		},
	}
}

func nameOf(providerID string) string {
	return providerID[strings.LastIndex(providerID, "/")+1:]
}
