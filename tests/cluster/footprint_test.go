package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// footprint is what a cluster can leave on a machine: a line for each thing, "kind: what".
type footprint map[string]bool

func takeFootprint(t *testing.T, dir string) footprint {
	t.Helper()
	f := footprint{}
	f.addProcesses(t, dir)
	f.addLinks(t)
	f.addMounts(readFile(t, "/proc/self/mounts"), dir)
	f.addLines("route", readFile(t, "/proc/net/route"))
	f.addLines("rule", nftRules(t))
	f.addCgroups(t)
	for _, directory := range []string{"/var/lib/cni", "/var/log/containers", "/run/containerd", "/run/netns",
		"/var/lib/kubelet", "/var/log/pods", "/opt/containerd", "/etc/cni"} {
		if _, err := os.Stat(directory); err == nil {
			f["directory: "+directory] = true
		}
	}
	return f
}

// addProcesses adds those that name the directory of the cluster, and the network namespaces that
// processes are in: those of pods know nothing of the directory.
func (f footprint) addProcesses(t *testing.T, dir string) {
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if space, err := os.Readlink(entry + "/ns/net"); err == nil {
			f["network namespace: "+space] = true
		}
		words, _ := os.ReadFile(entry + "/cmdline") // empty of one that has ended meanwhile
		command := strings.ReplaceAll(string(words), "\x00", " ")
		if strings.Contains(command, dir) && !strings.Contains(command, os.Args[0]+" -test.") {
			f["process: "+command] = true
		}
	}
}

func (f footprint) addLinks(t *testing.T) {
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		f["link: "+i.Name] = true
	}
}

func (f footprint) addLines(kind, text string) {
	for line := range strings.Lines(text) {
		f[kind+": "+strings.TrimSpace(line)] = true
	}
}

// addMounts adds those at the places where a node mounts something. Others come and go on a machine
// on which somebody works.
func (f footprint) addMounts(mounts, dir string) {
	for line := range strings.Lines(mounts) {
		target := strings.Fields(line)[1]
		for _, place := range []string{"/proc", "/run", "/var/lib/cni", "/var/log/containers", dir} {
			if target == place || strings.HasPrefix(target, place+"/") {
				f["mount: "+strings.TrimSpace(line)] = true
			}
		}
	}
}

func (f footprint) addCgroups(t *testing.T) {
	for _, pattern := range []string{"/sys/fs/cgroup/local-cluster-*", "/sys/fs/cgroup/*/local-cluster-*",
		"/sys/fs/cgroup/kubepods*", "/sys/fs/cgroup/*/kubepods*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, cgroup := range found {
			f["cgroup: "+cgroup] = true
		}
	}
}

var counters = regexp.MustCompile(`counter packets \d+ bytes \d+`)

func nftRules(t *testing.T) string {
	rules, err := exec.Command("nft", "list", "ruleset").Output()
	if err != nil {
		t.Fatal(err)
	}
	return counters.ReplaceAllString(string(rules), "counter")
}

func readFile(t *testing.T, path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// without returns what is here and not in others.
func (f footprint) without(other footprint) footprint {
	rest := footprint{}
	for thing := range f {
		if !other[thing] {
			rest[thing] = true
		}
	}
	return rest
}

// and returns what is in both.
func (f footprint) and(other footprint) footprint { return f.without(f.without(other)) }

// of returns the things of some kinds.
func (f footprint) of(kinds ...string) footprint {
	some := footprint{}
	for thing := range f {
		for _, kind := range kinds {
			if strings.HasPrefix(thing, kind+": ") {
				some[thing] = true
			}
		}
	}
	return some
}

func (f footprint) String() string {
	var text strings.Builder
	for thing := range f {
		fmt.Fprintf(&text, "\n  %s", thing)
	}
	return text.String()
}

// mustGo fails when something of a cluster is there for longer than the kernel needs to take down
// the namespaces of a dead process.
func mustGo(t *testing.T, dir string, appeared footprint, kinds ...string) {
	t.Helper()
	if len(kinds) > 0 {
		appeared = appeared.of(kinds...)
	}
	var left footprint
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if left = appeared.and(takeFootprint(t, dir)); len(left) == 0 {
			return
		}
	}
	t.Errorf("left on the machine:%s", left)
}
