package cluster

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"

	"disagg.dev/tests/cluster/internal/realnode"
	"disagg.dev/tests/cluster/internal/usercache"
)

// Ports come from below the kernel's range for outgoing connections (32768 and up by default) and
// below that of NodePorts. In the kernel's range a client that keeps retrying a stopped server can
// be given the server's own port as its source, connects to itself, and the server cannot come
// back.
const firstPort, lastPort = 20000, 29999

// ports hands out port numbers and keeps other clusters of this user off them while the process
// lives, also while the component that listens there is stopped.
type ports struct {
	claims *os.File     // the byte at offset N is locked for port N
	taken  map[int]bool // by this process, whom its own lock does not keep off
}

func newPorts() (*ports, error) {
	claims, err := usercache.OpenFile("ports.lock", 0)
	return &ports{claims, map[int]bool{}}, err
}

func (p *ports) take() (int, error) {
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if p.taken[port] {
			continue
		}
		ok, err := p.claim(port)
		if err != nil || ok && free(port) {
			p.taken[port] = true
			return port, err
		}
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}

// takeNetwork hands out the addresses of a cluster with a real node. The claims on networks are
// behind those on ports.
func (p *ports) takeNetwork() (realnode.Network, error) {
	const first, count = realnode.FirstNetwork, realnode.LastNetwork - realnode.FirstNetwork + 1
	start := realnode.Network(rand.IntN(int(count)))
	for i := range count {
		network := first + (start+i)%count
		free, err := network.Free()
		if err != nil {
			return 0, err
		}
		if !free {
			continue
		}
		if ok, err := p.claim(lastPort + 1 + int(network)); ok || err != nil {
			return network, err
		}
	}
	return 0, fmt.Errorf("every network from %s to %s is in use", first.All(), realnode.LastNetwork.All())
}

// fOFDSetLk is F_OFD_SETLK: a lock that belongs to the open file and does not wait.
const fOFDSetLk = 37

func (p *ports) claim(port int) (bool, error) {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: int64(port), Len: 1}
	err := syscall.FcntlFlock(p.claims.Fd(), fOFDSetLk, &lock)
	if errors.Is(err, syscall.EAGAIN) {
		return false, nil
	}
	return err == nil, err
}

func free(port int) bool {
	listener, err := net.Listen("tcp", address(port))
	if err != nil {
		return false
	}
	listener.Close()
	return true
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
