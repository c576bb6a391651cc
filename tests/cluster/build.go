package main

import (
	"context"
	"fmt"
	"os"

	"disagg.dev/tests/cluster/internal/programs"
)

func buildCommand(args []string) error {
	flags := newFlags("build")
	all := flags.Bool("all", false, "also what only clusters with real nodes need")
	if err := flags.Parse(args); err != nil {
		return err
	}
	names := flags.Args()
	switch {
	case *all:
		names = programs.All()
	case len(names) == 0:
		names = programs.Default()
	}
	cache, err := ensurePrograms(context.Background(), names)
	if err != nil {
		return err
	}
	fmt.Println(cache.Dir())
	return nil
}

func ensurePrograms(ctx context.Context, names []string) (*programs.Cache, error) {
	modules, err := programs.FindModules()
	if err != nil {
		return nil, err
	}
	cache, err := programs.OpenCache(modules)
	if err != nil {
		return nil, err
	}
	return cache, cache.Ensure(ctx, names, os.Stderr)
}
