// Package realnode runs a real Kubernetes node beside the simulated ones: containerd, kubelet,
// kube-proxy and cluster DNS in mount, network and PID namespaces of their own. What they mount,
// route, filter and start is in there and ends with the node's first process, SIGKILL included. On
// the machine itself a node has one network link, empty cgroups, and its directory.
package realnode

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"disagg.dev/tests/cluster/internal/process"
)

const (
	initTimeout    = 10 * time.Second
	cleanUpTimeout = 10 * time.Second
)

// Node is a running node: its namespaces, and a way into them.
type Node struct {
	layout      Layout
	mountPoints *mountPoints
	init        *process.Child
	starter     *process.Starter
}

// Start makes the namespaces and the network of a node. No program of it runs yet. The files stay
// open in its first process, which is how others see that it lives.
func Start(ctx context.Context, layout Layout, keepOpen ...*os.File) (*Node, error) {
	n := &Node{layout: layout}
	if err := os.MkdirAll(layout.Dir, 0o700); err != nil {
		return nil, err
	}
	err := errors.Join(makeCgroups(layout.Dir), layout.writeConfigs())
	if err == nil {
		n.mountPoints, err = makeMountPoints()
	}
	if err == nil {
		err = n.startInit(ctx, keepOpen)
	}
	if err == nil {
		n.starter, err = process.Enter(n.init.PID())
	}
	if err == nil {
		err = n.connect(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// startInit returns when the mounts are arranged.
func (n *Node) startInit(ctx context.Context, keepOpen []*os.File) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	output, input, err := os.Pipe()
	if err != nil {
		return err
	}
	defer output.Close()
	messages, err := os.Create(filepath.Join(n.layout.Dir, "init.log"))
	if err != nil {
		return err
	}
	defer messages.Close()
	cmd := exec.Command(exe, InitCommand, n.layout.Dir)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = input, messages, keepOpen
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID}
	n.init, err = process.Start(cmd)
	input.Close()
	if err != nil {
		return fmt.Errorf("making the node's namespaces: %w", err)
	}
	output.SetReadDeadline(time.Now().Add(initTimeout))
	defer context.AfterFunc(ctx, func() { output.SetReadDeadline(time.Now()) })()
	if line, err := bufio.NewReader(output).ReadString('\n'); line != initReady {
		text, _ := os.ReadFile(messages.Name())
		return fmt.Errorf("the node's first process is not ready: %v: %s", err, bytes.TrimSpace(text))
	}
	return nil
}

// connect links the node with the machine, which reaches pods and ClusterIPs through it.
func (n *Node) connect(ctx context.Context) error {
	network, link := n.layout.Network, n.layout.link()
	onMachine := [][]string{
		{"link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", fmt.Sprint(n.init.PID())},
		{"address", "add", network.Host() + "/24", "dev", link},
		{"link", "set", link, "up"},
	}
	onNode := [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", network.Node() + "/24", "dev", "eth0"},
		{"link", "set", "eth0", "up"},
		{"route", "add", "default", "via", network.Host()},
	}
	for _, args := range onMachine {
		if err := run(ctx, process.Start, "ip", args...); err != nil {
			return err
		}
	}
	for _, args := range onNode {
		if err := run(ctx, n.starter.Start, "ip", args...); err != nil {
			return err
		}
	}
	return run(ctx, process.Start, "ip", "route", "add", network.All(), "via", network.Node(), "dev", link)
}

// Launch starts a program on the node. The built programs find each other in its $PATH: containerd
// looks for the shims of running pods there when it starts again.
func (n *Node) Launch(cmd *exec.Cmd) (*process.Child, error) {
	cmd.Env = append(os.Environ(), "PATH="+n.layout.Programs+":"+os.Getenv("PATH"))
	return n.starter.Start(cmd)
}

// Done is closed when the node's first process has ended, and with it all others.
func (n *Node) Done() <-chan struct{} { return n.init.Done() }

// Stop ends everything on the node and removes what it has on the machine.
func (n *Node) Stop() error {
	if n.init != nil {
		n.init.Kill()
	}
	if n.starter != nil {
		n.starter.Close()
	}
	if n.mountPoints != nil {
		n.mountPoints.close()
	}
	return CleanUp(n.layout.Dir)
}

// CleanUp removes what a node has on the machine, be it of a cluster that was killed.
func CleanUp(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return errors.Join(removeMountPoints(), removeLink(linkName(dir)), removeCgroups(dir))
}

func removeLink(link string) error {
	if _, err := os.Stat("/sys/class/net/" + link); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	err := run(context.Background(), process.Start, "ip", "link", "delete", link)
	if err != nil && strings.Contains(err.Error(), "Cannot find device") {
		return nil // the kernel was faster
	}
	return err
}

// run waits for a program to end well, or kills it with the end of ctx.
func run(ctx context.Context, start func(*exec.Cmd) (*process.Child, error), name string,
	args ...string) error {
	var output bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	child, err := start(cmd)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { child.Signal(syscall.SIGKILL) })()
	<-child.Done()
	if !child.State().Success() {
		return fmt.Errorf("%s %s: %s: %s", filepath.Base(name), strings.Join(args, " "), child.State(),
			bytes.TrimSpace(output.Bytes()))
	}
	return nil
}
