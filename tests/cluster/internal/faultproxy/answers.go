package faultproxy

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// statusObject is a Kubernetes Status object.
type statusObject struct {
	Kind       string   `json:"kind"`
	APIVersion string   `json:"apiVersion"`
	Metadata   struct{} `json:"metadata"`
	Status     string   `json:"status"`
	Message    string   `json:"message"`
	Reason     string   `json:"reason"`
	Code       int      `json:"code"`
}

func newStatus(code int, reason, message string) statusObject {
	return statusObject{Kind: "Status", APIVersion: "v1", Status: "Failure", Message: message, Reason: reason,
		Code: code}
}

// answerGone starts a watch well and then says that its resourceVersion is too old, as the API
// server does.
func answerGone(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{
		"type":   "ERROR",
		"object": newStatus(http.StatusGone, "Expired", "too old resource version: 1 (2)"),
	})
}

// answer is what a client gets, changed by the rule that its request has met, if any. It records
// the status.
type answer struct {
	http.ResponseWriter
	ctx    context.Context
	rule   *Rule
	entry  *entry
	record func(e *entry, status int)

	begun    bool
	replaced bool // the body was given already, what comes is the API server's
	written  int
}

// Unwrap lets http.ResponseController find the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) Flush() { http.NewResponseController(a.ResponseWriter).Flush() }

// give answers instead of the API server.
func (a *answer) give() {
	a.Header().Set("Content-Type", "application/json")
	a.WriteHeader(a.rule.Status)
}

func (a *answer) WriteHeader(status int) {
	if a.begun {
		return
	}
	a.begun = true
	if a.rule == nil {
		a.record(a.entry, status)
		a.ResponseWriter.WriteHeader(status)
		return
	}
	if a.rule.Abort {
		abort()
	}
	if a.rule.Status != 0 {
		status = a.rule.Status
	}
	for name, value := range a.rule.Headers {
		a.Header().Set(name, value)
	}
	body := a.rule.body()
	if body != nil {
		a.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	a.record(a.entry, status)
	a.ResponseWriter.WriteHeader(status)
	if body != nil {
		a.send(body)
		a.replaced = true
	}
}

func (a *answer) Write(bytes []byte) (int, error) {
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	if a.replaced {
		return len(bytes), nil
	}
	return a.send(bytes)
}

// send writes a part of the body as slowly and as far as the rule allows.
func (a *answer) send(bytes []byte) (int, error) {
	cut := a.rule != nil && a.rule.Cut != nil && a.written+len(bytes) >= *a.rule.Cut
	if cut {
		bytes = bytes[:*a.rule.Cut-a.written]
	}
	a.written += len(bytes)
	var err error
	if a.rule != nil && a.rule.DripMS > 0 {
		err = a.drip(bytes)
	} else {
		_, err = a.ResponseWriter.Write(bytes)
	}
	if cut {
		a.Flush()
		abort()
	}
	return len(bytes), err
}

func (a *answer) drip(bytes []byte) error {
	for i := range bytes {
		if !sleep(a.ctx, time.Duration(a.rule.DripMS)*time.Millisecond) {
			return a.ctx.Err()
		}
		if _, err := a.ResponseWriter.Write(bytes[i : i+1]); err != nil {
			return err
		}
		a.Flush()
	}
	return nil
}
