// Package process runs child processes that cannot outlive this one.
//
// Linux sends a child its parent-death signal when the THREAD that started it ends. Go moves
// goroutines between threads and ends idle ones, so every child is started from one goroutine that
// keeps its thread for good.
package process

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

var (
	startOnce sync.Once
	starts    chan startRequest
)

type startRequest struct {
	cmd    *exec.Cmd
	result chan error
}

func startFromLockedThread(cmd *exec.Cmd) error {
	startOnce.Do(func() {
		starts = make(chan startRequest)
		go func() {
			runtime.LockOSThread()
			for request := range starts {
				request.result <- request.cmd.Start()
			}
		}()
	})
	request := startRequest{cmd, make(chan error, 1)}
	starts <- request
	return <-request.result
}

// Child is a running or ended child process.
type Child struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// Start runs cmd. The child is killed when this process ends in any way, SIGKILL included, and is
// out of reach of the terminal's signals.
func Start(cmd *exec.Cmd) (*Child, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := startFromLockedThread(cmd); err != nil {
		return nil, err
	}
	child := &Child{cmd: cmd, done: make(chan struct{})}
	go func() {
		cmd.Wait()
		close(child.done)
	}()
	return child, nil
}

// PID is the process id.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Done is closed when the process has ended and was reaped.
func (c *Child) Done() <-chan struct{} { return c.done }

// State tells how the process ended; only valid after Done.
func (c *Child) State() *os.ProcessState { return c.cmd.ProcessState }

// Signal sends a signal; it is no error when the process has ended.
func (c *Child) Signal(signal syscall.Signal) { c.cmd.Process.Signal(signal) }

// Kill ends the process at once and waits for it.
func (c *Child) Kill() {
	c.Signal(syscall.SIGKILL)
	<-c.done
}
