// Package process runs child processes that cannot outlive this one.
//
// Linux sends a child its parent-death signal when the THREAD that started it ends. Go moves
// goroutines between threads and ends idle ones, so every child is started from one goroutine that
// keeps its thread for good.
package process

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

type startRequest struct {
	cmd    *exec.Cmd
	result chan error
}

// Starter starts children from a thread of its own.
type Starter struct {
	requests    chan startRequest
	closed      chan struct{}
	parentDeath syscall.Signal // for the children, at the end of the thread
}

var host = sync.OnceValue(func() *Starter {
	s, _ := newStarter(syscall.SIGKILL, func() error { return nil })
	return s
})

// newStarter lets prepare put the thread where the children shall be.
func newStarter(parentDeath syscall.Signal, prepare func() error) (*Starter, error) {
	s := &Starter{make(chan startRequest), make(chan struct{}), parentDeath}
	prepared := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: Go ends the thread with this goroutine
		err := prepare()
		prepared <- err
		if err != nil {
			return
		}
		for {
			select {
			case request := <-s.requests:
				request.result <- request.cmd.Start()
			case <-s.closed:
				return
			}
		}
	}()
	return s, <-prepared
}

// Close ends the thread. Nothing can be started any more.
func (s *Starter) Close() { close(s.closed) }

var errClosed = errors.New("nothing can be started here any more")

// Child is a running or ended child process.
type Child struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// Start runs cmd. The child is killed when this process ends in any way, SIGKILL included, and is
// out of reach of the terminal's signals.
func Start(cmd *exec.Cmd) (*Child, error) { return host().Start(cmd) }

// Start is like the function Start, with the child where the starter's thread is.
func (s *Starter) Start(cmd *exec.Cmd) (*Child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = s.parentDeath
	cmd.SysProcAttr.Setpgid = true
	request := startRequest{cmd, make(chan error, 1)}
	select {
	case s.requests <- request:
	case <-s.closed:
		return nil, errClosed
	}
	if err := <-request.result; err != nil {
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
