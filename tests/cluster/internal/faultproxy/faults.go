package faultproxy

import (
	"sync"
	"time"
)

// faults are the troubles that are armed and have not happened yet.
type faults struct {
	mutex      sync.Mutex
	killBefore killSwitch
	killAfter  killSwitch
	lose       int // writes whose answers are still to be lost
	failures   int // requests that are still to fail with failure
	failure    failure
	delay      time.Duration
	gone       bool            // watches are to be told 410 ...
	goneTold   map[string]bool // ... except those of the paths that were told already
}

// killSwitch kills a process at the remaining-th write from now.
type killSwitch struct {
	remaining int // 0: not armed
	pid       int
}

// step counts one write and returns the process to kill, or 0.
func (k *killSwitch) step() int {
	if k.remaining == 0 {
		return 0
	}
	if k.remaining--; k.remaining > 0 {
		return 0
	}
	return k.pid
}

// failure is an answer that the proxy makes up.
type failure struct {
	status     int
	retryAfter int // seconds; 0: no such header
}

// writePlan is decided when a write arrives, so the N-th to arrive is the one that a fault hits, in
// whatever order the answers come.
type writePlan struct {
	killBefore int // process to kill instead of forwarding
	killAfter  int // process to kill when the answer is there
	lose       bool
}

func (f *faults) planWrite() writePlan {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	plan := writePlan{killBefore: f.killBefore.step()}
	if plan.killBefore != 0 {
		return plan
	}
	plan.killAfter = f.killAfter.step()
	if f.lose > 0 {
		f.lose--
		plan.lose = true
	}
	return plan
}

// takeFailure returns the failure for the next request, if there is to be one.
func (f *faults) takeFailure() (failure, bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.failures == 0 {
		return failure{}, false
	}
	f.failures--
	return f.failure, true
}

// takeGone tells whether a watch of path is to be answered with 410.
func (f *faults) takeGone(path string) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if !f.gone || f.goneTold[path] {
		return false
	}
	f.goneTold[path] = true
	return true
}

func (f *faults) currentDelay() time.Duration {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.delay
}

// arm changes faults under the lock.
func (f *faults) arm(change func(f *faults)) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	change(f)
}

func (f *faults) reset() {
	f.arm(func(f *faults) {
		f.killBefore, f.killAfter = killSwitch{}, killSwitch{}
		f.lose, f.failures, f.delay, f.gone = 0, 0, 0, false
	})
}
