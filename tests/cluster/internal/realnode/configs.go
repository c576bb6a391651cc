package realnode

import (
	"bytes"
	"embed"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed configs
var configs embed.FS

// values are what the templates in configs/ name.
type values struct {
	Layout
	Node           string // name
	Socket         string
	PauseImage     string
	Cgroup         string
	HealthPort     int
	ProxyHealth    int
	DNSReadyPort   int
	ServingKeyPair string // without extension
}

// writeConfigs writes the configuration files of all components.
func (l Layout) writeConfigs() error {
	templates, err := template.ParseFS(configs, "configs/*")
	if err != nil {
		return err
	}
	data := values{Layout: l, Node: Name, Socket: containerdSocket, PauseImage: pauseImage,
		Cgroup: cgroup(l.Dir), HealthPort: healthPort, ProxyHealth: proxyHealthPort,
		DNSReadyPort: dnsReadyPort, ServingKeyPair: l.key(ServingCertificate)}
	for _, config := range templates.Templates() {
		var content bytes.Buffer
		if err := config.Execute(&content, data); err != nil {
			return err
		}
		path := l.path(config.Name())
		if config.Name() == "10-pods.conflist" {
			path = filepath.Join(l.Dir, "cni", config.Name())
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return l.keepPatchedCapacity()
}

// keepPatchedCapacity makes the kubelet keep GPUs and RDMA devices, which no device plugin reports,
// when it starts again. It takes a node without any checkpoint of device plugins for a new machine
// and sets their capacity to 0.
func (l Layout) keepPatchedCapacity() error {
	plugins := l.path("kubelet/device-plugins")
	if err := os.MkdirAll(plugins, 0o750); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(plugins, "capacity-is-patched"), nil, 0o600)
}
