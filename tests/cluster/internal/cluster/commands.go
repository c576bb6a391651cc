package cluster

import (
	"net"
	"strconv"

	"disagg.dev/tests/cluster/internal/realnode"
)

// Names of the components, as `ctl` takes them.
const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
	kwok              = "kwok"
)

// plan is the layout of one cluster: what runs where.
type plan struct {
	options Options
	state   state
	port    map[string]int   // of each component
	peer    int              // etcd's second port
	node    *realnode.Layout // nil without a real node
}

func newPlan(options Options, programs string, ports *ports) (*plan, error) {
	p := &plan{options: options, state: state(options.Dir), port: map[string]int{}}
	var err error
	for _, name := range options.components() {
		if p.port[name], err = ports.take(); err != nil {
			return nil, err
		}
	}
	if p.peer, err = ports.take(); err != nil || options.RealNode == nil {
		return p, err
	}
	network, err := ports.takeNetwork()
	p.node = &realnode.Layout{Dir: p.state.path(nodeDir), Programs: programs, Keys: p.state.path("pki"),
		Network: network, Labels: options.RealNode.Labels}
	return p, err
}

// serverHost is the address of the API server. Pods have to reach it where they are real.
func (p *plan) serverHost() string {
	if p.node == nil {
		return "127.0.0.1"
	}
	return p.node.Network.Host()
}

func (p *plan) server() string {
	return "https://" + net.JoinHostPort(p.serverHost(), strconv.Itoa(p.port[apiServer]))
}

func (p *plan) etcdURL() string { return "http://" + address(p.port[etcd]) }

func (p *plan) args(name string) []string {
	switch name {
	case etcd:
		return p.etcdArgs()
	case apiServer:
		return p.apiServerArgs()
	case controllerManager:
		return p.controllerManagerArgs()
	case scheduler:
		return p.schedulerArgs()
	case kwok:
		return p.kwokArgs()
	default:
		return p.node.Args(name)
	}
}

// healthURL answers 200 when a component can do its work.
func (p *plan) healthURL(name string) string {
	at := address(p.port[name])
	switch name {
	case etcd:
		return "http://" + at + "/health"
	case apiServer:
		return p.server() + "/readyz"
	case scheduler:
		return "https://" + at + "/readyz"
	case controllerManager:
		return "https://" + at + "/healthz"
	case kwok:
		return "http://" + at + "/healthz"
	default:
		return p.node.HealthURL(name)
	}
}

func (p *plan) etcdArgs() []string {
	peer := "http://" + address(p.peer)
	return []string{
		"--name=local", "--data-dir=" + p.state.data(etcd),
		"--listen-client-urls=" + p.etcdURL(), "--advertise-client-urls=" + p.etcdURL(),
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=local=" + peer,
		"--unsafe-no-fsync", // the data need not survive a power cut
		"--log-level=warn",
	}
}

func (p *plan) apiServerArgs() []string {
	args := []string{
		"--etcd-servers=" + p.etcdURL(),
		"--bind-address=" + p.serverHost(), "--advertise-address=" + p.serverHost(),
		"--secure-port=" + strconv.Itoa(p.port[apiServer]),
		"--cert-dir=" + p.state.data(apiServer),
		"--tls-cert-file=" + p.state.pki("server.crt"),
		"--tls-private-key-file=" + p.state.pki("server.key"),
		"--client-ca-file=" + p.state.pki("ca.crt"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement",
		"--allow-privileged=true",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + p.state.pki("service-account.crt"),
		"--service-account-signing-key-file=" + p.state.pki("service-account.key"),
		"--profiling=false",
	}
	if p.options.ControlPlaneOnly {
		// Nobody makes the ServiceAccounts that this admission plugin wants every pod to have.
		args = append(args, "--disable-admission-plugins=ServiceAccount")
	}
	if p.options.Audit {
		args = append(args, "--audit-log-path="+p.state.log("audit"),
			"--audit-policy-file="+p.state.data("audit-policy.yaml"))
	}
	args = append(args, p.networkArgs()...)
	return append(args, p.options.APIServerArgs...) // last: the later of two equal flags counts
}

// networkArgs tell the API server what pods can reach, and how to reach the kubelet for logs and exec.
func (p *plan) networkArgs() []string {
	if p.node == nil {
		return []string{
			"--service-cluster-ip-range=10.96.0.0/16",
			// A loopback address cannot be the endpoint of the Service "kubernetes".
			"--endpoint-reconciler-type=none",
		}
	}
	return []string{
		"--service-cluster-ip-range=" + p.node.Network.Services(),
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority=" + p.state.pki("ca.crt"),
		"--kubelet-client-certificate=" + p.state.pki("admin.crt"),
		"--kubelet-client-key=" + p.state.pki("admin.key"),
	}
}

func (p *plan) controllerManagerArgs() []string {
	args := append(p.servingArgs(controllerManager),
		"--service-account-private-key-file="+p.state.pki("service-account.key"),
		"--root-ca-file="+p.state.pki("ca.crt"),
		"--use-service-account-credentials=false",
	)
	if grace := p.options.NodeMonitorGracePeriod; grace != "" {
		args = append(args, "--node-monitor-grace-period="+grace)
	}
	return args
}

func (p *plan) schedulerArgs() []string { return p.servingArgs(scheduler) }

// servingArgs are common to controller-manager and scheduler. With a certificate at hand they need
// not make an RSA key at every start.
func (p *plan) servingArgs(name string) []string {
	return []string{
		"--kubeconfig=" + p.state.pki(name+".kubeconfig"),
		"--leader-elect=false", "--profiling=false",
		// The defaults (20 to 50 a second) would be what a test with many nodes or pods measures.
		"--kube-api-qps=1000", "--kube-api-burst=2000",
		"--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(p.port[name]),
		"--tls-cert-file=" + p.state.pki("server.crt"),
		"--tls-private-key-file=" + p.state.pki("server.key"),
	}
}

func (p *plan) kwokArgs() []string {
	args := []string{
		"--kubeconfig=" + p.state.pki(kwok+".kubeconfig"),
		"--manage-all-nodes=false",
		// By a label: of an annotation that is taken away kwok never hears.
		"--manage-nodes-with-label-selector=type=kwok",
		"--node-lease-duration-seconds=40",
		"--server-address=" + address(p.port[kwok]),
		"--v=WARN",
		"--config=" + p.state.data("kwok-stages.yaml"), // also keeps kwok off the user's own ~/.kwok
	}
	for _, config := range p.options.KwokConfigs {
		args = append(args, "--config="+config)
	}
	return args
}
