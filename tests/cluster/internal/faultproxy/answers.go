package faultproxy

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// statusObject is a Kubernetes Status object.
type statusObject struct {
	Kind       string         `json:"kind"`
	APIVersion string         `json:"apiVersion"`
	Metadata   struct{}       `json:"metadata"`
	Status     string         `json:"status"`
	Message    string         `json:"message"`
	Reason     string         `json:"reason"`
	Details    map[string]any `json:"details,omitempty"`
	Code       int            `json:"code"`
}

func newStatus(code int, reason, message string) statusObject {
	return statusObject{Kind: "Status", APIVersion: "v1", Status: "Failure", Message: message, Reason: reason,
		Code: code}
}

var failureReasons = map[int]string{
	http.StatusTooManyRequests:     "TooManyRequests",
	http.StatusInternalServerError: "InternalError",
	http.StatusServiceUnavailable:  "ServiceUnavailable",
}

// answerFailure says what an API server in trouble says.
func answerFailure(w http.ResponseWriter, f failure) {
	body := newStatus(f.status, failureReasons[f.status], "fault injected by local-cluster proxy")
	if f.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.retryAfter))
		body.Details = map[string]any{"retryAfterSeconds": f.retryAfter}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	json.NewEncoder(w).Encode(body)
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
