package realnode

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Names of the components of a node.
const (
	Containerd = "containerd"
	Kubelet    = "kubelet"
	KubeProxy  = "kube-proxy"
	CoreDNS    = "coredns"
)

var components = []string{Containerd, Kubelet, KubeProxy, CoreDNS}

// IsComponent tells whether a component of a cluster runs on the node.
func IsComponent(name string) bool { return slices.Contains(components, name) }

// Tools are the programs that the components call.
var Tools = []string{"containerd-shim-runc-v2", "ctr", "ptp", "loopback", "host-local", "portmap", "pause"}

// Name is the name of the node, of which a cluster has at most one.
const Name = "real-0"

// ServingCertificate is the name of the kubelet's own key pair in the directory of keys.
const ServingCertificate = "kubelet-serving"

// Layout says where the parts of a node are.
type Layout struct {
	Dir      string // its state
	Programs string // directory of the built programs
	Keys     string // kubeconfigs NAME.kubeconfig, ca.crt and the kubelet's certificate
	Network  Network
	Labels   map[string]string
}

const (
	containerdSocket = "/run/containerd/containerd.sock" // as the node sees it
	healthPort       = 10248
	proxyHealthPort  = 10256
	dnsReadyPort     = 8181
)

func (l Layout) path(name string) string    { return filepath.Join(l.Dir, name) }
func (l Layout) program(name string) string { return filepath.Join(l.Programs, name) }
func (l Layout) key(name string) string     { return filepath.Join(l.Keys, name) }

func linkName(dir string) string { return "lc" + id(dir) }

func (l Layout) link() string { return linkName(l.Dir) }

// HealthURL answers 200 when a component can do its work. containerd has none; see Node.Ready.
func (l Layout) HealthURL(component string) string {
	at := func(port int, path string) string {
		return fmt.Sprintf("http://%s:%d/%s", l.Network.Node(), port, path)
	}
	switch component {
	case Kubelet:
		return at(healthPort, "healthz")
	case KubeProxy:
		return at(proxyHealthPort, "healthz")
	default:
		return at(dnsReadyPort, "ready")
	}
}

// Args is the command line of a component.
func (l Layout) Args(component string) []string {
	switch component {
	case Containerd:
		return []string{"--config=" + l.path("containerd.toml")}
	case Kubelet:
		return []string{
			"--config=" + l.path("kubelet.yaml"),
			"--kubeconfig=" + l.key(Kubelet+".kubeconfig"),
			"--hostname-override=" + Name, "--node-ip=" + l.Network.Node(),
			"--root-dir=" + l.path("kubelet"), "--cert-dir=" + l.path("kubelet-pki"),
			"--node-labels=" + l.labels(),
		}
	case KubeProxy:
		return []string{"--config=" + l.path("kube-proxy.yaml")}
	default:
		return []string{"-conf=" + l.path("Corefile")}
	}
}

func (l Layout) labels() string {
	var labels []string
	for key, value := range l.Labels {
		labels = append(labels, key+"="+value)
	}
	slices.Sort(labels)
	return strings.Join(labels, ",")
}
