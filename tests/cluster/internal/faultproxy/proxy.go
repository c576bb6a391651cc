// Package faultproxy is an HTTPS reverse proxy for an API server that injects faults: any answer to
// the requests of a verb and a path, late, cut or dripping; crashes of the client at a chosen write;
// broken and expired watches. It keeps a journal, from which a test learns what has happened.
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
	rules   rules
	faults  faults
	watches watches
}

// New makes a proxy in front of an API server.
func New(upstream *url.URL, transport http.RoundTripper) *Proxy {
	return &Proxy{forward: &httputil.ReverseProxy{
		Transport:      transport,
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		FlushInterval:  -1, // at once: watch events must not wait for each other
		ModifyResponse: killAfterWrite,
		// A client sees a broken API server as a broken connection, not as the 502 of a proxy.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { abort() },
	}}
}

// ServeHTTP handles one request of the client.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := p.journal.add(r)
	rule := p.rules.take(e)
	a := &answer{ResponseWriter: w, ctx: r.Context(), rule: rule, entry: e, record: p.journal.answered}
	if rule != nil {
		p.journal.met(e, rule.Name)
		if !sleep(r.Context(), time.Duration(rule.DelayMS)*time.Millisecond) {
			return
		}
		if rule.instead() {
			a.give()
			return
		}
	}
	switch e.Kind {
	case kindWatch:
		p.serveWatch(a, r)
	case kindWrite:
		p.serveWrite(a, r)
	default:
		p.forward.ServeHTTP(a, r)
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

// killKey finds in a request's context whom to kill when it is done.
type killKey struct{}

func (p *Proxy) serveWrite(w http.ResponseWriter, r *http.Request) {
	plan := p.faults.planWrite()
	if plan.killBefore != 0 {
		kill(plan.killBefore)
		p.faults.killed()
		abort()
	}
	p.journal.forwardedWrite()
	if plan.killAfter != 0 {
		execute := func() { kill(plan.killAfter); p.faults.killed() }
		r = r.WithContext(context.WithValue(r.Context(), killKey{}, execute))
	}
	p.forward.ServeHTTP(w, r)
}

var errAnswerLost = errors.New("the answer is to be lost")

// killAfterWrite sees each answer of the API server before the client does. The write is done by
// then.
func killAfterWrite(response *http.Response) error {
	if execute, ok := response.Request.Context().Value(killKey{}).(func()); ok {
		execute()
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
