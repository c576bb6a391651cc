package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"disagg.dev/tests/cluster/internal/process"
)

// component is one program of the cluster. It can be stopped and started again with the same ports
// and data.
type component struct {
	name  string
	path  string
	args  []string
	log   string
	lock  *os.File // inherited by the process: see state
	ready func(context.Context) error
	// launch starts the process where it belongs.
	launch func(*exec.Cmd) (*process.Child, error)

	wanted bool           // started, and not stopped on purpose
	child  *process.Child // nil before the first start
}

// start runs the program and does not wait until it is ready.
func (c *component) start() error {
	if c.running() {
		return fmt.Errorf("%s is running already", c.name)
	}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(c.path, c.args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{c.lock}
	c.wanted = true
	c.child, err = c.launch(cmd)
	return err
}

// waitReady asks again and again until the component can do its work, has died, or ctx ends.
func (c *component) waitReady(ctx context.Context) error {
	for {
		err := c.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.child.Done():
			return fmt.Errorf("%s ended while starting (%s)\n%s", c.name, c.child.State(), c.logTail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w\n%s", c.name, errors.Join(context.Cause(ctx), err),
				c.logTail())
		case <-time.After(25 * time.Millisecond):
		}
	}
}

func (c *component) running() bool {
	if c.child == nil {
		return false
	}
	select {
	case <-c.child.Done():
		return false
	default:
		return true
	}
}

func (c *component) kill() {
	c.wanted = false
	if c.running() {
		c.child.Kill()
	}
}

// signal reaches a running process only.
func (c *component) signal(signal syscall.Signal) error {
	if !c.running() {
		return fmt.Errorf("%s is not running", c.name)
	}
	c.child.Signal(signal)
	return nil
}

const tailLines = 20

// logTail is the end of the log, for error messages.
func (c *component) logTail() string {
	content, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(string(bytes.TrimRight(content, "\n")), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	return fmt.Sprintf("last lines of %s:\n  %s", c.log, strings.Join(lines, "\n  "))
}
