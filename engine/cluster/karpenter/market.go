package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/scheduling"
	"sigs.k8s.io/karpenter/pkg/utils/resources"
)

const reservationLabel = group + "/capacity-reservation-id"

// memory is how long EC2's own provider believes that an offer is sold out after one launch failed.
const memory = 3 * time.Minute

// instanceLabels are the labels of EKS Auto Mode that tell of an instance type.
var instanceLabels = []string{
	group + "/instance-category", group + "/instance-family", group + "/instance-generation",
	group + "/instance-size", group + "/instance-cpu", group + "/instance-memory", group + "/instance-hypervisor",
	group + "/instance-gpu-name", group + "/instance-gpu-manufacturer",
	group + "/instance-gpu-count", group + "/instance-gpu-memory",
}

// instanceType is one entry of the file of instance types.
type instanceType struct {
	Name             string              `json:"name"`
	Architecture     string              `json:"architecture"`
	OperatingSystems []string            `json:"operatingSystems"`
	Labels           map[string]string   `json:"labels"`
	Resources        corev1.ResourceList `json:"resources"`
	Overhead         corev1.ResourceList `json:"overhead"`
	Offerings        []offering          `json:"offerings"`
}

type offering struct {
	Price        float64                          `json:"price"`
	Requirements []corev1.NodeSelectorRequirement `json:"requirements"`
}

// lot names offers; * stands for all.
type lot struct {
	InstanceType string `json:"instanceType"`
	Zone         string `json:"zone"`
	CapacityType string `json:"capacityType"`
}

func (l lot) covers(other lot) bool {
	return matches(l.InstanceType, other.InstanceType) && matches(l.Zone, other.Zone) &&
		matches(l.CapacityType, other.CapacityType)
}

func matches(pattern, value string) bool { return pattern == "*" || pattern == value }

// market knows what is offered, what is sold out, and what a failed launch taught Karpenter of it.
type market struct {
	types []instanceType
	path  string

	lock    sync.Mutex
	learned map[lot]time.Time
}

// bought is what a launch got.
type bought struct {
	kind  *cloudprovider.InstanceType
	offer *cloudprovider.Offering
}

// openMarket reads the instance types; `path` is the file of what is sold out, read anew each time, and may be absent.
func openMarket(types, path string) (*market, error) {
	raw, err := os.ReadFile(types)
	if err != nil {
		return nil, fmt.Errorf("INSTANCE_TYPES_FILE_PATH: %w", err)
	}
	m := &market{path: path, learned: map[lot]time.Time{}}
	if err := json.Unmarshal(raw, &m.types); err != nil {
		return nil, fmt.Errorf("INSTANCE_TYPES_FILE_PATH: %s: %w", types, err)
	}
	return m, nil
}

// offered is every instance type as a node class sees it: in the zones of its subnets, with its reservations.
// `used` counts running instances by reservation.
func (m *market) offered(class *NodeClass, used map[string]int) []*cloudprovider.InstanceType {
	soldOut := m.soldOut()
	zones := map[string]bool{}
	for _, subnet := range class.Status.Subnets {
		zones[subnet.Zone] = true
	}
	result := make([]*cloudprovider.InstanceType, 0, len(m.types))
	for _, one := range m.types {
		var offerings cloudprovider.Offerings
		for _, offer := range one.Offerings {
			made := &cloudprovider.Offering{
				Requirements: scheduling.NewNodeSelectorRequirements(offer.Requirements...),
				Price:        offer.Price,
			}
			if len(zones) > 0 && !zones[made.Zone()] {
				continue
			}
			made.Available = !m.knownSoldOut(soldOut, lotOf(one.Name, made))
			offerings = append(offerings, made)
		}
		offerings = append(offerings, reserved(one, class, used)...)
		result = append(result, describe(one, offerings))
	}
	return result
}

// buy gets the cheapest offer of the first capacity type that can be had: reserved, then spot, then on-demand, as
// EC2's provider of Karpenter does. An offer that turns out to be sold out is remembered as such.
func (m *market) buy(
	types []*cloudprovider.InstanceType, wanted scheduling.Requirements, requests corev1.ResourceList,
) (*bought, error) {
	soldOut := m.soldOut()
	for _, kind := range []string{v1.CapacityTypeReserved, v1.CapacityTypeSpot, v1.CapacityTypeOnDemand} {
		if !wanted.Get(v1.CapacityTypeLabelKey).Has(kind) {
			continue
		}
		var choices []bought
		for _, one := range types {
			fits := wanted.IsCompatible(one.Requirements, scheduling.AllowUndefinedWellKnownLabels) &&
				resources.Fits(requests, one.Allocatable())
			if !fits {
				continue
			}
			for _, offer := range one.Offerings.Available().Compatible(wanted) {
				if offer.CapacityType() == kind {
					choices = append(choices, bought{one, offer})
				}
			}
		}
		if len(choices) == 0 {
			continue
		}
		sort.SliceStable(choices, func(a, b int) bool { return choices[a].offer.Price < choices[b].offer.Price })
		for i := range choices {
			asked := lotOf(choices[i].kind.Name, choices[i].offer)
			if !covered(soldOut, asked) {
				return &choices[i], nil
			}
			m.learn(asked)
		}
		return nil, fmt.Errorf("no %s capacity is left of %d offers, first of %s in %s",
			kind, len(choices), choices[0].kind.Name, choices[0].offer.Zone())
	}
	return nil, fmt.Errorf("no offer meets the requirements")
}

// soldOut reads what the account says; nothing is sold out where there is no file.
func (m *market) soldOut() []lot {
	var said struct {
		SoldOut []lot `json:"soldOut"`
	}
	if raw, err := os.ReadFile(m.path); err == nil {
		if json.Unmarshal(raw, &said) != nil {
			return nil
		}
	}
	return said.SoldOut
}

func (m *market) learn(offer lot) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.learned[offer] = time.Now()
}

// knownSoldOut says whether a launch failed on the offer lately, and would fail again.
func (m *market) knownSoldOut(soldOut []lot, offer lot) bool {
	m.lock.Lock()
	defer m.lock.Unlock()
	when, known := m.learned[offer]
	if known && (time.Since(when) > memory || !covered(soldOut, offer)) {
		delete(m.learned, offer)
		known = false
	}
	return known
}

func covered(lots []lot, offer lot) bool {
	for _, one := range lots {
		if one.covers(offer) {
			return true
		}
	}
	return false
}

func lotOf(name string, offer *cloudprovider.Offering) lot {
	return lot{InstanceType: name, Zone: offer.Zone(), CapacityType: offer.CapacityType()}
}

// reserved gives the offers of a node class's reservations: they cost nothing more and end with their count.
func reserved(one instanceType, class *NodeClass, used map[string]int) cloudprovider.Offerings {
	var offerings cloudprovider.Offerings
	for _, reservation := range class.Status.CapacityReservations {
		if reservation.InstanceType != one.Name {
			continue
		}
		left := reservation.Count - used[reservation.ID]
		offerings = append(offerings, &cloudprovider.Offering{
			Requirements: scheduling.NewLabelRequirements(map[string]string{
				v1.CapacityTypeLabelKey:  v1.CapacityTypeReserved,
				corev1.LabelTopologyZone: reservation.AvailabilityZone,
				reservationLabel:         reservation.ID,
			}),
			Available:           left > 0,
			ReservationCapacity: max(left, 0),
		})
	}
	return offerings
}

// describe says of an instance type all that a pool or pod may ask for; a label that it has not, it surely has not.
func describe(one instanceType, offerings cloudprovider.Offerings) *cloudprovider.InstanceType {
	zones, kinds := map[string]bool{}, map[string]bool{}
	for _, offer := range offerings {
		zones[offer.Zone()], kinds[offer.CapacityType()] = true, true
	}
	requirements := scheduling.NewRequirements(
		scheduling.NewRequirement(corev1.LabelInstanceTypeStable, corev1.NodeSelectorOpIn, one.Name),
		scheduling.NewRequirement(corev1.LabelArchStable, corev1.NodeSelectorOpIn, one.Architecture),
		scheduling.NewRequirement(corev1.LabelOSStable, corev1.NodeSelectorOpIn, one.OperatingSystems...),
		scheduling.NewRequirement(corev1.LabelTopologyZone, corev1.NodeSelectorOpIn, keys(zones)...),
		scheduling.NewRequirement(v1.CapacityTypeLabelKey, corev1.NodeSelectorOpIn, keys(kinds)...),
		scheduling.NewRequirement(corev1.LabelWindowsBuild, corev1.NodeSelectorOpDoesNotExist),
	)
	for _, label := range instanceLabels {
		if value, has := one.Labels[label]; has {
			requirements.Add(scheduling.NewRequirement(label, corev1.NodeSelectorOpIn, value))
		} else {
			requirements.Add(scheduling.NewRequirement(label, corev1.NodeSelectorOpDoesNotExist))
		}
	}
	var reservations []string
	for _, offer := range offerings {
		if offer.CapacityType() == v1.CapacityTypeReserved {
			reservations = append(reservations, offer.ReservationID())
		}
	}
	if len(reservations) > 0 {
		requirements.Add(scheduling.NewRequirement(reservationLabel, corev1.NodeSelectorOpIn, reservations...))
	} else {
		requirements.Add(scheduling.NewRequirement(reservationLabel, corev1.NodeSelectorOpDoesNotExist))
	}
	return &cloudprovider.InstanceType{
		Name:         one.Name,
		Requirements: requirements,
		Offerings:    offerings,
		Capacity:     one.Resources,
		Overhead:     &cloudprovider.InstanceTypeOverhead{KubeReserved: one.Overhead},
	}
}

func keys(set map[string]bool) []string {
	var result []string
	for key := range set {
		result = append(result, key)
	}
	sort.Strings(result)
	return result
}
