package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"disagg.dev/tests/cluster/internal/corpus"
	"disagg.dev/tests/cluster/internal/kubeconfig"
	"disagg.dev/tests/cluster/internal/programs"
)

// corpusCommand stores legal objects that no writer of ours would make. It prints a line for each:
// "created KIND NAME", or "refused KIND NAME: WHY" where the API server does not want it.
func corpusCommand(args []string) error {
	flags := newFlags("corpus")
	config := flags.String("kubeconfig", "", "kubeconfig of whom may create the objects")
	namespace := flags.String("namespace", "", "a namespace that exists")
	kubernetes := programs.KubernetesFlag(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *config == "" || *namespace == "" || flags.NArg() > 0 {
		return errors.New("usage: local-cluster corpus --kubeconfig FILE --namespace NAMESPACE")
	}
	kubectl, err := ensureKubectl(*kubernetes)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	body := filepath.Join(dir, "body")
	for _, object := range corpus.Objects(*namespace) {
		if err := os.WriteFile(body, []byte(object.Body), 0o600); err != nil {
			return err
		}
		_, err := kubeconfig.Kubectl(kubectl, *config, "create", "--raw", object.Path, "-f", body)
		if err != nil {
			fmt.Printf("refused %s %s: %s\n", object.Kind, object.Name, firstLine(err.Error()))
			continue
		}
		fmt.Printf("created %s %s\n", object.Kind, object.Name)
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line[:min(len(line), 300)]
}
