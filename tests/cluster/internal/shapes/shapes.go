// Package shapes describes the kinds of simulated nodes.
package shapes

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// shape is one kind of machine. Simulated nodes look like real ones with the GPU operator's feature
// labels and the device plugins' capacity.
type shape struct {
	product string // value of nvidia.com/gpu.product; empty: no such label
	arch    string
	cpu     string
	memory  string
	gpus    int // also the number of RDMA devices
	labels  map[string]string
}

var shapes = map[string]shape{
	"b200": {product: "NVIDIA-B200", arch: "amd64", cpu: "224", memory: "2Ti", gpus: 8,
		labels: map[string]string{"models.disagg.dev/minimax-m3-nvfp4": "staged"}},
	"b300":  {product: "NVIDIA-B300", arch: "amd64", cpu: "224", memory: "4Ti", gpus: 8},
	"h200":  {product: "NVIDIA-H200", arch: "amd64", cpu: "192", memory: "2Ti", gpus: 8},
	"gb200": {product: "NVIDIA-GB200", arch: "arm64", cpu: "144", memory: "960Gi", gpus: 4},
	// A GPU node whose labels nobody has set: capacity alone must not attract pods that ask for a
	// product.
	"gpu-unlabelled": {arch: "amd64", cpu: "224", memory: "2Ti", gpus: 8},
	// Where pods without a GPU land: the others are tainted.
	"cpu": {arch: "amd64", cpu: "32", memory: "128Gi"},
}

// Names lists the known shapes.
func Names() []string {
	names := make([]string, 0, len(shapes))
	for name := range shapes {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Counts says how many nodes of each shape to make.
type Counts map[string]int

// Add increases the number of nodes of a shape.
func (c Counts) Add(name string, count int) error {
	if _, known := shapes[name]; !known {
		return fmt.Errorf("unknown node shape %q; known: %s", name, strings.Join(Names(), ", "))
	}
	if count < 0 {
		return fmt.Errorf("%d nodes of shape %s", count, name)
	}
	c[name] += count
	return nil
}

// Parse adds what a list such as "cpu=1,h200=2" asks for.
func (c Counts) Parse(list string) error {
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		name, number, _ := strings.Cut(item, "=")
		count, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("%q is not SHAPE=NUMBER", item)
		}
		if err := c.Add(name, count); err != nil {
			return err
		}
	}
	return nil
}

// Object is a Kubernetes object, ready for JSON.
type Object = map[string]any

// Nodes renders all nodes in a stable order, named for shape and number: b200-0, b200-1, ...
func (c Counts) Nodes() []Object {
	var nodes []Object
	for _, name := range Names() {
		for i := range c[name] {
			nodes = append(nodes, shapes[name].node(fmt.Sprintf("%s-%d", name, i)))
		}
	}
	return nodes
}

func (s shape) node(name string) Object {
	spec := Object{}
	if s.gpus > 0 {
		spec["taints"] = []Object{{"key": "nvidia.com/gpu", "effect": "NoSchedule"}}
	}
	return Object{
		"apiVersion": "v1",
		"kind":       "Node",
		"metadata": Object{
			"name":   name,
			"labels": s.nodeLabels(name),
		},
		"spec": spec,
		"status": Object{
			"capacity":    s.capacity(),
			"allocatable": s.capacity(),
			"nodeInfo":    Object{"architecture": s.arch, "operatingSystem": "linux"},
		},
	}
}

func (s shape) nodeLabels(name string) map[string]string {
	labels := map[string]string{
		"kubernetes.io/arch":          s.arch,
		"kubernetes.io/os":            "linux",
		"kubernetes.io/hostname":      name,
		"topology.kubernetes.io/zone": "z0",
		"type":                        "kwok",
	}
	if s.product != "" {
		labels["nvidia.com/gpu.product"] = s.product
		labels["nvidia.com/gpu.count"] = strconv.Itoa(s.gpus)
	}
	for key, value := range s.labels {
		labels[key] = value
	}
	return labels
}

func (s shape) capacity() map[string]string {
	capacity := map[string]string{"cpu": s.cpu, "memory": s.memory, "pods": "250"}
	if s.gpus > 0 {
		capacity["nvidia.com/gpu"] = strconv.Itoa(s.gpus)
		capacity["rdma/ib"] = strconv.Itoa(s.gpus)
	}
	return capacity
}
