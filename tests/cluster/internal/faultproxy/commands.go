package faultproxy

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Help lists the commands.
const Help = `commands, one a line, each answered with one line:
  writes                 number of writes forwarded (not: dry runs, leases, events)
  log                    the writes as a JSON array of {n, method, path, status, dryRun}
  reset                  forget the writes and disarm all faults
  kill-before N PID      SIGKILL PID instead of forwarding the N-th write from now
  kill-after N PID       SIGKILL PID when the N-th write from now is done; its answer is lost
  lose N                 do the next N writes, close the connection instead of answering
  fail N STATUS [AFTER]  answer the next N requests with 429, 500 or 503 [Retry-After: AFTER]
  delay MS               hold every request for MS milliseconds; 0 ends it
  cut-watches            break all open watches off in mid-stream
  gone-watches           answer the next watch of each resource with the event 410 Expired
`

// Drive executes commands until input ends. An answer is "ok", a value, or "error: ...".
func (p *Proxy) Drive(input io.Reader, output io.Writer) error {
	lines := bufio.NewScanner(input)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		answer, err := p.execute(fields[0], fields[1:])
		if err != nil {
			answer = "error: " + err.Error()
		}
		if _, err := fmt.Fprintln(output, answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// numberCounts says how many numbers follow a command, at least and at most.
var numberCounts = map[string][2]int{
	"writes": {0, 0}, "log": {0, 0}, "reset": {0, 0}, "cut-watches": {0, 0}, "gone-watches": {0, 0},
	"kill-before": {2, 2}, "kill-after": {2, 2}, "lose": {1, 1}, "fail": {2, 3}, "delay": {1, 1},
}

func parseNumbers(command string, words []string) ([]int, error) {
	counts, known := numberCounts[command]
	if !known {
		return nil, fmt.Errorf("unknown command %q", command)
	}
	if len(words) < counts[0] || len(words) > counts[1] {
		return nil, fmt.Errorf("%s takes %d to %d numbers", command, counts[0], counts[1])
	}
	numbers := make([]int, len(words))
	for i, word := range words {
		number, err := strconv.Atoi(word)
		if err != nil || number < 0 {
			return nil, fmt.Errorf("%q is not a number", word)
		}
		numbers[i] = number
	}
	return numbers, nil
}

func (p *Proxy) execute(command string, words []string) (string, error) {
	n, err := parseNumbers(command, words)
	if err != nil {
		return "", err
	}
	switch command {
	case "writes":
		return strconv.Itoa(p.journal.count()), nil
	case "log":
		content, err := json.Marshal(p.journal.copy())
		return string(content), err
	case "cut-watches":
		p.watches.cut()
	case "reset":
		p.journal.reset()
		p.faults.reset()
	default:
		return "ok", p.arm(command, n)
	}
	return "ok", nil
}

func (p *Proxy) arm(command string, n []int) error {
	switch command {
	case "kill-before", "kill-after":
		return p.armKill(command, killSwitch{remaining: n[0], pid: n[1]})
	case "fail":
		return p.armFailure(n)
	case "lose":
		p.faults.arm(func(f *faults) { f.lose = n[0] })
	case "delay":
		p.faults.arm(func(f *faults) { f.delay = time.Duration(n[0]) * time.Millisecond })
	case "gone-watches":
		p.faults.arm(func(f *faults) { f.gone, f.goneTold = true, map[string]bool{} })
	}
	return nil
}

func (p *Proxy) armKill(command string, k killSwitch) error {
	if k.remaining == 0 || k.pid <= 1 {
		return errors.New("writes count from 1, and process 1 is not ours to kill")
	}
	p.faults.arm(func(f *faults) {
		if command == "kill-before" {
			f.killBefore = k
		} else {
			f.killAfter = k
		}
	})
	return nil
}

func (p *Proxy) armFailure(n []int) error {
	f := failure{status: n[1]}
	if len(n) == 3 {
		f.retryAfter = n[2]
	}
	if failureReasons[f.status] == "" {
		return errors.New("the status must be 429, 500 or 503")
	}
	p.faults.arm(func(armed *faults) { armed.failures, armed.failure = n[0], f })
	return nil
}
