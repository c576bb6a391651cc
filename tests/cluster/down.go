package main

import (
	"errors"
	"fmt"

	"disagg.dev/tests/cluster/internal/cluster"
)

func downCommand(args []string) error {
	flags := newFlags("down")
	dir := flags.String("dir", "", "directory of the cluster")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" || flags.NArg() > 0 {
		return errors.New("usage: local-cluster down --dir DIR")
	}
	return cluster.Down(*dir)
}

func ctlCommand(args []string) error {
	flags := newFlags("ctl")
	dir := flags.String("dir", "", "directory of the cluster")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" || flags.NArg() < 1 || flags.NArg() > 2 {
		return errors.New("usage: local-cluster ctl --dir DIR VERB [COMPONENT]")
	}
	output, err := cluster.Ctl(*dir, flags.Arg(0), flags.Arg(1))
	if output != "" {
		fmt.Println(output)
	}
	return err
}
