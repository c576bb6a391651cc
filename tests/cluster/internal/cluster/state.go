package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"disagg.dev/tests/cluster/internal/realnode"
)

// state is the directory of one cluster.
//
// Its lock file is open in the supervisor and in every child, so the lock is held exactly as long
// as any process of the cluster lives, however the others ended.
type state string

// endTimeout is how long the processes of a cluster may take to end.
const endTimeout = 20 * time.Second

func (s state) path(parts ...string) string {
	return filepath.Join(append([]string{string(s)}, parts...)...)
}

// nodeDir is what a real node has of its own in the directory.
const nodeDir = "node"

func (s state) kubeconfig() string      { return s.path("kubeconfig") }
func (s state) lockFile() string        { return s.path("cluster.lock") }
func (s state) pki(name string) string  { return s.path("pki", name) }
func (s state) log(name string) string  { return s.path("logs", name+".log") }
func (s state) data(name string) string { return s.path("data", name) }

// lock takes the directory for a new cluster and removes what an earlier one has left there.
func (s state) lock() (*os.File, error) {
	if err := s.checkOurs(); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(s.lockFile(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("a cluster runs in %s; stop it with: local-cluster down --dir %s", s, s)
	}
	if err := realnode.CleanUp(s.path(nodeDir)); err != nil {
		return nil, err
	}
	for _, leftover := range []string{"pki", "data", "logs", nodeDir, "kubeconfig", socketName} {
		if err := os.RemoveAll(s.path(leftover)); err != nil {
			return nil, err
		}
	}
	for _, dir := range []string{"pki", "data", "logs"} {
		if err := os.Mkdir(s.path(dir), 0o700); err != nil {
			return nil, err
		}
	}
	return lock, nil
}

// waitForDeadChildren leaves the kernel time to end the processes of a supervisor that was killed: they
// hold the lock a little longer than it.
func (s state) waitForDeadChildren() {
	err := withShortPath(s, func(path string) error {
		connection, err := net.Dial("unix", path)
		if err == nil {
			connection.Close()
		}
		return err
	})
	if err != nil { // nobody answers
		s.waitUnlocked(endTimeout)
	}
}

// checkOurs guards against wiping parts of a directory that holds something else.
func (s state) checkOurs() error {
	if err := os.MkdirAll(string(s), 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(string(s))
	if err != nil || len(entries) == 0 {
		return err
	}
	if _, err := os.Stat(s.lockFile()); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is not empty and holds no cluster", s)
	}
	return nil
}

// waitUnlocked returns when no process of the cluster is left.
func (s state) waitUnlocked(timeout time.Duration) error {
	lock, err := os.OpenFile(s.lockFile(), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	for deadline := time.Now().Add(timeout); ; time.Sleep(10 * time.Millisecond) {
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes of the cluster in %s are still there after %s", s, timeout)
		}
	}
}
