package main

import (
	"errors"
	"strings"

	"disagg.dev/tests/cluster/internal/kubeconfig"
	"disagg.dev/tests/cluster/internal/programs"
)

// tokenCommand makes a kubeconfig for a client that runs as a ServiceAccount does in a pod, but
// outside of one.
func tokenCommand(args []string) error {
	flags := newFlags("token")
	in := flags.String("kubeconfig", "", "kubeconfig of an administrator")
	account := flags.String("service-account", "", "NAMESPACE/NAME of a ServiceAccount that exists")
	out := flags.String("write-kubeconfig", "", "kubeconfig to write")
	kubernetes := programs.KubernetesFlag(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	namespace, name, ok := strings.Cut(*account, "/")
	if *in == "" || *out == "" || !ok || flags.NArg() > 0 {
		return errors.New("usage: local-cluster token --kubeconfig IN --service-account NAMESPACE/NAME " +
			"--write-kubeconfig OUT")
	}
	kubectl, err := ensureKubectl(*kubernetes)
	if err != nil {
		return err
	}
	config, err := kubeconfig.Load(kubectl, *in)
	if err != nil {
		return err
	}
	token, err := kubeconfig.Kubectl(kubectl, *in, "create", "token", name, "--namespace="+namespace,
		"--duration=24h")
	if err != nil {
		return err
	}
	config.Token, config.Namespace = strings.TrimSpace(token), namespace
	return config.Write(*out)
}
