// Package cluster runs a Kubernetes control plane with simulated nodes on this machine.
//
// One supervisor process owns every other process of a cluster: they die with it, whatever way it
// ends. What ends by itself is started again, as the kubelet of a control plane does: a scheduler
// whose cache contradicts the API server, as it may after that was killed, exits on purpose. Several
// clusters live side by side; each keeps all it has in its own directory.
package cluster

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"disagg.dev/tests/cluster/internal/kubeconfig"
	"disagg.dev/tests/cluster/internal/process"
	"disagg.dev/tests/cluster/internal/programs"
	"disagg.dev/tests/cluster/internal/realnode"
)

//go:embed stages.yaml
var kwokStages []byte

//go:embed audit-policy.yaml
var auditPolicy []byte

const (
	startTimeout = 90 * time.Second
	// restartInterval bounds how often something that ends at once is started again.
	restartInterval = time.Second
)

// Supervisor is a cluster that is run by this process.
type Supervisor struct {
	plan       *plan
	ports      *ports // claims to keep
	lock       *os.File
	api        *apiClient
	control    *controlServer
	components []*component
	node       *realnode.Node // nil without a real node
	mutex      sync.Mutex     // one control request at a time

	alive context.Context // ends when the cluster is to end
	end   context.CancelCauseFunc
}

// Start brings a cluster up and returns when it can be used. The programs must be present. After an
// error nothing is left running.
func Start(ctx context.Context, options Options, cache *programs.Cache) (*Supervisor, error) {
	s := &Supervisor{}
	s.alive, s.end = context.WithCancelCause(ctx)
	if err := s.prepare(options, cache); err != nil {
		return nil, err
	}
	starting, cancel := context.WithTimeout(s.alive, options.startTimeout())
	defer cancel()
	if err := s.bringUp(starting); err != nil {
		s.Stop()
		return nil, err
	}
	go s.keepRunning()
	return s, nil
}

// keepRunning starts again what was not stopped on purpose.
func (s *Supervisor) keepRunning() {
	for {
		select {
		case <-s.alive.Done():
			return
		case <-time.After(restartInterval):
		}
		s.mutex.Lock()
		for _, c := range s.components {
			if s.alive.Err() != nil || !c.wanted || c.running() {
				continue
			}
			fmt.Fprintf(os.Stderr, "%s ended (%s), starting it again\n", c.name, c.child.State())
			if err := c.start(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		s.mutex.Unlock()
	}
}

// Kubeconfig is the path of the administrator's kubeconfig.
func (s *Supervisor) Kubeconfig() string { return s.plan.state.kubeconfig() }

// Done is closed when a control request or the end of Start's context asks for the end of the
// cluster. The caller then calls Stop.
func (s *Supervisor) Done() <-chan struct{} { return s.alive.Done() }

// Stop ends every process at once: there is nothing in a test cluster that deserves a graceful end.
func (s *Supervisor) Stop() {
	s.end(errDown) // a control request that still waits for something gives up
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for i := len(s.components) - 1; i >= 0; i-- {
		s.components[i].kill()
	}
	if s.node != nil {
		if err := s.node.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if s.control != nil {
		s.control.close()
	}
}

// prepare lays out the state directory and the command lines.
func (s *Supervisor) prepare(options Options, cache *programs.Cache) (err error) {
	if s.ports, err = newPorts(); err != nil {
		return err
	}
	if s.plan, err = newPlan(options, cache.Dir(), s.ports); err != nil {
		return err
	}
	s.plan.state.waitForDeadChildren()
	if s.lock, err = s.plan.state.lock(); err != nil {
		return err
	}
	keys, err := newCredentials(s.plan)
	if err != nil {
		return err
	}
	if s.api, err = newAPIClient(s.plan.server(), keys.ca.Cert, keys.admin); err != nil {
		return err
	}
	err = errors.Join(
		os.WriteFile(s.plan.state.data("kwok-stages.yaml"), kwokStages, 0o600),
		os.WriteFile(s.plan.state.data("audit-policy.yaml"), auditPolicy, 0o600))
	if err != nil {
		return err
	}
	for _, name := range options.components() {
		s.components = append(s.components, s.newComponent(name, cache))
	}
	admin := kubeconfig.Config{Server: s.plan.server(), CA: keys.ca.Cert, Client: keys.admin}
	return admin.Write(s.Kubeconfig())
}

func (s *Supervisor) newComponent(name string, cache *programs.Cache) *component {
	return &component{
		name: name,
		path: cache.Path(name),
		args: s.plan.args(name),
		log:  s.plan.state.log(name),
		lock: s.lock,
		ready: func(ctx context.Context) error {
			if name == realnode.Containerd {
				return s.node.Ready(ctx)
			}
			return s.api.get(ctx, s.plan.healthURL(name), nil)
		},
		launch: func(cmd *exec.Cmd) (*process.Child, error) {
			if realnode.IsComponent(name) {
				return s.node.Launch(cmd)
			}
			return process.Start(cmd)
		},
	}
}

// bringUp starts the components in the order in which they need each other.
func (s *Supervisor) bringUp(ctx context.Context) (err error) {
	if err := s.startNode(ctx); err != nil {
		return err
	}
	if s.control, err = serveControl(s); err != nil {
		return err
	}
	foundations := len(s.plan.options.foundations())
	for _, c := range s.components[:foundations] {
		if err := c.start(); err != nil {
			return err
		}
		if err := c.waitReady(ctx); err != nil {
			return err
		}
	}
	if err := s.loadImages(ctx); err != nil {
		return err
	}
	clients := s.components[foundations:]
	for _, c := range clients {
		if err := c.start(); err != nil {
			return err
		}
	}
	nodes := s.plan.options.Nodes.Nodes()
	if err := createNodes(ctx, s.api, nodes); err != nil {
		return err
	}
	for _, c := range clients {
		if err := c.waitReady(ctx); err != nil {
			return err
		}
	}
	return s.waitUsable(ctx, len(nodes))
}

// waitUsable waits for what the components make after they are ready: a test's first pod must not
// be refused.
func (s *Supervisor) waitUsable(ctx context.Context, nodes int) error {
	path := "/api/v1/namespaces/default"
	if !s.plan.options.ControlPlaneOnly {
		path += "/serviceaccounts/default"
	}
	for {
		err := s.api.get(ctx, s.plan.server()+path, nil)
		if err == nil {
			return s.waitNodes(ctx, nodes)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(25 * time.Millisecond):
		}
	}
}
