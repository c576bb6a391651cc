package faultproxy

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"
)

// kill ends a process and returns when it can do nothing any more: SIGKILL takes effect a moment
// after the call.
func kill(pid int) {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if ended(pid) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// ended is true for a process that is gone or a zombie, whose parent has yet to ask for it.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	// The state follows the name, which is in parentheses and may itself hold some.
	end := bytes.LastIndexByte(stat, ')')
	return end < 0 || len(stat) < end+3 || stat[end+2] == 'Z' || stat[end+2] == 'X'
}
