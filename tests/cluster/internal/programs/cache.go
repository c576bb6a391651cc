// Package programs builds the pinned programs of a cluster once per user and pin.
//
// Binaries live in the user's cache directory, each under a hash of what decides its content: a
// second clone, CI and the demo share them, and a changed pin builds again only what it is a pin
// of. KUBEBUILDER_ASSETS, where it is set, provides etcd, kube-apiserver and kubectl.
package programs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"disagg.dev/tests/cluster/internal/usercache"
)

// Cache is a directory with one binary of each program, for one version of Kubernetes. They are
// links to where the binaries are kept, so that two directories share what they have in common.
type Cache struct {
	modulesDir string
	assetsDir  string // KUBEBUILDER_ASSETS; empty when unset
	programs   []program
	stored     map[string]string // where the binary of a program is kept
	dir        string
}

// OpenCache finds the directory that belongs to the pins in modulesDir, with a minor version of
// Kubernetes, or the newest one if that is empty. It may hold no binaries yet.
func OpenCache(modulesDir, kubernetes string) (*Cache, error) {
	base, err := usercache.Dir()
	if err != nil {
		return nil, err
	}
	if kubernetes, err = chooseKubernetes(modulesDir, kubernetes); err != nil {
		return nil, err
	}
	c := &Cache{modulesDir: modulesDir, assetsDir: os.Getenv("KUBEBUILDER_ASSETS"),
		programs: pinned(kubernetes), stored: map[string]string{}}
	all := sha256.New()
	fmt.Fprintln(all, c.assetsDir)
	for _, p := range c.programs {
		key, err := p.key(modulesDir)
		if err != nil {
			return nil, err
		}
		c.stored[p.name] = filepath.Join(base, "programs", p.name+"-"+key)
		fmt.Fprintln(all, p.name, key)
	}
	c.dir = filepath.Join(base, kubernetesModule+kubernetes+"-"+shortSum(all.Sum(nil)))
	return c, nil
}

// Dir is where the binaries are, each under its plain name.
func (c *Cache) Dir() string { return c.dir }

// Path is where the binary of a program is once Ensure has returned.
func (c *Cache) Path(name string) string { return filepath.Join(c.dir, name) }

// Ensure makes the named programs present and says to output what has to be built for that. Callers
// in several processes take turns at a program; whoever comes second finds the work done.
func (c *Cache) Ensure(ctx context.Context, names []string, output io.Writer) error {
	missing, err := c.missing(names)
	if err != nil {
		return err
	}
	progress := newProgress(output, len(missing))
	for _, p := range missing {
		step := progress.begin(p.name + " of modules/" + p.module)
		err := c.store(ctx, p, step.note)
		step.end(err)
		if err != nil {
			return err
		}
		if _, err := c.link(p); err != nil {
			return err
		}
	}
	return nil
}

// missing finds what has to be built. The others are in the directory afterwards.
func (c *Cache) missing(names []string) ([]program, error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return nil, err
	}
	var missing []program
	for _, name := range names {
		p, err := c.find(name)
		if err != nil {
			return nil, err
		}
		linked, err := c.link(p)
		if err != nil {
			return nil, err
		}
		if !linked {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

func (c *Cache) find(name string) (program, error) {
	for _, p := range c.programs {
		if p.name == name {
			return p, nil
		}
	}
	return program{}, fmt.Errorf("no program %q is pinned; known: %v", name, All())
}

// link puts a program that is there into the directory, as a whole: a reader sees the link or
// nothing.
func (c *Cache) link(p program) (linked bool, err error) {
	link := c.Path(p.name)
	if exists(link) {
		return true, nil
	}
	target := c.stored[p.name]
	if asset := filepath.Join(c.assetsDir, p.name); c.assetsDir != "" && p.asset && exists(asset) {
		target = asset
	}
	if !exists(target) {
		return false, nil
	}
	part := fmt.Sprintf("%s.part.%d", link, os.Getpid())
	os.Remove(part) // of an earlier process of this number
	if err := os.Symlink(target, part); err != nil {
		return false, err
	}
	return true, os.Rename(part, link)
}

// store builds a program unless somebody else has done so meanwhile, by way of a temporary file
// beside it: a reader sees all of it or nothing.
func (c *Cache) store(ctx context.Context, p program, note func(string)) error {
	target := c.stored[p.name]
	unlock, err := lock(ctx, target+".lock", func() { note("another process builds it") })
	if err != nil {
		return err
	}
	defer unlock()
	if exists(target) {
		return nil
	}
	part := fmt.Sprintf("%s.part.%d", target, os.Getpid())
	defer os.Remove(part)
	if err := build(ctx, c.modulesDir, p, part, note); err != nil {
		return err
	}
	if err := c.checkPins(p); err != nil {
		return err
	}
	return os.Rename(part, target)
}

// checkPins fails when the pins of a program have changed since the cache was opened, as after a
// checkout: all clones would get a program of other pins than it is kept under.
func (c *Cache) checkPins(p program) error {
	key, err := p.key(c.modulesDir)
	if err == nil && !strings.HasSuffix(c.stored[p.name], "-"+key) {
		err = fmt.Errorf("modules/%s has changed while %s was built; try again", p.module, p.name)
	}
	return err
}

func shortSum(sum []byte) string { return hex.EncodeToString(sum)[:16] }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
