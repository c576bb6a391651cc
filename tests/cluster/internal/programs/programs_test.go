package programs

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersionsComeFromThePins(t *testing.T) {
	modules, err := FindModules()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range table {
		settings, err := p.linkerSettings(filepath.Join(modules, p.module))
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if strings.ContainsAny(settings, "{}") {
			t.Errorf("%s: %s", p.name, settings)
		}
	}
	apiServer, _ := find("kube-apiserver")
	settings, _ := apiServer.linkerSettings(filepath.Join(modules, "k8s"))
	if !strings.Contains(settings, "-X k8s.io/component-base/version.gitMinor=3") {
		t.Errorf("kube-apiserver: %s", settings)
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
	os.Mkdir(filepath.Join(dir, "k8s"), 0o755)
	os.WriteFile(filepath.Join(dir, "k8s", "go.mod"), []byte("module m\n"), 0o644)
	return dir
}

func TestAssetsAreUsedWhereTheyAreSet(t *testing.T) {
	assets := t.TempDir()
	os.WriteFile(filepath.Join(assets, "kubectl"), []byte("kubectl"), 0o755)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("KUBEBUILDER_ASSETS", assets)
	cache, err := OpenCache(newModules(t))
	if err != nil {
		t.Fatal(err)
	}
	var progress strings.Builder
	for range 2 { // the second time there is nothing to do
		if err := cache.Ensure(context.Background(), []string{"kubectl"}, &progress); err != nil {
			t.Fatal(err)
		}
	}
	if content, _ := os.ReadFile(cache.Path("kubectl")); string(content) != "kubectl" {
		t.Errorf("content: %s", content)
	}
	if strings.Count(progress.String(), "\n") != 1 {
		t.Errorf("progress: %q", progress.String())
	}
}

func TestAChangedPinHasADirectoryOfItsOwn(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	modules := newModules(t)
	before, err := OpenCache(modules)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(modules, "k8s", "go.sum"), []byte("m v1.0.0 h1:x\n"), 0o644)
	after, err := OpenCache(modules)
	if err != nil {
		t.Fatal(err)
	}
	if before.Dir() == after.Dir() {
		t.Error("the cache must not mix two sets of pins")
	}
}

func TestUnknownProgramsAreRefused(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	cache, err := OpenCache(newModules(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := cache.Ensure(context.Background(), []string{"kubelet2"}, os.Stderr); err == nil {
		t.Error("want an error")
	}
}
