// Package programs builds the pinned programs of a cluster once per user and pinning.
//
// Binaries live in the user's cache directory under a hash of everything that decides their
// content, so a second clone, CI and the demo share them, and a changed pin gets a directory of its
// own. KUBEBUILDER_ASSETS, where it is set, provides etcd, kube-apiserver and kubectl.
package programs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"syscall"
	"time"
)

// Cache is the directory of binaries for one set of pins.
type Cache struct {
	modulesDir string
	assetsDir  string // KUBEBUILDER_ASSETS; empty when unset
	dir        string
}

// OpenCache finds the directory that belongs to the pins in modulesDir. It may hold no binaries
// yet.
func OpenCache(modulesDir string) (*Cache, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	c := &Cache{modulesDir: modulesDir, assetsDir: os.Getenv("KUBEBUILDER_ASSETS")}
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	c.dir = filepath.Join(base, "disagg-operator", key)
	return c, nil
}

// Dir is where the binaries are, each under its plain name.
func (c *Cache) Dir() string { return c.dir }

// Path is where the binary of a program is once Ensure has returned.
func (c *Cache) Path(name string) string { return filepath.Join(c.dir, name) }

// Ensure makes the named programs present. One line for each program that had to be made goes to
// progress. Callers in several processes take turns; whoever comes second finds the work done.
func (c *Cache) Ensure(ctx context.Context, names []string, progress io.Writer) error {
	wanted := make([]program, 0, len(names))
	for _, name := range names {
		p, ok := find(name)
		if !ok {
			return fmt.Errorf("no program %q is pinned; known: %v", name, All())
		}
		wanted = append(wanted, p)
	}
	if len(c.missing(wanted)) == 0 {
		return nil
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	for _, p := range c.missing(wanted) {
		start := time.Now()
		how, err := c.make(ctx, p)
		if err != nil {
			return err
		}
		fmt.Fprintf(progress, "%-24s %s %6.1f s\n", p.name, how, time.Since(start).Seconds())
	}
	return nil
}

func (c *Cache) make(ctx context.Context, p program) (how string, err error) {
	target := c.Path(p.name)
	if asset := filepath.Join(c.assetsDir, p.name); c.assetsDir != "" && p.asset && exists(asset) {
		os.Remove(target) // a link to an asset that is gone
		return "linked", os.Symlink(asset, target)
	}
	return "built ", build(ctx, c.modulesDir, p, target)
}

func (c *Cache) missing(wanted []program) []program {
	var missing []program
	for _, p := range wanted {
		if !exists(c.Path(p.name)) {
			missing = append(missing, p)
		}
	}
	return missing
}

func (c *Cache) lock() (unlock func(), err error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(c.dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// key hashes what decides the content of the binaries.
func (c *Cache) key() (string, error) {
	modules, _ := filepath.Glob(filepath.Join(c.modulesDir, "*", "go.mod"))
	sums, _ := filepath.Glob(filepath.Join(c.modulesDir, "*", "go.sum"))
	files := append(modules, sums...)
	if len(files) == 0 {
		return "", fmt.Errorf("no pinned modules in %s", c.modulesDir)
	}
	sort.Strings(files)
	h := sha256.New()
	fmt.Fprintln(h, runtime.GOOS, runtime.GOARCH, c.assetsDir, buildFlags, table)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		name, _ := filepath.Rel(c.modulesDir, file)
		fmt.Fprintln(h, name, len(content))
		h.Write(content)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
