package programs

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestVersionsComeFromThePins(t *testing.T) {
	modules, err := FindModules()
	if err != nil {
		t.Fatal(err)
	}
	versions, err := pinnedKubernetes(modules)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range versions {
		for _, p := range pinned(version) {
			settings, err := p.linkerSettings(filepath.Join(modules, p.module))
			if err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
			if strings.ContainsAny(settings, "{}") {
				t.Errorf("%s: %s", p.name, settings)
			}
			_, minor, _ := strings.Cut(version, ".")
			if p.name == "kube-apiserver" && !strings.Contains(settings, "version.gitMinor="+minor) {
				t.Errorf("Kubernetes %s: %s", version, settings)
			}
		}
	}
}

func TestRequiredVersion(t *testing.T) {
	const goMod = "require k8s.io/one v1.2.3\nrequire (\n\tk8s.io/two v0.4.5 // indirect\n)\n" +
		"replace k8s.io/three => k8s.io/three v0.6.7\n"
	for module, want := range map[string]string{
		"k8s.io/one": "v1.2.3", "k8s.io/two": "v0.4.5", "k8s.io/three": "",
	} {
		got, err := requiredVersion(goMod, module)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: got %q, %v", module, got, err)
		}
	}
}

// newModules makes pins that lead nowhere: what is tested does not build.
func newModules(t *testing.T) string {
	dir := t.TempDir()
	for _, module := range []string{"k8s-1.9", "k8s-1.34", "k8s-1.37", "kwok", "helm", "coredns",
		"containerd", "cni", "pause"} {
		os.Mkdir(filepath.Join(dir, module), 0o755)
		pin(dir, module, "v1.0.0")
	}
	return dir
}

func pin(modules, module, version string) {
	dir := filepath.Join(modules, module)
	os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module m\n\ngo 1.24.0\n"), 0o644)
	os.WriteFile(filepath.Join(dir, "go.sum"), []byte(module+" "+version+" h1:x\n"), 0o644)
}

func open(t *testing.T, modules, kubernetes string) *Cache {
	cache, err := OpenCache(modules, kubernetes)
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

// putStored plays somebody else who has built a program.
func putStored(c *Cache, name, content string) {
	os.MkdirAll(filepath.Dir(c.stored[name]), 0o755)
	os.WriteFile(c.stored[name], []byte(content), 0o755)
}

func TestTheNewestKubernetesIsTheDefault(t *testing.T) {
	modules := newModules(t)
	for wanted, want := range map[string]string{"": "1.37", "1.34": "1.34", "1.9": "1.9"} {
		if got, err := chooseKubernetes(modules, wanted); got != want || err != nil {
			t.Errorf("%q: got %q, %v", wanted, got, err)
		}
	}
	_, err := chooseKubernetes(modules, "1.35")
	if err == nil || !strings.Contains(err.Error(), "choose one of 1.9, 1.34, 1.37") {
		t.Errorf("got %v", err)
	}
}

func TestAssetsAreUsedWhereTheyAreSet(t *testing.T) {
	assets := t.TempDir()
	os.WriteFile(filepath.Join(assets, "kubectl"), []byte("kubectl"), 0o755)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("KUBEBUILDER_ASSETS", assets)
	cache := open(t, newModules(t), "")
	putStored(cache, "kubectl", "not this one")
	var output strings.Builder
	for range 2 { // the second time there is nothing to do
		if err := cache.Ensure(context.Background(), []string{"kubectl"}, &output); err != nil {
			t.Fatal(err)
		}
	}
	if content, _ := os.ReadFile(cache.Path("kubectl")); string(content) != "kubectl" {
		t.Errorf("content: %s", content)
	}
	if output.String() != "" {
		t.Errorf("nothing was built: %q", output.String())
	}
}

func TestWhatSomebodyElseHasBuiltIsUsed(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("KUBEBUILDER_ASSETS", "")
	cache := open(t, newModules(t), "")
	putStored(cache, "kwok", "kwok")
	if err := cache.Ensure(context.Background(), []string{"kwok"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(cache.Path("kwok")); string(content) != "kwok" {
		t.Errorf("content: %s", content)
	}
}

func TestAChangedPinRebuildsWhatDependsOnIt(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	modules := newModules(t)
	before, older := open(t, modules, "1.37"), open(t, modules, "1.34")
	pin(modules, "k8s-1.37", "v1.0.1")
	after, olderAfter := open(t, modules, "1.37"), open(t, modules, "1.34")
	if before.Dir() == after.Dir() {
		t.Error("a directory must not mix two sets of pins")
	}
	if older.Dir() != olderAfter.Dir() {
		t.Error("nothing of the older Kubernetes has changed")
	}
	for _, name := range All() {
		p, _ := after.find(name)
		ofKubernetes := strings.HasPrefix(p.module, kubernetesModule)
		if changed := before.stored[name] != after.stored[name]; changed != ofKubernetes {
			t.Errorf("%s: changed is %v", name, changed)
		}
		if shared := after.stored[name] == olderAfter.stored[name]; shared == ofKubernetes {
			t.Errorf("%s: shared by two versions of Kubernetes is %v", name, shared)
		}
	}
}

func TestAProgramOfOtherPinsIsNotKept(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	modules := newModules(t)
	cache := open(t, modules, "1.37")
	kubectl, _ := cache.find("kubectl")
	if err := cache.checkPins(kubectl); err != nil {
		t.Error(err)
	}
	pin(modules, "k8s-1.37", "v1.0.1")
	if err := cache.checkPins(kubectl); err == nil || !strings.Contains(err.Error(), "k8s-1.37 has changed") {
		t.Errorf("got %v", err)
	}
}

func TestUnknownProgramsAreRefused(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	cache := open(t, newModules(t), "")
	if err := cache.Ensure(context.Background(), []string{"kubelet2"}, os.Stderr); err == nil {
		t.Error("want an error")
	}
}

func TestAFailedBuildShowsTheMessagesOnly(t *testing.T) {
	var notes []string
	output := &buildOutput{note: func(line string) { notes = append(notes, line) }}
	for _, part := range []string{"go: downloading k8s.io/api v0.1.0\nk8s.io/", "api/core/v1\n# m\nx.go:1:1: no\n"} {
		output.Write([]byte(part))
	}
	if got := output.messages.String(); got != "# m\nx.go:1:1: no\n" {
		t.Errorf("messages: %q", got)
	}
	if strings.Join(notes[:2], "; ") != "downloading k8s.io/api v0.1.0; k8s.io/api/core/v1" {
		t.Errorf("notes: %q", notes)
	}
}

func TestALongBuildShowsThatItLives(t *testing.T) {
	var output strings.Builder
	progress := newProgress(&output, 2)
	progress.every = time.Millisecond
	progress.begin("etcd").end(nil)
	step := progress.begin("kubectl")
	step.note("k8s.io/api")
	time.Sleep(50 * time.Millisecond)
	step.end(errors.New("no"))
	for _, want := range []string{"[1/2] etcd: building\n", "[1/2] etcd: built in 0:00\n",
		"[2/2] kubectl: 0:00, 0:00 in all: k8s.io/api\n", "[2/2] kubectl: failed after 0:00\n"} {
		if !strings.Contains(output.String(), want) {
			t.Errorf("%q is missing in %q", want, output.String())
		}
	}
}

func TestWhoWaitsForALockSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "programs", "lock")
	unlock, err := lock(context.Background(), path, func() { t.Error("nobody has it") })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	busy := false
	if _, err := lock(ctx, path, func() { busy = true; cancel() }); !errors.Is(err, context.Canceled) || !busy {
		t.Errorf("got %v, busy %v", err, busy)
	}
	unlock()
	if unlock, err = lock(context.Background(), path, func() { t.Error("nobody has it") }); err != nil {
		t.Fatal(err)
	}
	unlock()
}
