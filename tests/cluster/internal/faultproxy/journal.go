package faultproxy

import (
	"net/http"
	"strings"
	"sync"
)

// write is one request that may change an object, in the order of forwarding.
type write struct {
	N      int    `json:"n"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Status int    `json:"status"` // of the API server's answer; 0 until there is one
	DryRun bool   `json:"dryRun"` // always false: dry runs are not writes
}

// isWrite leaves out what a test of "nothing was written" must not trip over: dry runs, the
// heartbeat of leader election, events, and requests that only ask (access reviews, tokens).
func isWrite(r *http.Request) bool {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return false
	}
	if r.URL.Query().Has("dryRun") {
		return false
	}
	for _, group := range []string{"coordination.k8s.io", "events.k8s.io", "authorization.k8s.io",
		"authentication.k8s.io"} {
		if strings.HasPrefix(r.URL.Path, "/apis/"+group+"/") {
			return false
		}
	}
	return !isCoreEvent(r.URL.Path) && !strings.HasSuffix(r.URL.Path, "/token")
}

// isCoreEvent matches /api/v1/namespaces/NAMESPACE/events and what is below it.
func isCoreEvent(path string) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return len(parts) >= 5 && parts[0] == "api" && parts[2] == "namespaces" && parts[4] == "events"
}

// journal numbers the writes from 1.
type journal struct {
	mutex  sync.Mutex
	writes []*write
}

// add numbers a request that is about to be forwarded.
func (j *journal) add(r *http.Request) *write {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	w := &write{N: len(j.writes) + 1, Method: r.Method, Path: r.URL.Path}
	j.writes = append(j.writes, w)
	return w
}

func (j *journal) answered(w *write, status int) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	w.Status = status
}

func (j *journal) count() int {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return len(j.writes)
}

func (j *journal) copy() []write {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	writes := make([]write, len(j.writes))
	for i, w := range j.writes {
		writes[i] = *w
	}
	return writes
}

func (j *journal) reset() {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.writes = nil
}
