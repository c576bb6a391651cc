package realnode

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// id is a short name that belongs to the directory of one cluster, so that whoever cleans up after a
// dead one finds what it has left.
func id(dir string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(dir)))[:8] }

// cgroup is where the kubelet puts the pods, below the root of each hierarchy.
func cgroup(dir string) string { return "local-cluster-" + id(dir) }

// hierarchies are the mounted cgroup trees: one with cgroup v2, one for each controller with v1.
func hierarchies() ([]string, error) {
	mounts, err := os.Open("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	defer mounts.Close()
	var found []string
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 2 &&
			(fields[2] == "cgroup" || fields[2] == "cgroup2") {
			found = append(found, fields[1])
		}
	}
	return found, lines.Err()
}

// makeCgroups makes the pods' parent, which the kubelet wants to find.
func makeCgroups(dir string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		if err := os.MkdirAll(filepath.Join(root, cgroup(dir)), 0o755); err != nil {
			return err
		}
	}
	if !unified() {
		return nil
	}
	for _, controller := range []string{"cpu", "cpuset", "memory", "pids", "hugetlb", "io"} {
		// A controller that the machine does not have is the kubelet's to miss.
		enable := filepath.Join("/sys/fs/cgroup", "cgroup.subtree_control")
		os.WriteFile(enable, []byte("+"+controller), 0o644)
	}
	return nil
}

func unified() bool {
	var statfs unix.Statfs_t
	return unix.Statfs("/sys/fs/cgroup", &statfs) == nil && statfs.Type == unix.CGROUP2_SUPER_MAGIC
}

// removeCgroups waits until the kernel has let go of what ran in them.
func removeCgroups(dir string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(cleanUpTimeout); ; time.Sleep(20 * time.Millisecond) {
		var failures []error
		for _, root := range roots {
			failures = append(failures, removeTree(filepath.Join(root, cgroup(dir))))
		}
		if err := errors.Join(failures...); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// removeTree removes a cgroup and those below it, the deepest first. Their files cannot be removed
// and need not be.
func removeTree(top string) error {
	var dirs []string
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return nil // what has gone meanwhile needs no removal
	})
	if err != nil {
		return err
	}
	var failures []error
	for _, dir := range slices.Backward(dirs) {
		if err := unix.Rmdir(dir); err != nil && !errors.Is(err, unix.ENOENT) {
			failures = append(failures, fmt.Errorf("removing cgroup %s: %w", dir, err))
		}
	}
	return errors.Join(failures...)
}
