package faultproxy

import "sync"

// faults are the troubles that are armed and have not happened yet, apart from the rules.
type faults struct {
	mutex      sync.Mutex
	killBefore killSwitch
	killAfter  killSwitch
	kills      int             // that have happened
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

// writePlan is decided when a write arrives, so the N-th to arrive is the one that a fault hits, in
// whatever order the answers come.
type writePlan struct {
	killBefore int // process to kill instead of forwarding
	killAfter  int // process to kill when the answer is there
}

func (f *faults) planWrite() writePlan {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	plan := writePlan{killBefore: f.killBefore.step()}
	if plan.killBefore == 0 {
		plan.killAfter = f.killAfter.step()
	}
	return plan
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

func (f *faults) killed() {
	f.arm(func(f *faults) { f.kills++ })
}

func (f *faults) killCount() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.kills
}

// goneCount is how many resources' watches were told 410 since that was armed.
func (f *faults) goneCount() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return len(f.goneTold)
}

// arm changes faults under the lock.
func (f *faults) arm(change func(f *faults)) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	change(f)
}

func (f *faults) reset() {
	f.arm(func(f *faults) {
		f.killBefore, f.killAfter, f.kills = killSwitch{}, killSwitch{}, 0
		f.gone, f.goneTold = false, nil
	})
}
