package realnode

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// InitCommand is the command of local-cluster by which the node's first process is started.
const InitCommand = "node-init"

const initReady = "ready\n"

// RunInit is the first process of a node. With it end all others and their mounts: the kernel sees
// to that, however it ends. It arranges the mounts and then reaps orphans, as are the shims.
func RunInit(args []string) error {
	if len(args) != 1 || os.Getpid() != 1 {
		return errors.New(InitCommand + " is for local-cluster itself")
	}
	orphans := make(chan os.Signal, 1)
	signal.Notify(orphans, unix.SIGCHLD)
	if err := arrange(args[0]); err != nil {
		return err
	}
	if _, err := os.Stdout.WriteString(initReady); err != nil {
		return err
	}
	for range orphans {
		reap()
	}
	return nil
}

func reap() {
	for {
		if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != nil || pid <= 0 {
			return
		}
	}
}

// arrange makes what is fixed in the programs of a node the node's own.
func arrange(dir string) error {
	// The machine's mounts come and go here too; ours do not reach the machine. Volumes with mount
	// propagation want a shared tree.
	for _, propagation := range []uintptr{unix.MS_SLAVE, unix.MS_SHARED} {
		if err := unix.Mount("", "/", "", unix.MS_REC|propagation, ""); err != nil {
			return fmt.Errorf("mount propagation: %w", err)
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mounting /run: %w", err)
	}
	for _, target := range covered {
		source := filepath.Join(dir, "covered", filepath.Base(target))
		if err := os.MkdirAll(source, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", target, err)
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}
