package main

import (
	"errors"
	"fmt"
	"os"

	"disagg.dev/tests/cluster/internal/faultproxy"
	"disagg.dev/tests/cluster/internal/kubeconfig"
	"disagg.dev/tests/cluster/internal/programs"
)

func proxyCommand(args []string) error {
	flags := newFlags("proxy")
	in := flags.String("kubeconfig", "", "kubeconfig of the API server, with a token")
	out := flags.String("write-kubeconfig", "", "kubeconfig to write, which points at the proxy")
	kubernetes := programs.KubernetesFlag(flags)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: local-cluster proxy --kubeconfig IN --write-kubeconfig OUT")
		flags.PrintDefaults()
		fmt.Fprint(flags.Output(), faultproxy.Help)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *in == "" || *out == "" || flags.NArg() > 0 {
		return errors.New("usage: local-cluster proxy --kubeconfig IN --write-kubeconfig OUT")
	}
	kubectl, err := ensureKubectl(*kubernetes)
	if err != nil {
		return err
	}
	client, err := kubeconfig.Load(kubectl, *in)
	if err != nil {
		return err
	}
	if client.Token == "" {
		return errors.New(*in + ": the user has no token; a client certificate cannot pass through a proxy")
	}
	return faultproxy.Serve(client, *out, os.Stdin, os.Stdout)
}
