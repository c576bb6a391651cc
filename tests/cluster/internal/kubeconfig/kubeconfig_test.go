package kubeconfig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"disagg.dev/tests/cluster/internal/pki"
)

func TestYAML(t *testing.T) {
	config := Config{Server: "https://h:1", CA: []byte("ca"), Token: "t", Namespace: "n"}
	want := `apiVersion: v1
kind: Config
clusters:
- name: local
  cluster:
    server: https://h:1
    certificate-authority-data: Y2E=
users:
- name: local
  user:
    token: "t"
contexts:
- name: local
  context:
    cluster: local
    user: local
    namespace: "n"
current-context: local
`
	if got := string(config.YAML()); got != want {
		t.Errorf("got:\n%s", got)
	}
	admin := Config{Client: pki.KeyPair{Cert: []byte("c"), Key: []byte("k")}}
	if got := string(admin.YAML()); !strings.Contains(got, "client-certificate-data: Yw==\n") ||
		strings.Contains(got, "token") {
		t.Errorf("got:\n%s", got)
	}
}

// fakeKubectl answers `config view` with a text.
func fakeKubectl(t *testing.T, answer string) string {
	path := filepath.Join(t.TempDir(), "kubectl")
	script := "#!/bin/sh\ncat <<'EOF'\n" + answer + "\nEOF\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	tokenFile := filepath.Join(t.TempDir(), "token")
	os.WriteFile(tokenFile, []byte("from-file\n"), 0o600)
	kubectl := fakeKubectl(t, `{
  "clusters": [{"cluster": {"server": "https://h:1", "certificate-authority-data": "Y2E="}}],
  "contexts": [{"context": {"namespace": "n"}}],
  "users": [{"user": {"tokenFile": "`+tokenFile+`"}}]}`)
	config, err := Load(kubectl, "in")
	if err != nil {
		t.Fatal(err)
	}
	if config.Server != "https://h:1" || string(config.CA) != "ca" || config.Namespace != "n" ||
		config.Token != "from-file" {
		t.Errorf("got %+v", config)
	}
}

func TestLoadWantsACurrentContext(t *testing.T) {
	if _, err := Load(fakeKubectl(t, `{"clusters": null}`), "in"); err == nil {
		t.Error("want an error")
	}
}
