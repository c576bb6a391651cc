package main

import (
	"errors"

	"disagg.dev/tests/cluster/internal/cluster"
)

func imageCommand(args []string) error {
	usage := errors.New("usage: local-cluster image load --dir DIR FILE...")
	if len(args) == 0 || args[0] != "load" {
		return usage
	}
	flags := newFlags("image load")
	dir := flags.String("dir", "", "directory of the cluster")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if *dir == "" || flags.NArg() == 0 {
		return usage
	}
	for _, file := range flags.Args() {
		if err := cluster.LoadImage(*dir, file); err != nil {
			return err
		}
	}
	return nil
}
