package process

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Enter returns a starter whose children live in the mount, network and PID namespaces of a process.
// They are children of this process all the same, which waits for them. They end with the first
// process of the PID namespace. A signal at the end of their parent is out of the question: Go's
// child cannot see the parent there, takes it for dead, and kills itself.
func Enter(pid int) (*Starter, error) {
	return newStarter(0, func() error { return enter(pid) })
}

// enter moves the calling thread. Of the PID namespace only its children become members.
func enter(pid int) error {
	var spaces []*os.File
	for _, kind := range []string{"mnt", "net", "pid"} { // all opened before /proc becomes another one
		file, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
		if err != nil {
			return err
		}
		defer file.Close()
		spaces = append(spaces, file)
	}
	// A thread that shares its working directory with others cannot change its mount namespace.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	for _, space := range spaces {
		if err := unix.Setns(int(space.Fd()), 0); err != nil {
			return fmt.Errorf("entering %s: %w", space.Name(), err)
		}
	}
	return nil
}
