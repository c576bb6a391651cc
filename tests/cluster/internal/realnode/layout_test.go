package realnode

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryConfigurationIsFilledIn(t *testing.T) {
	l := Layout{Dir: t.TempDir(), Programs: "/programs", Keys: "/keys", Network: FirstNetwork,
		Labels: map[string]string{"b": "2", "a": "1"}}
	if err := l.writeConfigs(); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"containerd.toml":      `root = "` + l.Dir + `/containerd"`,
		"cni/10-pods.conflist": `"subnet": "10.160.1.0/24"`,
		"kubelet.yaml":         "cgroupRoot: /" + cgroup(l.Dir),
		"kube-proxy.yaml":      "hostnameOverride: real-0",
		"Corefile":             "bind 10.160.0.2",
	} {
		content, err := os.ReadFile(filepath.Join(l.Dir, file))
		if err != nil || !strings.Contains(string(content), want) || strings.Contains(string(content), "{{") {
			t.Errorf("%s: want %q, %v:\n%s", file, want, err, content)
		}
	}
	if got := strings.Join(l.Args(Kubelet), " "); !strings.Contains(got, "--node-labels=a=1,b=2") {
		t.Errorf("kubelet: %s", got)
	}
}

func TestClustersHaveNamesOfTheirOwn(t *testing.T) {
	const longest = 15 // characters of an interface's name
	one, other := Layout{Dir: "/a/node"}, Layout{Dir: "/b/node"}
	if one.link() == other.link() || cgroup(one.Dir) == cgroup(other.Dir) || len(one.link()) > longest {
		t.Errorf("links %s and %s", one.link(), other.link())
	}
}
