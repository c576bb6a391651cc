package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"disagg.dev/tests/cluster/internal/realnode"
)

// imageTimeout bounds the import of an image of several gigabytes on a slow disk.
const imageTimeout = 10 * time.Minute

var errNodeEnded = errors.New("the real node has ended")

// startNode makes the real node before anything listens at its addresses. The cluster ends with it.
func (s *Supervisor) startNode(ctx context.Context) (err error) {
	if s.plan.node == nil {
		return nil
	}
	if s.node, err = realnode.Start(ctx, *s.plan.node, s.lock); err != nil {
		return err
	}
	go func() {
		<-s.node.Done()
		s.end(errNodeEnded)
	}()
	return nil
}

func (s *Supervisor) loadImages(ctx context.Context) error {
	if s.node == nil {
		return nil
	}
	if err := s.node.LoadPause(ctx); err != nil {
		return err
	}
	for _, image := range s.plan.options.RealNode.Images {
		if err := s.node.LoadImage(ctx, image); err != nil {
			return err
		}
	}
	return nil
}

// loadImage is a control request.
func (s *Supervisor) loadImage(file string) error {
	if s.node == nil {
		return fmt.Errorf("this cluster has no real node to load %s into; start it with --node", file)
	}
	ctx, cancel := context.WithTimeout(s.alive, imageTimeout)
	defer cancel()
	return s.node.LoadImage(ctx, file)
}

// waitNodes waits until pods can be scheduled to all nodes.
func (s *Supervisor) waitNodes(ctx context.Context, simulated int) error {
	if s.node == nil {
		return waitNodesReady(ctx, s.api, simulated)
	}
	if err := waitNodesReady(ctx, s.api, simulated+1); err != nil {
		return err
	}
	return s.patchCapacity(ctx)
}

// patchCapacity gives the node devices that no device plugin reports. The kubelet keeps them.
func (s *Supervisor) patchCapacity(ctx context.Context) error {
	capacity := s.plan.options.RealNode.Capacity
	body, err := json.Marshal(map[string]any{
		"status": map[string]any{"capacity": capacity, "allocatable": capacity}})
	if err != nil {
		return err
	}
	url := s.plan.server() + "/api/v1/nodes/" + realnode.Name + "/status"
	return s.api.send(ctx, http.MethodPatch, url, "application/merge-patch+json", body, nil)
}
