package cluster

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"disagg.dev/tests/cluster/internal/programs"
	"disagg.dev/tests/cluster/internal/realnode"
	"disagg.dev/tests/cluster/internal/shapes"
)

// Options say what kind of cluster to run.
type Options struct {
	Dir              string // state: PKI, data, logs, kubeconfig
	ControlPlaneOnly bool   // etcd and kube-apiserver, nothing that acts on objects
	Nodes            shapes.Counts
	RealNode         *RealNode // nil: simulated nodes only
	Audit            bool
	KwokConfigs      []string
	APIServerArgs    []string
	Kubernetes       string // minor version of the programs; empty: the newest that is pinned
	// NodeMonitorGracePeriod is how long a node may be silent before it counts as unreachable;
	// empty: the default of kube-controller-manager.
	NodeMonitorGracePeriod string
}

// ParseOptions reads the command line of `up` and `run`.
func ParseOptions(flags *flag.FlagSet, args []string) (Options, error) {
	options := Options{Nodes: shapes.Counts{}}
	real := addRealNodeFlags(flags)
	var nodes int
	var shape, extra string
	flags.StringVar(&options.Dir, "dir", "", "directory for the state of the cluster")
	kubernetes := programs.KubernetesFlag(flags)
	flags.IntVar(&nodes, "kwok-nodes", 0, "number of simulated nodes of --shape")
	flags.StringVar(&shape, "shape", "b200", "shape of --kwok-nodes: "+strings.Join(shapes.Names(), ", "))
	flags.StringVar(&extra, "extra-nodes", "", "further simulated nodes, as in cpu=1,h200=2")
	flags.BoolVar(&options.ControlPlaneOnly, "control-plane-only", false,
		"run etcd and kube-apiserver only, without ServiceAccount admission")
	flags.BoolVar(&options.Audit, "audit", false, "write the metadata of every request to logs/audit.log")
	flags.Var((*list)(&options.KwokConfigs), "kwok-config", "file with further kwok stages; repeatable")
	flags.Var((*list)(&options.APIServerArgs), "apiserver-arg", "further kube-apiserver flag; repeatable")
	flags.StringVar(&options.NodeMonitorGracePeriod, "node-monitor-grace-period", "",
		"how long a node may be silent, as in 20s")
	err := flags.Parse(args)
	if err != nil {
		return Options{}, err
	}
	options.Kubernetes = *kubernetes
	if options.RealNode, err = real.parse(); err != nil {
		return Options{}, err
	}
	if flags.NArg() > 0 {
		return Options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err := options.Nodes.Add(shape, nodes); err != nil {
		return Options{}, err
	}
	if err := options.Nodes.Parse(extra); err != nil {
		return Options{}, err
	}
	return options, options.complete()
}

// Programs are the components of the cluster and what these call.
func (o Options) Programs() []string {
	if o.RealNode == nil {
		return o.components()
	}
	return append(o.components(), realnode.Tools...)
}

// components are in the order of starting.
func (o Options) components() []string { return append(o.foundations(), o.clients()...) }

// foundations are the components without which the others end at once.
func (o Options) foundations() []string {
	if o.RealNode == nil {
		return []string{etcd, apiServer}
	}
	return []string{etcd, apiServer, realnode.Containerd}
}

// clients are the components that talk to the API server.
func (o Options) clients() []string {
	if o.ControlPlaneOnly {
		return nil
	}
	clients := []string{controllerManager, scheduler, kwok}
	if o.RealNode != nil {
		clients = append(clients, realnode.Kubelet, realnode.KubeProxy, realnode.CoreDNS)
	}
	return clients
}

// startTimeout leaves time for large images.
func (o Options) startTimeout() time.Duration {
	if o.RealNode == nil {
		return startTimeout
	}
	return startTimeout + time.Duration(len(o.RealNode.Images))*imageTimeout
}

func (o *Options) complete() (err error) {
	if o.Dir == "" {
		return fmt.Errorf("--dir is missing")
	}
	if o.ControlPlaneOnly && (len(o.Nodes.Nodes()) > 0 || o.RealNode != nil) {
		return fmt.Errorf("--control-plane-only runs no kwok and no scheduler: it cannot have nodes")
	}
	for i, config := range o.KwokConfigs {
		if o.KwokConfigs[i], err = filepath.Abs(config); err != nil {
			return err
		}
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return err
	}
	return o.RealNode.check(o.Dir)
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }
