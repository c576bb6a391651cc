package programs

import "slices"

// program says where a binary comes from and how it learns its own version.
type program struct {
	name   string
	module string // folder below modules/; with kubernetesModule a version is still to be added
	pkg    string // main package to build
	stamps []stamp
	asset  bool // KUBEBUILDER_ASSETS may provide it
}

// stamp sets string variables of a program from the version its go.mod pins for a module. In the
// settings, {version} is "v1.34.4", {major} "1" and {minor} "34".
type stamp struct {
	module   string
	settings []string
}

// Without these the API server reports v0.0.0-master, and clients warn about version skew.
var kubernetesVersion = []stamp{{
	module: "k8s.io/kubernetes",
	settings: []string{
		"k8s.io/component-base/version.gitVersion={version}",
		"k8s.io/component-base/version.gitMajor={major}",
		"k8s.io/component-base/version.gitMinor={minor}",
	},
}}

// Charts ask for a Kubernetes version; Helm's built-in answer without a cluster is 1.20.
var helmVersion = []stamp{
	{
		module:   "helm.sh/helm/v3",
		settings: []string{"helm.sh/helm/v3/internal/version.version={version}"},
	},
	{
		module: "k8s.io/client-go",
		settings: []string{
			"helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1",
			"helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor={minor}",
			"helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1",
			"helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor={minor}",
		},
	},
}

func kubernetes(name string) program {
	return program{name: name, module: kubernetesModule, pkg: "k8s.io/kubernetes/cmd/" + name,
		stamps: kubernetesVersion}
}

// Without it containerd reports an unknown version, and the kubelet shows that on the node.
var containerdVersion = []stamp{{
	module:   "github.com/containerd/containerd/v2",
	settings: []string{"github.com/containerd/containerd/v2/version.Version={version}"},
}}

func containerd(name string) program {
	return program{name: name, module: "containerd", pkg: "github.com/containerd/containerd/v2/cmd/" + name,
		stamps: containerdVersion}
}

// cni is a network plugin; containerd calls it by the name of its binary.
func cni(kind, name string) program {
	return program{name: name, module: "cni",
		pkg: "github.com/containernetworking/plugins/plugins/" + kind + "/" + name}
}

func (p program) fromAssets() program { p.asset = true; return p }

// The order is the order of building: the small ones first, so that a broken toolchain shows early.
var table = []program{
	program{name: "etcd", module: kubernetesModule, pkg: "go.etcd.io/etcd/server/v3"}.fromAssets(),
	kubernetes("kube-apiserver").fromAssets(),
	kubernetes("kube-controller-manager"),
	kubernetes("kube-scheduler"),
	kubernetes("kubectl").fromAssets(),
	{name: "kwok", module: "kwok", pkg: "sigs.k8s.io/kwok/cmd/kwok"},
	{name: "helm", module: "helm", pkg: "helm.sh/helm/v3/cmd/helm", stamps: helmVersion},
	// For clusters with real nodes only.
	kubernetes("kubelet"),
	kubernetes("kube-proxy"),
	{name: "coredns", module: "coredns", pkg: "github.com/coredns/coredns"},
	containerd("containerd"),
	containerd("containerd-shim-runc-v2"),
	containerd("ctr"),
	cni("main", "ptp"),
	cni("main", "loopback"),
	cni("ipam", "host-local"),
	cni("meta", "portmap"),
	{name: "pause", module: "pause", pkg: "disagg.dev/tests/cluster/pause"},
}

// All lists every pinned program.
func All() []string {
	names := make([]string, len(table))
	for i, p := range table {
		names[i] = p.name
	}
	return names
}

// pinned is the table for one version of Kubernetes.
func pinned(kubernetes string) []program {
	programs := slices.Clone(table)
	for i := range programs {
		if programs[i].module == kubernetesModule {
			programs[i].module += kubernetes
		}
	}
	return programs
}
