package faultproxy

import (
	"context"
	"net/http"
	"strconv"
	"sync"
)

func isWatch(r *http.Request) bool {
	watch, err := strconv.ParseBool(r.URL.Query().Get("watch"))
	return r.Method == http.MethodGet && err == nil && watch
}

// watches are the open watch connections.
type watches struct {
	mutex sync.Mutex
	next  int
	open  map[int]openWatch
}

type openWatch struct {
	cut  context.CancelFunc
	done chan struct{}
}

// add returns a context under which the watch is to run, and a function to call at its end.
func (w *watches) add(ctx context.Context) (context.Context, func()) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.open == nil {
		w.open = map[int]openWatch{}
	}
	ctx, cancel := context.WithCancel(ctx)
	id := w.next
	w.next++
	done := make(chan struct{})
	w.open[id] = openWatch{cancel, done}
	return ctx, func() {
		cancel()
		w.mutex.Lock()
		defer w.mutex.Unlock()
		delete(w.open, id)
		close(done)
	}
}

// cut breaks all open watches off in mid-stream and returns how many there were.
func (w *watches) cut() int {
	w.mutex.Lock()
	var open []openWatch
	for _, watch := range w.open {
		open = append(open, watch)
	}
	w.mutex.Unlock()
	for _, watch := range open {
		watch.cut()
		<-watch.done
	}
	return len(open)
}
