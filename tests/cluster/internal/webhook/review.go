package webhook

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// review is an admission.k8s.io/v1 AdmissionReview: what is read and written of it.
type review struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type request struct {
	UID    string `json:"uid"`
	Object object `json:"object"` // none on DELETE
}

type object struct {
	Metadata struct {
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Containers []struct {
			Image string `json:"image"`
		} `json:"containers"`
	} `json:"spec"`
}

type response struct {
	UID       string  `json:"uid"`
	Allowed   bool    `json:"allowed"`
	Status    *status `json:"status,omitempty"`
	PatchType string  `json:"patchType,omitempty"`
	Patch     []byte  `json:"patch,omitempty"` // JSON, base64 by encoding/json
}

type status struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// operation is one step of a JSON patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// act answers a review by what a path says: see Help.
func act(verb, argument string, r *request) (*response, error) {
	answer := &response{UID: r.UID, Allowed: true}
	switch verb {
	case "allow":
	case "deny":
		answer.Allowed = false
		answer.Status = &status{Code: 403, Message: argument}
	case "strip-labels":
		answer.patch(stripLabels(argument, r.Object))
	case "set-label":
		key, value, _ := strings.Cut(argument, "=")
		answer.patch(setLabel(key, value, r.Object))
	case "mirror-images":
		answer.patch(mirrorImages(argument, r.Object))
	case "set-field":
		path, value, _ := strings.Cut(argument, "=")
		answer.patch([]operation{{"add", "/" + path, json.RawMessage(value)}})
	default:
		return nil, fmt.Errorf("unknown path %q", verb)
	}
	return answer, nil
}

func (r *response) patch(operations []operation) {
	if len(operations) == 0 {
		return
	}
	r.PatchType = "JSONPatch"
	r.Patch, _ = json.Marshal(operations)
}

// escape writes a key as one step of a JSON pointer.
func escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

func stripLabels(prefix string, o object) (operations []operation) {
	for key := range o.Metadata.Labels {
		if strings.HasPrefix(key, prefix) {
			operations = append(operations, operation{Op: "remove", Path: "/metadata/labels/" + escape(key)})
		}
	}
	sort.Slice(operations, func(i, j int) bool { return operations[i].Path < operations[j].Path })
	return operations
}

func setLabel(key, value string, o object) []operation {
	if o.Metadata.Labels == nil {
		return []operation{{"add", "/metadata/labels", map[string]string{key: value}}}
	}
	return []operation{{"add", "/metadata/labels/" + escape(key), value}}
}

func mirrorImages(mirror string, o object) (operations []operation) {
	mirror = strings.TrimSuffix(mirror, "/") + "/"
	for i, container := range o.Spec.Containers {
		if !strings.HasPrefix(container.Image, mirror) {
			operations = append(operations,
				operation{"replace", fmt.Sprintf("/spec/containers/%d/image", i), mirror + container.Image})
		}
	}
	return operations
}
