// Package faultproxy is an HTTPS reverse proxy for an API server that injects faults: crashes of
// the client at a chosen write, lost answers, error answers, delays, broken and expired watches.
//
// It speaks HTTP/1.1 on both sides, so that one request has one connection and breaking it off
// means something.
package faultproxy

import (
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// Proxy forwards requests and injects the faults that are armed.
type Proxy struct {
	forward *httputil.ReverseProxy
	journal journal
	faults  faults
	watches watches
}

// New makes a proxy in front of an API server.
func New(upstream *url.URL, transport http.RoundTripper) *Proxy {
	p := &Proxy{}
	p.forward = &httputil.ReverseProxy{
		Transport:      transport,
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		FlushInterval:  -1, // at once: watch events must not wait for each other
		ModifyResponse: p.answered,
		// A client sees a broken API server as a broken connection, not as the 502 of a proxy.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { abort() },
	}
	return p
}

// ServeHTTP handles one request of the client.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !sleep(r.Context(), p.faults.currentDelay()) {
		return
	}
	if failure, ok := p.faults.takeFailure(); ok {
		answerFailure(w, failure)
		return
	}
	switch {
	case isWatch(r):
		p.serveWatch(w, r)
	case isWrite(r):
		p.serveWrite(w, r)
	default:
		p.forward.ServeHTTP(w, r)
	}
}

func (p *Proxy) serveWatch(w http.ResponseWriter, r *http.Request) {
	if p.faults.takeGone(r.URL.Path) {
		answerGone(w)
		return
	}
	ctx, done := p.watches.add(r.Context())
	defer done()
	p.forward.ServeHTTP(w, r.WithContext(ctx))
}

// writeKey finds in a request's context what serveWrite has planned for it.
type writeKey struct{}

type plannedWrite struct {
	*write
	plan writePlan
}

func (p *Proxy) serveWrite(w http.ResponseWriter, r *http.Request) {
	plan := p.faults.planWrite()
	if plan.killBefore != 0 {
		kill(plan.killBefore)
		abort()
	}
	planned := plannedWrite{p.journal.add(r), plan}
	p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), writeKey{}, planned)))
}

var errAnswerLost = errors.New("the answer is to be lost")

// answered sees each answer of the API server before the client does. The write is done by then.
func (p *Proxy) answered(response *http.Response) error {
	planned, ok := response.Request.Context().Value(writeKey{}).(plannedWrite)
	if !ok {
		return nil
	}
	p.journal.answered(planned.write, response.StatusCode)
	if planned.plan.killAfter != 0 {
		kill(planned.plan.killAfter)
		return errAnswerLost
	}
	if planned.plan.lose {
		return errAnswerLost
	}
	return nil
}

// abort closes the client's connection without another byte. It does not return.
func abort() { panic(http.ErrAbortHandler) }

// sleep returns false when the client has left meanwhile.
func sleep(ctx context.Context, duration time.Duration) bool {
	if duration == 0 {
		return true
	}
	select {
	case <-time.After(duration):
		return true
	case <-ctx.Done():
		return false
	}
}
