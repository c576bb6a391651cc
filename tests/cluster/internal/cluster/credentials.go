package cluster

import (
	"slices"

	"disagg.dev/tests/cluster/internal/kubeconfig"
	"disagg.dev/tests/cluster/internal/pki"
	"disagg.dev/tests/cluster/internal/realnode"
)

// serverHosts are the names and addresses under which the API server is reached: from this machine,
// and from pods of a cluster with real nodes.
var serverHosts = []string{"127.0.0.1", "::1", "localhost", "kubernetes", "kubernetes.default",
	"kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "10.96.0.1"}

// credentials are the keys of one cluster, in memory and as files in STATE/pki.
type credentials struct {
	ca    *pki.Authority
	admin pki.KeyPair
}

// identities are the users of those clients that do with the rights that Kubernetes foresees for them.
// The others are administrators.
var identities = map[string]struct{ user, group string }{
	realnode.Kubelet:   {"system:node:" + realnode.Name, "system:nodes"},
	realnode.KubeProxy: {"system:kube-proxy", "system:node-proxier"},
}

func newClient(ca *pki.Authority, name string) (pki.KeyPair, error) {
	if identity, known := identities[name]; known {
		return ca.Client(identity.user, identity.group)
	}
	return ca.Client(name, "system:masters")
}

// newCredentials writes all keys, and a kubeconfig for each client of the API server. Each client
// has a name of its own, so that the audit log tells them apart.
func newCredentials(p *plan) (*credentials, error) {
	ca, err := pki.NewAuthority("local-cluster")
	if err != nil {
		return nil, err
	}
	serving, err := ca.Server("kube-apiserver", p.serverNames()...)
	if err != nil {
		return nil, err
	}
	serviceAccount, err := pki.NewServiceAccountKey()
	if err != nil {
		return nil, err
	}
	admin, err := ca.Client("admin", "system:masters")
	if err != nil {
		return nil, err
	}
	for name, pair := range map[string]pki.KeyPair{
		"ca": ca.KeyPair, "server": serving, "service-account": serviceAccount, "admin": admin} {
		if err := writePair(p.state, name, pair); err != nil {
			return nil, err
		}
	}
	for _, client := range p.options.clients() {
		pair, err := newClient(ca, client)
		if err != nil {
			return nil, err
		}
		config := kubeconfig.Config{Server: p.server(), CA: ca.Cert, Client: pair}
		if err := config.Write(p.state.pki(client + ".kubeconfig")); err != nil {
			return nil, err
		}
	}
	return &credentials{ca: ca, admin: admin}, writeKubeletServing(ca, p)
}

// writeKubeletServing issues the certificate by which the API server knows the kubelet.
func writeKubeletServing(ca *pki.Authority, p *plan) error {
	if p.node == nil {
		return nil
	}
	pair, err := ca.Server(realnode.Name, p.node.Network.Node())
	if err != nil {
		return err
	}
	return writePair(p.state, realnode.ServingCertificate, pair)
}

func (p *plan) serverNames() []string {
	if p.node == nil {
		return serverHosts
	}
	return append(slices.Clone(serverHosts), p.serverHost(), p.node.Network.APIServerIP())
}

func writePair(s state, name string, pair pki.KeyPair) error {
	if err := pki.WriteSecret(s.pki(name+".crt"), pair.Cert); err != nil {
		return err
	}
	return pki.WriteSecret(s.pki(name+".key"), pair.Key)
}
