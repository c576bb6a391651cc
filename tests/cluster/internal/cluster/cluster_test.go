package cluster

import (
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"disagg.dev/tests/cluster/internal/process"
)

func parse(args ...string) (Options, error) {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return ParseOptions(flags, args)
}

func TestOptionsAddUpNodes(t *testing.T) {
	options, err := parse("--dir", "x", "--kwok-nodes", "4", "--extra-nodes", "cpu=1,b200=2",
		"--apiserver-arg", "--a=1", "--apiserver-arg", "--b=2")
	if err != nil {
		t.Fatal(err)
	}
	if options.Nodes["b200"] != 6 || options.Nodes["cpu"] != 1 {
		t.Errorf("nodes: %v", options.Nodes)
	}
	if !filepath.IsAbs(options.Dir) {
		t.Errorf("dir %q must hold for the supervisor too", options.Dir)
	}
	if strings.Join(options.APIServerArgs, " ") != "--a=1 --b=2" {
		t.Errorf("API server arguments: %v", options.APIServerArgs)
	}
}

func TestAControlPlaneNeedsNoProgramThatActsOnObjects(t *testing.T) {
	for args, want := range map[string]string{
		"":                     "etcd kube-apiserver kube-controller-manager kube-scheduler kwok",
		"--control-plane-only": "etcd kube-apiserver",
	} {
		options, err := parse(append(strings.Fields(args), "--dir", "x")...)
		if got := strings.Join(options.Programs(), " "); got != want || err != nil {
			t.Errorf("%q: %s, %v", args, got, err)
		}
	}
}

func TestARealNodeNeedsContainerdBeforeTheOthers(t *testing.T) {
	options := Options{RealNode: &RealNode{}}
	const want = "etcd kube-apiserver containerd kube-controller-manager kube-scheduler kwok " +
		"kubelet kube-proxy coredns"
	if got := strings.Join(options.components(), " "); got != want {
		t.Errorf("components: %s", got)
	}
}

func TestTheVersionOfKubernetesIsAFlagOrAVariable(t *testing.T) {
	t.Setenv("KUBERNETES", "1.34")
	for args, want := range map[string]string{"": "1.34", "--kubernetes 1.37": "1.37"} {
		options, err := parse(append(strings.Fields(args), "--dir", "x")...)
		if options.Kubernetes != want || err != nil {
			t.Errorf("%q: %q, %v", args, options.Kubernetes, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "--dir is missing"},
		{"--dir x y", `unexpected argument "y"`},
		{"--dir x --shape abacus", `unknown node shape "abacus"`},
		{"--dir x --control-plane-only --kwok-nodes 1", "cannot have nodes"},
		{"--dir x --control-plane-only --node", "cannot have nodes"},
		{"--dir x --node-image a.tar", "no real node to load it into"},
		{"--dir x --node --node-labels a", `--node-labels: "a" is not KEY=VALUE`},
		{"--dir x --node --node-image no.tar", "--node-image: image archive: stat no.tar: no such file"},
		{"--dir /run/x --node", "a real node has a /run of its own"},
	} {
		_, err := parse(strings.Fields(c.args)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.args, err, c.want)
		}
	}
}

func TestADirectoryHasOneClusterAtATime(t *testing.T) {
	s := state(t.TempDir())
	lock, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.lock(); err == nil || !strings.Contains(err.Error(), "a cluster runs in") {
		t.Errorf("second lock: %v", err)
	}
	if err := s.waitUnlocked(0); err == nil {
		t.Error("waitUnlocked must see the lock")
	}
	os.WriteFile(s.data("old"), nil, 0o600)
	lock.Close()
	if err := s.waitUnlocked(0); err != nil {
		t.Error(err)
	}
	if lock, err = s.lock(); err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := os.Stat(s.data("old")); err == nil {
		t.Error("data of the earlier cluster must be gone")
	}
}

func TestADirectoryWithSomethingElseIsLeftAlone(t *testing.T) {
	s := state(t.TempDir())
	os.Mkdir(s.path("data"), 0o700)
	if _, err := s.lock(); err == nil || !strings.Contains(err.Error(), "holds no cluster") {
		t.Errorf("lock: %v", err)
	}
}

func TestPortsAreNotSharedBetweenClusters(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	one, err := newPorts()
	if err != nil {
		t.Fatal(err)
	}
	other, err := newPorts()
	if err != nil {
		t.Fatal(err)
	}
	port, err := one.take()
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := other.claim(port); ok || err != nil {
		t.Errorf("port %d was claimed twice: %v", port, err)
	}
	one.claims.Close()
	if ok, err := other.claim(port); !ok || err != nil {
		t.Errorf("port %d must be free after its cluster: %v", port, err)
	}
}

func TestTheSocketsPathMayBeLong(t *testing.T) {
	s := state(filepath.Join(t.TempDir(), strings.Repeat("long", 50)))
	if err := os.Mkdir(string(s), 0o700); err != nil {
		t.Fatal(err)
	}
	err := withShortPath(s, func(path string) error {
		listener, err := net.Listen("unix", path)
		if err == nil {
			listener.Close()
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDownWithoutAClusterIsFine(t *testing.T) {
	dir := t.TempDir()
	if err := Down(filepath.Join(dir, "never")); err != nil {
		t.Error(err)
	}
	if _, err := Ctl(dir, "stop", etcd); err == nil || !strings.Contains(err.Error(), "no cluster runs") {
		t.Errorf("ctl: %v", err)
	}
}

func TestADeathWhileStartingShowsTheLog(t *testing.T) {
	lock, err := os.Create(filepath.Join(t.TempDir(), "lock"))
	if err != nil {
		t.Fatal(err)
	}
	c := &component{
		name: "doomed", path: "/bin/sh", args: []string{"-c", "echo no such flag >&2; exit 3"},
		log: filepath.Join(t.TempDir(), "log"), lock: lock, launch: process.Start,
		ready: func(context.Context) error { return io.EOF },
	}
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	err = c.waitReady(context.Background())
	for _, want := range []string{"doomed ended while starting", "exit status 3", "no such flag"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestWhatEndsByItselfIsStartedAgain(t *testing.T) {
	dir := t.TempDir()
	lock, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	c := &component{name: "sleeper", path: "/bin/sleep", args: []string{"60"},
		log: filepath.Join(dir, "log"), lock: lock, launch: process.Start}
	s := &Supervisor{components: []*component{c}}
	s.alive, s.end = context.WithCancelCause(context.Background())
	defer s.Stop()
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	first := c.child
	go s.keepRunning()
	first.Kill() // not by the supervisor
	deadline := time.Now().Add(10 * time.Second)
	running := func() bool {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		return c.running()
	}
	for !running() && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if !running() {
		t.Fatal("it was not started again")
	}
	s.mutex.Lock()
	c.kill()
	s.mutex.Unlock()
	time.Sleep(2 * restartInterval)
	if running() {
		t.Fatal("what was stopped on purpose was started again")
	}
}

func TestCompactForgetsAllObjects(t *testing.T) {
	var calls []string
	etcd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls = append(calls, r.URL.Path+" "+string(body))
		io.WriteString(w, `{"header":{"revision":"41"}}`)
	}))
	defer etcd.Close()
	revision, err := compact(context.Background(), etcd.URL)
	if err != nil || revision != "41" {
		t.Errorf("compact: %q, %v", revision, err)
	}
	want := []string{ // "0" and "41" in base64
		`/v3/kv/put {"key":"Y29tcGFjdF9yZXZfa2V5","value":"MA=="}`,
		`/v3/kv/put {"key":"Y29tcGFjdF9yZXZfa2V5","value":"NDE="}`,
		`/v3/kv/compaction {"physical":true,"revision":"41"}`,
	}
	if strings.Join(calls, "\n") != strings.Join(want, "\n") {
		t.Errorf("calls:\n%s", strings.Join(calls, "\n"))
	}
}
