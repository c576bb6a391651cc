package main

import (
	"context"
	"fmt"
	"os"

	"disagg.dev/tests/cluster/internal/cluster"
	"disagg.dev/tests/cluster/internal/programs"
)

// theCluster stands for the programs that a whole cluster runs.
const theCluster = "cluster"

// theNode stands for those of a cluster with a real node.
const theNode = "node"

func buildCommand(args []string) error {
	flags := newFlags("build")
	kubernetes := programs.KubernetesFlag(flags)
	all := flags.Bool("all", false, "also what only clusters with real nodes need")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cache, err := ensurePrograms(context.Background(), *kubernetes, wantedPrograms(flags.Args(), *all))
	if err != nil {
		return err
	}
	fmt.Println(cache.Dir())
	return nil
}

func wantedPrograms(names []string, all bool) []string {
	if all {
		return programs.All()
	}
	if len(names) == 0 {
		names = []string{theCluster}
	}
	var wanted []string
	for _, name := range names {
		switch name {
		case theCluster:
			wanted = append(wanted, cluster.Options{}.Programs()...)
		case theNode:
			wanted = append(wanted, cluster.Options{RealNode: &cluster.RealNode{}}.Programs()...)
		default:
			wanted = append(wanted, name)
		}
	}
	return wanted
}

func ensurePrograms(ctx context.Context, kubernetes string, names []string) (*programs.Cache, error) {
	modules, err := programs.FindModules()
	if err != nil {
		return nil, err
	}
	cache, err := programs.OpenCache(modules, kubernetes)
	if err != nil {
		return nil, err
	}
	return cache, cache.Ensure(ctx, names, os.Stderr)
}

// ensureKubectl returns the path of kubectl.
func ensureKubectl(kubernetes string) (string, error) {
	cache, err := ensurePrograms(context.Background(), kubernetes, []string{"kubectl"})
	if err != nil {
		return "", err
	}
	return cache.Path("kubectl"), nil
}
