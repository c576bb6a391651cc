package cluster

import (
	"disagg.dev/tests/cluster/internal/kubeconfig"
	"disagg.dev/tests/cluster/internal/pki"
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

// newCredentials writes all keys, and a kubeconfig for each client of the API server. Each client
// has a name of its own, so that the audit log tells them apart.
func newCredentials(s state, server string, clients []string) (*credentials, error) {
	ca, err := pki.NewAuthority("local-cluster")
	if err != nil {
		return nil, err
	}
	serving, err := ca.Server("kube-apiserver", serverHosts...)
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
		if err := writePair(s, name, pair); err != nil {
			return nil, err
		}
	}
	for _, client := range clients {
		pair, err := ca.Client(client, "system:masters")
		if err != nil {
			return nil, err
		}
		config := kubeconfig.Config{Server: server, CA: ca.Cert, Client: pair}
		if err := config.Write(s.pki(client + ".kubeconfig")); err != nil {
			return nil, err
		}
	}
	return &credentials{ca: ca, admin: admin}, nil
}

func writePair(s state, name string, pair pki.KeyPair) error {
	if err := pki.WriteSecret(s.pki(name+".crt"), pair.Cert); err != nil {
		return err
	}
	return pki.WriteSecret(s.pki(name+".key"), pair.Key)
}
