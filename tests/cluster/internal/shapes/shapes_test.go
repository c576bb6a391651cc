package shapes

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestListsAreChecked(t *testing.T) {
	for _, c := range []struct{ list, want string }{
		{"", ""},
		{"cpu=1, h200=2", ""},
		{"cpu", "not SHAPE=NUMBER"},
		{"cpu=some", "not SHAPE=NUMBER"},
		{"cpu=-1", "-1 nodes"},
		{"abacus=1", "unknown node shape"},
	} {
		err := Counts{}.Parse(c.list)
		if c.want == "" && err != nil || c.want != "" && !strings.Contains(errorText(err), c.want) {
			t.Errorf("%q: got %v, want %q", c.list, err, c.want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestNodesLookLikeTheirShape(t *testing.T) {
	nodes := Counts{"b200": 1, "cpu": 1, "gpu-unlabelled": 1}.Nodes()
	for i, want := range []struct {
		name, product, gpus string
		tainted             bool
	}{
		{"b200-0", "NVIDIA-B200", "8", true},
		{"cpu-0", "", "", false},
		{"gpu-unlabelled-0", "", "8", true},
	} {
		var node struct {
			Metadata struct {
				Name   string
				Labels map[string]string
			}
			Spec   struct{ Taints []any }
			Status struct{ Allocatable map[string]string }
		}
		content, _ := json.Marshal(nodes[i])
		if err := json.Unmarshal(content, &node); err != nil {
			t.Fatal(err)
		}
		if node.Metadata.Name != want.name ||
			node.Metadata.Labels["nvidia.com/gpu.product"] != want.product ||
			node.Status.Allocatable["nvidia.com/gpu"] != want.gpus ||
			node.Status.Allocatable["rdma/ib"] != want.gpus ||
			len(node.Spec.Taints) > 0 != want.tainted {
			t.Errorf("%s: %s", want.name, content)
		}
	}
}
