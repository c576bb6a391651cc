package realnode

import (
	"context"
	"fmt"
	"net"

	"disagg.dev/tests/cluster/internal/archive"
)

// pauseImage is a name that no registry has.
const pauseImage = "local-cluster.invalid/pause:1"

// Ready tells whether containerd answers.
func (n *Node) Ready(ctx context.Context) error {
	path := fmt.Sprintf("/proc/%d/root%s", n.init.PID(), containerdSocket)
	connection, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return err
	}
	return connection.Close()
}

// LoadPause gives containerd the image that every pod needs.
func (n *Node) LoadPause(ctx context.Context) error {
	image := archive.Image{Name: pauseImage, Entrypoint: []string{"/pause"},
		Files: map[string]string{"pause": n.layout.program("pause")}}
	path := n.layout.path("pause.tar")
	if err := image.WriteFile(path); err != nil {
		return err
	}
	return n.LoadImage(ctx, path)
}

// LoadImage imports the images of an OCI or docker archive for use by pods.
func (n *Node) LoadImage(ctx context.Context, file string) error {
	err := run(ctx, n.Launch, n.layout.program("ctr"), "--address", containerdSocket,
		"--namespace", "k8s.io", "images", "import", file)
	if err != nil {
		return fmt.Errorf("containerd does not take %s as an OCI or docker archive: %w", file, err)
	}
	return nil
}
