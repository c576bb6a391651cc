package faultproxy

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Help lists the commands.
const Help = `commands, one a line, each answered with one line:
  rule JSON              add a fault, or replace the one of that name:
                           name; which requests: method, path, query (regular expressions),
                           kind (read, watch, write, other), skip N, count N;
                           what happens: delayMs, status, abort, forward, headers, body, cutAfter, dripMs
  lift NAME              end a rule
  hits NAME              number of requests that have met the rule, also after its end
  requests [JSON]        the requests as a JSON array of {n, time, client, method, path, query, kind,
                           rule, status}; filter: method, path, query, kind, since, until, rule
  count [JSON]           number of these requests
  writes                 number of writes forwarded (not: dry runs, leases, events, access reviews)
  kill-before N PID      SIGKILL PID instead of forwarding the N-th write from now
  kill-after N PID       SIGKILL PID when the N-th write from now is done; its answer is lost
  kills                  number of these kills that have happened
  cut-watches            break all open watches off in mid-stream; answers how many
  gone-watches           answer the next watch of each resource with the event 410 Expired
  gone                   number of resources whose watch was told so since
  reset                  forget the requests and end all faults
`

// Drive executes commands until input ends. An answer is "ok", a value, or "error: ...".
func (p *Proxy) Drive(input io.Reader, output io.Writer) error {
	lines := bufio.NewScanner(input)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		command, argument, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		if command == "" {
			continue
		}
		answer, err := p.execute(command, strings.TrimSpace(argument))
		if err != nil {
			answer = "error: " + err.Error()
		}
		if _, err := fmt.Fprintln(output, answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

type command func(p *Proxy, argument string) (string, error)

// commands by name. Those of plain must not have an argument.
var commands = map[string]command{
	"rule":        (*Proxy).addRule,
	"lift":        func(p *Proxy, name string) (string, error) { p.rules.remove(name); return "ok", nil },
	"hits":        func(p *Proxy, name string) (string, error) { return strconv.Itoa(p.rules.count(name)), nil },
	"requests":    (*Proxy).listRequests,
	"count":       (*Proxy).countRequests,
	"kill-before": (*Proxy).armKillBefore,
	"kill-after":  (*Proxy).armKillAfter,
}

var plain = map[string]func(p *Proxy) string{
	"writes":      func(p *Proxy) string { return strconv.Itoa(p.journal.forwardedWrites()) },
	"kills":       func(p *Proxy) string { return strconv.Itoa(p.faults.killCount()) },
	"cut-watches": func(p *Proxy) string { return strconv.Itoa(p.watches.cut()) },
	"gone":        func(p *Proxy) string { return strconv.Itoa(p.faults.goneCount()) },
	"gone-watches": func(p *Proxy) string {
		p.faults.arm(func(f *faults) { f.gone, f.goneTold = true, map[string]bool{} })
		return "ok"
	},
	"reset": func(p *Proxy) string {
		p.journal.reset()
		p.faults.reset()
		p.rules.reset()
		return "ok"
	},
}

func (p *Proxy) execute(name, argument string) (string, error) {
	if command := commands[name]; command != nil {
		return command(p, argument)
	}
	if plain[name] == nil {
		return "", fmt.Errorf("unknown command %q", name)
	}
	if argument != "" {
		return "", fmt.Errorf("%s takes no argument", name)
	}
	return plain[name](p), nil
}

func (p *Proxy) addRule(text string) (string, error) {
	rule, err := parseRule(text)
	if err != nil {
		return "", err
	}
	p.rules.add(rule)
	return "ok", nil
}

func (p *Proxy) listRequests(text string) (string, error) {
	f, err := parseFilter(text)
	if err != nil {
		return "", err
	}
	content, err := json.Marshal(p.journal.find(f))
	return string(content), err
}

func (p *Proxy) countRequests(text string) (string, error) {
	f, err := parseFilter(text)
	if err != nil {
		return "", err
	}
	return strconv.Itoa(len(p.journal.find(f))), nil
}

func (p *Proxy) armKillBefore(words string) (string, error) {
	k, err := parseKill(words)
	if err == nil {
		p.faults.arm(func(f *faults) { f.killBefore = k })
	}
	return "ok", err
}

func (p *Proxy) armKillAfter(words string) (string, error) {
	k, err := parseKill(words)
	if err == nil {
		p.faults.arm(func(f *faults) { f.killAfter = k })
	}
	return "ok", err
}

func parseKill(words string) (k killSwitch, err error) {
	if _, err := fmt.Sscanf(words, "%d %d", &k.remaining, &k.pid); err != nil {
		return k, fmt.Errorf("%q: want the number of a write and of a process", words)
	}
	if k.remaining < 1 || k.pid <= 1 {
		return k, errors.New("writes count from 1, and process 1 is not ours to kill")
	}
	return k, nil
}
