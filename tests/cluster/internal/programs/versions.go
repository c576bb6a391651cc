package programs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Programs of Kubernetes come from a module for each pinned minor version: modules/k8s-1.37 and so
// on.
const kubernetesModule = "k8s-"

// KubernetesFlag adds the choice of a version of Kubernetes to a command.
func KubernetesFlag(flags *flag.FlagSet) *string {
	return flags.String("kubernetes", os.Getenv("KUBERNETES"),
		"minor version of Kubernetes, as in 1.37; without it that of $KUBERNETES, or the newest pinned one")
}

// chooseKubernetes checks that a version is pinned. Without one it is the newest.
func chooseKubernetes(modulesDir, wanted string) (string, error) {
	versions, err := pinnedKubernetes(modulesDir)
	if err != nil {
		return "", err
	}
	if wanted == "" {
		return versions[len(versions)-1], nil
	}
	if !slices.Contains(versions, wanted) {
		return "", fmt.Errorf("Kubernetes %q is not pinned in %s; choose one of %s", wanted, modulesDir,
			strings.Join(versions, ", "))
	}
	return wanted, nil
}

// pinnedKubernetes lists the minor versions, the oldest first.
func pinnedKubernetes(modulesDir string) ([]string, error) {
	files, _ := filepath.Glob(filepath.Join(modulesDir, kubernetesModule+"*", "go.mod"))
	if len(files) == 0 {
		return nil, fmt.Errorf("no module %s* in %s", kubernetesModule, modulesDir)
	}
	var versions []string
	for _, file := range files {
		folder := filepath.Base(filepath.Dir(file))
		versions = append(versions, strings.TrimPrefix(folder, kubernetesModule))
	}
	slices.SortFunc(versions, func(a, b string) int { return slices.Compare(numbers(a), numbers(b)) })
	return versions, nil
}

func numbers(version string) []int {
	var parts []int
	for _, part := range strings.Split(version, ".") {
		number, _ := strconv.Atoi(part)
		parts = append(parts, number)
	}
	return parts
}
