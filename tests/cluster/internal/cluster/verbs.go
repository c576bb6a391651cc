package cluster

import (
	"context"
	"fmt"
	"strings"
	"syscall"
)

// Control does what `ctl` asks for: stop (SIGKILL), start, restart, pause (SIGSTOP), resume
// (SIGCONT) of one component, or compact, which has none. It returns when the component is gone or
// ready.
func (s *Supervisor) Control(verb, name string) (string, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	ctx, cancel := context.WithTimeout(s.alive, startTimeout)
	defer cancel()
	if verb == "compact" {
		revision, err := compact(ctx, s.plan.etcdURL())
		return fmt.Sprintf("compacted at revision %s", revision), err
	}
	c, err := s.component(name)
	if err != nil {
		return "", err
	}
	switch verb {
	case "stop":
		c.kill()
		return "", nil
	case "start":
		return "", startAndWait(ctx, c)
	case "restart":
		c.kill()
		return "", startAndWait(ctx, c)
	case "pause":
		return "", c.signal(syscall.SIGSTOP)
	case "resume":
		return "", c.signal(syscall.SIGCONT)
	default:
		return "", fmt.Errorf("unknown verb %q; known: stop, start, restart, pause, resume, compact", verb)
	}
}

func startAndWait(ctx context.Context, c *component) error {
	if err := c.start(); err != nil {
		return err
	}
	return c.waitReady(ctx)
}

func (s *Supervisor) component(name string) (*component, error) {
	var names []string
	for _, c := range s.components {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.name)
	}
	return nil, fmt.Errorf("no component %q; this cluster has: %s", name, strings.Join(names, ", "))
}
