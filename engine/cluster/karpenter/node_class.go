package main

import (
	"github.com/awslabs/operatorpkg/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
)

const group = "eks.amazonaws.com"

// NodeClass is what Karpenter needs to know of a node class of EKS: what the account resolved it to.
type NodeClass struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Status NodeClassStatus `json:"status,omitempty"`
}

// NodeClassStatus is written by the account, which knows subnets and reservations.
type NodeClassStatus struct {
	Conditions           []status.Condition `json:"conditions,omitempty"`
	Subnets              []Subnet           `json:"subnets,omitempty"`
	CapacityReservations []Reservation      `json:"capacityReservations,omitempty"`
}

// Subnet is a place for instances.
type Subnet struct {
	ID   string `json:"id"`
	Zone string `json:"zone,omitempty"`
}

// Reservation is capacity that is paid for already.
type Reservation struct {
	ID               string `json:"id"`
	InstanceType     string `json:"instanceType"`
	AvailabilityZone string `json:"availabilityZone"`
	Count            int    `json:"totalInstanceCount,omitempty"`
}

// NodeClassList is a list of them.
type NodeClassList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NodeClass `json:"items"`
}

func (in *NodeClass) StatusConditions() status.ConditionSet {
	return status.NewReadyConditions().For(in)
}

func (in *NodeClass) GetConditions() []status.Condition { return in.Status.Conditions }

func (in *NodeClass) SetConditions(conditions []status.Condition) { in.Status.Conditions = conditions }

func (in *NodeClass) DeepCopyObject() runtime.Object {
	out := &NodeClass{TypeMeta: in.TypeMeta}
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Status = NodeClassStatus{
		Conditions:           append([]status.Condition(nil), in.Status.Conditions...),
		Subnets:              append([]Subnet(nil), in.Status.Subnets...),
		CapacityReservations: append([]Reservation(nil), in.Status.CapacityReservations...),
	}
	return out
}

func (in *NodeClassList) DeepCopyObject() runtime.Object {
	out := &NodeClassList{TypeMeta: in.TypeMeta}
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	for i := range in.Items {
		out.Items = append(out.Items, *in.Items[i].DeepCopyObject().(*NodeClass))
	}
	return out
}

func init() {
	version := schema.GroupVersion{Group: group, Version: "v1"}
	metav1.AddToGroupVersion(scheme.Scheme, version)
	scheme.Scheme.AddKnownTypes(version, &NodeClass{}, &NodeClassList{})
	cloudprovider.ReservationIDLabel = reservationLabel
	v1.WellKnownLabels = v1.WellKnownLabels.Insert(reservationLabel)
	v1.WellKnownLabels = v1.WellKnownLabels.Insert(instanceLabels...)
}
