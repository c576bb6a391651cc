package main

import (
	"errors"
	"fmt"
	"os"

	"disagg.dev/tests/cluster/internal/webhook"
)

func webhookCommand(args []string) error {
	flags := newFlags("webhook")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: local-cluster webhook")
		fmt.Fprint(flags.Output(), webhook.Help)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return errors.New("usage: local-cluster webhook")
	}
	return webhook.Serve(os.Stdin, os.Stdout)
}
