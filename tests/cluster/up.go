package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"disagg.dev/tests/cluster/internal/cluster"
)

// upCommand starts `run` in a session of its own and leaves it alone once the cluster is ready. If
// this process ends before that, the supervisor's stdin ends, and so does what it has started.
func upCommand(args []string) error {
	options, err := cluster.ParseOptions(newFlags("up"), args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if _, err := ensurePrograms(ctx, options.Kubernetes, options.Programs()); err != nil {
		return err
	}
	kubeconfig, err := startDetached(ctx, args, options.Dir)
	if err != nil {
		return err
	}
	fmt.Println(kubeconfig)
	return nil
}

func startDetached(ctx context.Context, args []string, dir string) (kubeconfig string, err error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(exe, append([]string{"run", "--detached"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	messages, err := os.CreateTemp("", "local-cluster-*.log")
	if err != nil {
		return "", err
	}
	defer messages.Close()
	defer os.Remove(messages.Name())
	cmd.Stderr = messages
	if err := cmd.Start(); err != nil {
		return "", err
	}
	context.AfterFunc(ctx, func() { stdin.Close() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		cmd.Wait()
		text, _ := os.ReadFile(messages.Name())
		return "", fmt.Errorf("%s", strings.TrimPrefix(strings.TrimSpace(string(text)), "local-cluster: "))
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "ready ")), nil
}
