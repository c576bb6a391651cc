package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"disagg.dev/tests/cluster/internal/realnode"
)

const (
	socketName = "control.sock"
	// downVerb is the request to end the cluster; the other verbs are those of Supervisor.Control.
	downVerb = "down"
	// loadImageVerb has the path of an archive for a component.
	loadImageVerb = "load-image"
	// controlTimeout covers the slowest request, the import of an image.
	controlTimeout = imageTimeout + time.Minute
)

// One request and one answer per connection, each a line of JSON.
type controlRequest struct {
	Verb      string `json:"verb"`
	Component string `json:"component,omitempty"`
}

type controlAnswer struct {
	Output string `json:"output,omitempty"`
	Error  string `json:"error,omitempty"`
}

// controlServer answers `ctl` and `down`.
type controlServer struct {
	listener net.Listener
	socket   string
}

func serveControl(s *Supervisor) (*controlServer, error) {
	var listener net.Listener
	err := withShortPath(s.plan.state, func(path string) (err error) {
		listener, err = net.Listen("unix", path)
		return err
	})
	if err != nil {
		return nil, err
	}
	server := &controlServer{listener: listener, socket: s.plan.state.path(socketName)}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go server.answer(connection, s)
		}
	}()
	return server, nil
}

func (c *controlServer) answer(connection net.Conn, s *Supervisor) {
	defer connection.Close()
	var request controlRequest
	if err := json.NewDecoder(connection).Decode(&request); err != nil {
		return
	}
	var answer controlAnswer
	output, err := s.answer(request)
	answer.Output = output
	if err != nil {
		answer.Error = err.Error()
	}
	json.NewEncoder(connection).Encode(answer)
}

func (s *Supervisor) answer(request controlRequest) (output string, err error) {
	switch request.Verb {
	case downVerb:
		s.end(errDown)
		return "", nil
	case loadImageVerb:
		return "", s.loadImage(request.Component)
	default:
		return s.Control(request.Verb, request.Component)
	}
}

func (c *controlServer) close() {
	c.listener.Close()
	os.Remove(c.socket)
}

// errDown is the reason for the end of a cluster that was asked to end.
var errDown = errors.New("the cluster was told to end")

// errNoSupervisor says that nobody listens: there is no cluster in that directory (any more).
var errNoSupervisor = errors.New("no cluster runs here")

func request(s state, r controlRequest) (string, error) {
	var connection net.Conn
	err := withShortPath(s, func(path string) (err error) {
		connection, err = net.Dial("unix", path)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w", s, errNoSupervisor)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(controlTimeout))
	if err := json.NewEncoder(connection).Encode(r); err != nil {
		return "", err
	}
	var answer controlAnswer
	if err := json.NewDecoder(connection).Decode(&answer); err != nil {
		return "", fmt.Errorf("the supervisor has not answered: %w", err)
	}
	if answer.Error != "" {
		return "", errors.New(strings.TrimSpace(answer.Error))
	}
	return answer.Output, nil
}

// withShortPath calls use with a path to the socket that fits into a socket address, which holds
// 107 bytes only: one that leads through an open descriptor of the directory.
func withShortPath(s state, use func(path string) error) error {
	dir, err := os.Open(string(s))
	if err != nil {
		return err
	}
	defer dir.Close()
	return use(filepath.Join(fmt.Sprintf("/proc/self/fd/%d", dir.Fd()), socketName))
}

// Ctl sends a verb about a component to the cluster in dir and returns what it has to say.
func Ctl(dir, verb, component string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return request(state(dir), controlRequest{Verb: verb, Component: component})
}

// Down ends the cluster in dir and returns when none of its processes is left. No cluster is no
// error.
func Down(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if _, err := request(state(dir), controlRequest{Verb: downVerb}); err != nil &&
		!errors.Is(err, errNoSupervisor) {
		return err
	}
	if err := state(dir).waitUnlocked(endTimeout); err != nil {
		return err
	}
	return realnode.CleanUp(state(dir).path(nodeDir)) // of one that was killed
}

// LoadImage imports an archive into the real node of the cluster in dir.
func LoadImage(dir, file string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if file, err = archivePath(file); err != nil {
		return err
	}
	_, err = request(state(dir), controlRequest{Verb: loadImageVerb, Component: file})
	return err
}
