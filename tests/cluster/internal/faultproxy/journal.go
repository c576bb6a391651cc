package faultproxy

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// What a request is to the tests: a write may change an object. Dry runs, the heartbeat of leader
// election, events, and requests that only ask (access reviews, tokens) are "other".
const (
	kindRead  = "read"
	kindWatch = "watch"
	kindWrite = "write"
	kindOther = "other"
)

func kindOf(r *http.Request) string {
	if isWatch(r) {
		return kindWatch
	}
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		if isLease(r.URL.Path) {
			return kindOther
		}
		return kindRead
	}
	if r.URL.Query().Has("dryRun") || isLease(r.URL.Path) {
		return kindOther
	}
	for _, group := range []string{"events.k8s.io", "authorization.k8s.io", "authentication.k8s.io"} {
		if strings.HasPrefix(r.URL.Path, "/apis/"+group+"/") {
			return kindOther
		}
	}
	if isCoreEvent(r.URL.Path) || strings.HasSuffix(r.URL.Path, "/token") {
		return kindOther
	}
	return kindWrite
}

func isLease(path string) bool { return strings.HasPrefix(path, "/apis/coordination.k8s.io/") }

// isCoreEvent matches /api/v1/namespaces/NAMESPACE/events and what is below it.
func isCoreEvent(path string) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return len(parts) >= 5 && parts[0] == "api" && parts[2] == "namespaces" && parts[4] == "events"
}

// entry is one request.
type entry struct {
	N      int    `json:"n"`      // from 1
	Time   int64  `json:"time"`   // of its arrival, Unix milliseconds
	Client string `json:"client"` // its user agent
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query"`
	Kind   string `json:"kind"`
	Rule   string `json:"rule"`   // the rule that it has met
	Status int    `json:"status"` // what the client was answered; 0: nothing (yet)
}

// capacity bounds the journal: a soak of an hour must not fill the memory.
const capacity = 200_000

// journal holds the latest requests in the order of their arrival, and numbers the writes.
type journal struct {
	mutex   sync.Mutex
	entries []*entry
	total   int
	writes  int
}

func (j *journal) add(r *http.Request) *entry {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.total++
	e := &entry{N: j.total, Time: time.Now().UnixMilli(), Client: r.UserAgent(), Method: r.Method,
		Path: r.URL.Path, Query: r.URL.RawQuery, Kind: kindOf(r)}
	if len(j.entries) == capacity {
		j.entries = append([]*entry(nil), j.entries[capacity/2:]...)
	}
	j.entries = append(j.entries, e)
	return e
}

func (j *journal) met(e *entry, rule string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	e.Rule = rule
}

func (j *journal) answered(e *entry, status int) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	e.Status = status
}

func (j *journal) forwardedWrite() {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.writes++
}

func (j *journal) forwardedWrites() int {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.writes
}

// filter says which requests of the journal are asked for.
type filter struct {
	match
	Since int64  `json:"since"` // Unix milliseconds
	Until int64  `json:"until"` // Unix milliseconds, exclusive; 0: now
	Rule  string `json:"rule"`
}

func parseFilter(text string) (filter, error) {
	var f filter
	if text != "" {
		if err := parse(text, &f); err != nil {
			return f, err
		}
	}
	return f, f.compile()
}

func (j *journal) find(f filter) []entry {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	found := []entry{}
	for _, e := range j.entries {
		if e.Time < f.Since || f.Until != 0 && e.Time >= f.Until {
			continue
		}
		if f.matches(e) && (f.Rule == "" || f.Rule == e.Rule) {
			found = append(found, *e)
		}
	}
	return found
}

func (j *journal) reset() {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.entries, j.total, j.writes = nil, 0, 0
}
