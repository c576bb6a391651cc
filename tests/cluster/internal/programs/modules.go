package programs

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// FindModules locates the folder of pinned Go modules: in the checkout that holds this executable,
// in the one that holds the working directory, or where the executable was compiled.
func FindModules() (string, error) {
	if dir := os.Getenv("LOCAL_CLUSTER_MODULES"); dir != "" {
		return filepath.Abs(dir)
	}
	var starts []string
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	if cwd, err := os.Getwd(); err == nil {
		starts = append(starts, cwd)
	}
	if _, source, _, ok := runtime.Caller(0); ok {
		starts = append(starts, filepath.Dir(source))
	}
	for _, start := range starts {
		if dir, ok := modulesAbove(start); ok {
			return dir, nil
		}
	}
	return "", errors.New("no tests/cluster/modules above the executable or the working directory; " +
		"set LOCAL_CLUSTER_MODULES")
}

func modulesAbove(dir string) (string, bool) {
	for {
		candidate := filepath.Join(dir, "tests", "cluster", "modules")
		if _, err := pinnedKubernetes(candidate); err == nil {
			return candidate, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}
