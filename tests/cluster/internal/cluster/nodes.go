package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	"disagg.dev/tests/cluster/internal/shapes"
)

const parallelCreates = 8

// createNodes makes the simulated nodes; waitNodesReady waits for what kwok and the controllers
// then do.
func createNodes(ctx context.Context, api *apiClient, nodes []shapes.Object) error {
	queue := make(chan shapes.Object, len(nodes))
	for _, node := range nodes {
		queue <- node
	}
	close(queue)
	failures := make(chan error, len(nodes))
	var workers sync.WaitGroup
	for range parallelCreates {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for node := range queue {
				if err := api.create(ctx, "/api/v1/nodes", node); err != nil {
					failures <- err
				}
			}
		}()
	}
	workers.Wait()
	close(failures)
	return <-failures // nil when there was none
}

type nodeList struct {
	Items []struct {
		Spec struct {
			Taints []struct{ Key string }
		}
		Status struct {
			Conditions []struct{ Type, Status string }
		}
	}
}

// schedulable counts the nodes that are Ready and no longer carry the taint that every new node
// gets.
func (l nodeList) schedulable() int {
	count := 0
	for _, node := range l.Items {
		ready := false
		for _, condition := range node.Status.Conditions {
			ready = ready || condition.Type == "Ready" && condition.Status == "True"
		}
		for _, taint := range node.Spec.Taints {
			ready = ready && taint.Key != "node.kubernetes.io/not-ready"
		}
		if ready {
			count++
		}
	}
	return count
}

func waitNodesReady(ctx context.Context, api *apiClient, want int) error {
	for {
		var list nodeList
		err := api.get(ctx, api.server+"/api/v1/nodes", &list)
		if err == nil && list.schedulable() >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d nodes are ready: %w", list.schedulable(), want, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
