package realnode

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"disagg.dev/tests/cluster/internal/usercache"
)

// covered are the directories whose paths are fixed in containerd's CNI library and in the kubelet.
// The node sees directories of its own there. The machine need not have them: the mount points that
// are missing are made, noted in a file of the user, and removed with the last node. Not sooner:
// who removes a directory takes away what other namespaces have mounted on it.
var covered = []string{"/var/lib/cni", "/var/log/containers"}

// mountPoints keeps the mount points while it is open.
type mountPoints struct{ note *os.File }

func openNote() (*os.File, error) {
	return usercache.OpenFile("node-directories", os.O_APPEND)
}

// makeMountPoints notes what it makes before it makes it.
func makeMountPoints() (*mountPoints, error) {
	note, err := openNote()
	if err != nil {
		return nil, err
	}
	m := &mountPoints{note}
	if err := m.make(); err != nil {
		m.close()
		return nil, fmt.Errorf("mount points of the node: %w", err)
	}
	return m, nil
}

func (m *mountPoints) make() error {
	// Only a removal keeps others from the shared lock, and it takes no time.
	if err := unix.Flock(int(m.note.Fd()), unix.LOCK_SH); err != nil {
		return err
	}
	for _, target := range covered {
		if _, err := os.Stat(target); !errors.Is(err, os.ErrNotExist) {
			continue
		}
		if _, err := fmt.Fprintln(m.note, target); err != nil {
			return err
		}
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
	}
	return nil
}

func (m *mountPoints) close() { m.note.Close() }

// removeMountPoints does nothing while a node lives, and leaves alone what somebody uses by now.
func removeMountPoints() error {
	note, err := openNote()
	if err != nil {
		return err
	}
	defer note.Close()
	err = unix.Flock(int(note.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(note.Name())
	if err != nil {
		return err
	}
	for _, target := range strings.Fields(string(text)) {
		if slices.Contains(covered, target) {
			os.Remove(target) // fails where it is not empty
		}
	}
	return note.Truncate(0)
}
