package main

import (
	"strings"
	"testing"
)

func TestOnlyNamedProgramsAreBuilt(t *testing.T) {
	const cluster = "etcd kube-apiserver kube-controller-manager kube-scheduler kwok"
	for _, c := range []struct{ names, want string }{
		{"", cluster},
		{"cluster kubectl helm", cluster + " kubectl helm"},
		{"helm", "helm"},
		{"node", "etcd kube-apiserver containerd kube-controller-manager kube-scheduler kwok kubelet " +
			"kube-proxy coredns containerd-shim-runc-v2 ctr ptp loopback host-local portmap pause"},
	} {
		if got := strings.Join(wantedPrograms(strings.Fields(c.names), false), " "); got != c.want {
			t.Errorf("%q: %s", c.names, got)
		}
	}
}
