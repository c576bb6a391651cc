// Package kubeconfig reads and writes the files by which clients find an API server.
package kubeconfig

import (
	"encoding/base64"
	"fmt"
	"strings"

	"disagg.dev/tests/cluster/internal/pki"
)

// Config is what a client needs to talk to one API server: a token or a client certificate.
type Config struct {
	Server    string
	CA        []byte // PEM
	Client    pki.KeyPair
	Token     string
	Namespace string // of the context; may be empty
}

// YAML writes everything inline, so the file can be copied away.
func (c Config) YAML() []byte {
	var user strings.Builder
	if c.Token != "" {
		fmt.Fprintf(&user, "\n    token: %q", c.Token)
	}
	if len(c.Client.Cert) > 0 {
		fmt.Fprintf(&user, "\n    client-certificate-data: %s", inline(c.Client.Cert))
		fmt.Fprintf(&user, "\n    client-key-data: %s", inline(c.Client.Key))
	}
	namespace := ""
	if c.Namespace != "" {
		namespace = fmt.Sprintf("\n    namespace: %q", c.Namespace)
	}
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: local
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: local
  user:%s
contexts:
- name: local
  context:
    cluster: local
    user: local%s
current-context: local
`, c.Server, inline(c.CA), user.String(), namespace)
}

// Write puts the kubeconfig at path in one step: a reader never sees half of it.
func (c Config) Write(path string) error {
	return pki.WriteSecret(path, c.YAML())
}

func inline(pem []byte) string { return base64.StdEncoding.EncodeToString(pem) }
