package cluster

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"disagg.dev/tests/cluster/internal/realnode"
)

// RealNode says what the real node of a cluster looks like.
type RealNode struct {
	Labels   map[string]string
	Capacity map[string]string // beside what the kubelet finds
	Images   []string          // archives to load
}

// Without flags the node looks like one of the chart's class b200.
const (
	defaultNodeLabels   = "nvidia.com/gpu.product=NVIDIA-B200,nvidia.com/gpu.count=8"
	defaultNodeCapacity = "nvidia.com/gpu=8,rdma/ib=8"
)

type realNodeFlags struct {
	node             bool
	labels, capacity string
	images           list
}

func addRealNodeFlags(flags *flag.FlagSet) *realNodeFlags {
	f := &realNodeFlags{}
	flags.BoolVar(&f.node, "node", false,
		"run a real node, "+realnode.Name+", with containerd and kubelet; needs root")
	flags.StringVar(&f.labels, "node-labels", defaultNodeLabels, "labels of the real node, as in a=b,c=d")
	flags.StringVar(&f.capacity, "node-capacity", defaultNodeCapacity,
		"capacity of the real node beside CPU and memory")
	flags.Var(&f.images, "node-image", "OCI or docker archive to load into the real node; repeatable")
	return f
}

func (f *realNodeFlags) parse() (*RealNode, error) {
	if !f.node {
		if len(f.images) > 0 {
			return nil, fmt.Errorf("--node-image %s: there is no real node to load it into; add --node",
				f.images[0])
		}
		return nil, nil
	}
	labels, err := parsePairs("--node-labels", f.labels)
	if err != nil {
		return nil, err
	}
	capacity, err := parsePairs("--node-capacity", f.capacity)
	if err != nil {
		return nil, err
	}
	return &RealNode{Labels: labels, Capacity: capacity, Images: f.images}, nil
}

func parsePairs(flag, text string) (map[string]string, error) {
	pairs := map[string]string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		key, value, ok := strings.Cut(item, "=")
		if !ok {
			return nil, fmt.Errorf("%s: %q is not KEY=VALUE", flag, item)
		}
		pairs[key] = value
	}
	return pairs, nil
}

// archivePath holds for the supervisor too.
func archivePath(file string) (string, error) {
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("image archive: %w", err)
	}
	return filepath.Abs(file)
}

// check fails before anything is started where there cannot be a real node.
func (r *RealNode) check(dir string) (err error) {
	if r == nil {
		return nil
	}
	if strings.HasPrefix(dir, "/run/") {
		return fmt.Errorf("--dir %s: a real node has a /run of its own; choose a directory elsewhere", dir)
	}
	for i, image := range r.Images {
		if r.Images[i], err = archivePath(image); err != nil {
			return fmt.Errorf("--node-image: %w", err)
		}
	}
	return realnode.CheckMachine()
}
