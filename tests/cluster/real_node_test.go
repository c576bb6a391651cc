package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"disagg.dev/tests/cluster/internal/archive"
	"disagg.dev/tests/cluster/internal/cluster"
	"disagg.dev/tests/cluster/internal/programs"
	"disagg.dev/tests/cluster/internal/realnode"
)

// With this variable set, the test binary is local-cluster.
const actAsLocalCluster = "LOCAL_CLUSTER_TEST_ACT"

func TestMain(m *testing.M) {
	if os.Getenv(actAsLocalCluster) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

const (
	commandTimeout = 3 * time.Minute
	proxyTimeout   = 10 * time.Second
)

// output runs a command and returns what it says to stdout and stderr.
func output(t *testing.T, stdin string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), actAsLocalCluster+"=1")
	cmd.Stdin = strings.NewReader(stdin)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

func must(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	text, err := output(t, stdin, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, text)
	}
	return text
}

func localCluster(t *testing.T, args ...string) string {
	t.Helper()
	return must(t, "", os.Args[0], args...)
}

// node is a cluster with a real node, as a test sees it.
type node struct {
	dir, kubectlPath string
	before, appeared footprint // before it, and with it
}

// newNode skips the test where there cannot be a real node.
func newNode(t *testing.T) *node {
	if testing.Short() {
		t.Skip("it takes a minute; run it with: make test-live")
	}
	if err := realnode.CheckMachine(); err != nil {
		t.Skip(err)
	}
	n := &node{dir: filepath.Join(t.TempDir(), "cluster")}
	wanted := append(cluster.Options{RealNode: &cluster.RealNode{}}.Programs(), "kubectl")
	cache := openCache(t)
	for _, name := range wanted {
		if _, err := os.Stat(cache.Path(name)); err != nil {
			t.Skipf("%s is not built; build it with: make live-tools", name)
		}
	}
	n.kubectlPath = cache.Path("kubectl")
	n.before = takeFootprint(t, n.dir)
	return n
}

func openCache(t *testing.T) *programs.Cache {
	modules, err := programs.FindModules()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := programs.OpenCache(modules, os.Getenv("KUBERNETES"))
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

func (n *node) up(t *testing.T, args ...string) {
	t.Helper()
	t.Cleanup(func() { output(t, "", os.Args[0], "down", "--dir", n.dir) })
	localCluster(t, append([]string{"up", "--node", "--dir", n.dir}, args...)...)
}

func (n *node) run(t *testing.T) {
	t.Helper()
	n.kubectlIn(t, pods, "apply", "-f", "-")
	n.kubectl(t, "rollout", "status", "deployment/echo", "--timeout=120s")
	n.appeared = takeFootprint(t, n.dir).without(n.before)
	for _, kind := range []string{"process", "network namespace", "link", "route", "cgroup"} {
		if len(n.appeared.of(kind)) == 0 {
			t.Errorf("a cluster with a real node must have a %s", kind)
		}
	}
	if seen := n.appeared.of("mount", "rule"); len(seen) > 0 {
		t.Errorf("the node must keep to itself:%s", seen)
	}
}

func (n *node) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return n.kubectlIn(t, "", args...)
}

// kubectlUntil waits for an answer: kube-proxy hears of pods that are ready a moment after the
// Deployment's status does, and refuses connections until then. Returns the last output.
func (n *node) kubectlUntil(t *testing.T, want string, args ...string) (text string) {
	t.Helper()
	args = append([]string{"--kubeconfig", filepath.Join(n.dir, "kubeconfig")}, args...)
	for deadline := time.Now().Add(proxyTimeout); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if text, _ = output(t, "", n.kubectlPath, args...); strings.Contains(text, want) {
			break
		}
	}
	return text
}

func (n *node) kubectlIn(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	return must(t, stdin, n.kubectlPath, append([]string{"--kubeconfig", filepath.Join(n.dir, "kubeconfig")}, args...)...)
}

const echoImage = "echo.invalid/echo:1"

// writeEcho packs the server that the pods run.
func writeEcho(t *testing.T, name string) (file string) {
	dir := t.TempDir()
	program := filepath.Join(dir, "echo")
	build := exec.Command("go", "build", "-o", program, "./internal/realnode/echo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	file = filepath.Join(dir, "echo.tar")
	image := archive.Image{Name: name, Entrypoint: []string{"/echo"}, Files: map[string]string{"echo": program}}
	if err := image.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	return file
}

// The pods ask for all that a real node has beside CPU and memory, and for the strictest profile.
const pods = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: echo}
spec:
  replicas: 2
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      nodeSelector: {nvidia.com/gpu.product: NVIDIA-B200}
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      terminationGracePeriodSeconds: 1
      containers:
      - name: echo
        image: ` + echoImage + `
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        resources: {limits: {nvidia.com/gpu: 4, rdma/ib: 4, memory: 64Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: echo}
spec:
  selector: {app: echo}
  ports: [{port: 80, targetPort: 8080}]
`

func TestARealNodeRunsPodsAndLeavesNothing(t *testing.T) {
	n := newNode(t)
	n.up(t, "--node-image", writeEcho(t, echoImage))
	// Before any pod: a kubelet that has never given devices to one takes the node for a new machine.
	localCluster(t, "ctl", "--dir", n.dir, "restart", "kubelet")
	n.run(t)
	pod := strings.Fields(n.kubectl(t, "get", "pods", "-o", "name"))[0]
	for _, c := range []struct {
		sentence, want string
		kubectl        []string
	}{
		{"a pod's log", "serving on :8080", []string{"logs", pod}},
		{"a Service by the cluster's DNS, from another process in a pod", "echo from echo-",
			[]string{"exec", pod, "--", "/echo", "http://echo.default.svc.cluster.local/"}},
		{"a Service by its short name", "echo from echo-", []string{"exec", pod, "--", "/echo", "http://echo/"}},
		{"devices that no device plugin reports", "8 8",
			[]string{"get", "node", realnode.Name, "-o", `jsonpath={.status.allocatable.nvidia\.com/gpu} {.status.allocatable.rdma/ib}`}},
	} {
		if got := n.kubectlUntil(t, c.want, c.kubectl...); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.sentence, got, c.want)
		}
	}
	t.Run("a ClusterIP answers on the machine", func(t *testing.T) {
		mustEcho(t, n.kubectl(t, "get", "service", "echo", "-o", "jsonpath={.spec.clusterIP}"))
	})
	t.Run("port-forward", func(t *testing.T) { n.checkPortForward(t, pod) })
	t.Run("pods live on while the kubelet is stopped", func(t *testing.T) { n.checkKubelet(t, pod) })
	t.Run("pods live on while containerd is started again", func(t *testing.T) { n.checkContainerd(t, pod) })
	t.Run("image load", func(t *testing.T) { n.checkImageLoad(t) })
	localCluster(t, "down", "--dir", n.dir)
	mustGo(t, n.dir, n.appeared)
}

func mustEcho(t *testing.T, address string) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); !strings.HasPrefix(string(text), "echo from echo-") {
		t.Errorf("got %q, %v", text, err)
	}
}

// checkPortForward lets kubectl choose the port and say it in its first line.
func (n *node) checkPortForward(t *testing.T, pod string) {
	cmd := exec.Command(n.kubectlPath, "--kubeconfig", filepath.Join(n.dir, "kubeconfig"), "port-forward", pod, ":8080")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	var port int
	if _, err := fmt.Fscanf(stdout, "Forwarding from 127.0.0.1:%d -> 8080\n", &port); err != nil {
		t.Fatal(err)
	}
	mustEcho(t, fmt.Sprintf("127.0.0.1:%d", port))
}

func (n *node) checkKubelet(t *testing.T, pod string) {
	ip := n.kubectl(t, "get", pod, "-o", "jsonpath={.status.podIP}")
	localCluster(t, "ctl", "--dir", n.dir, "stop", "kubelet")
	mustEcho(t, ip+":8080")
	localCluster(t, "ctl", "--dir", n.dir, "start", "kubelet")
	n.kubectl(t, "wait", "--for=condition=Ready", "node/"+realnode.Name, "--timeout=120s")
	n.mustBeAsBefore(t)
}

func (n *node) checkContainerd(t *testing.T, pod string) {
	localCluster(t, "ctl", "--dir", n.dir, "restart", "containerd")
	n.kubectl(t, "exec", pod, "--", "/echo", "http://echo/")
	n.mustBeAsBefore(t)
}

// mustBeAsBefore waits longer than the kubelet takes to report a status.
func (n *node) mustBeAsBefore(t *testing.T) {
	t.Helper()
	const state = `jsonpath={range .items[*]}{.status.phase} {.status.containerStatuses[0].restartCount} {end}`
	for deadline := time.Now().Add(12 * time.Second); time.Now().Before(deadline); time.Sleep(time.Second) {
		if got := n.kubectl(t, "get", "pods", "-o", state); strings.TrimSpace(got) != "Running 0 Running 0" {
			t.Fatalf("phases and restarts of the pods: %s", got)
		}
	}
	gpus := n.kubectl(t, "get", "node", realnode.Name, "-o", `jsonpath={.status.allocatable.nvidia\.com/gpu}`)
	if gpus != "8" {
		t.Errorf("GPUs: %q", gpus)
	}
}

func (n *node) checkImageLoad(t *testing.T) {
	const another = "echo.invalid/another:1"
	localCluster(t, "image", "load", "--dir", n.dir, writeEcho(t, another))
	n.kubectl(t, "run", "another", "--image="+another, "--restart=Never")
	n.kubectl(t, "wait", "--for=condition=Ready", "pod/another", "--timeout=120s")
	n.kubectl(t, "delete", "pod", "another", "--now")
	text, err := output(t, "", os.Args[0], "image", "load", "--dir", n.dir, filepath.Join(n.dir, "no.tar"))
	if err == nil || !strings.Contains(text, "no.tar") {
		t.Errorf("a file that is not there: %v, %q", err, text)
	}
}

func TestARealNodeOfAKilledClusterIsCleanedUp(t *testing.T) {
	n := newNode(t)
	image := writeEcho(t, echoImage)
	n.up(t, "--node-image", image)
	n.run(t)
	syscall.Kill(supervisor(t, n.dir), syscall.SIGKILL)
	// The kernel does most of it.
	mustGo(t, n.dir, n.appeared, "process", "network namespace", "link", "route", "mount", "rule")
	localCluster(t, "down", "--dir", n.dir)
	mustGo(t, n.dir, n.appeared)
	n.up(t, "--node-image", image)
	n.run(t)
	syscall.Kill(supervisor(t, n.dir), syscall.SIGKILL)
	n.up(t) // without a down before it
	localCluster(t, "down", "--dir", n.dir)
	mustGo(t, n.dir, n.appeared)
}

// supervisor finds the process that owns the others.
func supervisor(t *testing.T, dir string) int {
	entries, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, entry := range entries {
		words, _ := os.ReadFile(entry)
		if bytes.Contains(words, []byte("\x00run\x00--detached\x00")) && bytes.Contains(words, []byte(dir)) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
			return pid
		}
	}
	t.Fatal("no supervisor runs")
	return 0
}

func TestTwoRealNodesLiveSideBySide(t *testing.T) {
	one, other := newNode(t), newNode(t)
	image := writeEcho(t, echoImage)
	one.up(t, "--node-image", image)
	one.run(t)
	other.up(t, "--node-image", image)
	other.run(t)
	localCluster(t, "down", "--dir", one.dir)
	other.kubectl(t, "delete", "pods", "--all", "--now") // new pods need the network plugins again
	other.kubectl(t, "rollout", "status", "deployment/echo", "--timeout=120s")
	localCluster(t, "down", "--dir", other.dir)
	mustGo(t, one.dir, one.appeared)
	mustGo(t, other.dir, other.appeared)
}

func TestARealNodeWantsRoot(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(readableByAll(t), "up", "--node", "--dir", filepath.Join(dir, "cluster"))
	cmd.Env = append(os.Environ(), actAsLocalCluster+"=1")
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	text, err := cmd.CombinedOutput()
	if err == nil || !strings.HasPrefix(string(text), "local-cluster: --node needs root") ||
		strings.Count(string(text), "\n") != 1 {
		t.Errorf("%v: %s", err, text)
	}
}

// readableByAll copies the test binary to where any user can run it.
func readableByAll(t *testing.T) string {
	dir, err := os.MkdirTemp("", "local-cluster-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "local-cluster")
	if err := os.WriteFile(path, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
