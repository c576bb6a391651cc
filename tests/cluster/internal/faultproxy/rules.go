package faultproxy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"
)

// Rule is a fault for the requests that it matches. Of several rules that match, the first that was
// added and is not used up counts.
type Rule struct {
	Name string `json:"name"`

	match
	Skip  int `json:"skip"`  // requests to leave alone before the first
	Count int `json:"count"` // requests to hit; 0: all

	DelayMS int `json:"delayMs"` // before anything else

	// Status answers instead of the API server; 0: the API server answers.
	Status int `json:"status"`
	// Abort closes the connection instead of answering.
	Abort bool `json:"abort"`
	// Forward has the API server carry out the request although Status or Abort replaces its answer.
	Forward bool `json:"forward"`

	// What follows changes the answer, whoever gives it.
	Headers map[string]string `json:"headers"`
	Body    *string           `json:"body"`     // instead of the answer's; default with Status: a metav1.Status
	Cut     *int              `json:"cutAfter"` // the connection breaks after so many bytes of the body
	DripMS  int               `json:"dripMs"`   // pause before each byte of the body

	seen, hits int
}

// match says which requests. Its zero value matches all.
type match struct {
	Method string `json:"method"` // regular expression, whole
	Path   string `json:"path"`   // regular expression, anywhere in the path
	Query  string `json:"query"`  // regular expression, anywhere in the query
	Kind   string `json:"kind"`   // "read", "watch", "write" or "other" (dry runs, leases, events, reviews)

	method, path, query *regexp.Regexp
}

func (m *match) compile() (err error) {
	if m.method, err = regexp.Compile("^(?:" + m.Method + ")$"); err != nil {
		return err
	}
	if m.path, err = regexp.Compile(m.Path); err != nil {
		return err
	}
	if m.query, err = regexp.Compile(m.Query); err != nil {
		return err
	}
	switch m.Kind {
	case "", kindRead, kindWatch, kindWrite, kindOther:
		return nil
	}
	return fmt.Errorf("unknown kind %q", m.Kind)
}

func (m *match) matches(e *entry) bool {
	return (m.Method == "" || m.method.MatchString(e.Method)) && m.path.MatchString(e.Path) &&
		m.query.MatchString(e.Query) && (m.Kind == "" || m.Kind == e.Kind)
}

// parse reads strictly: a misspelt field of a fault would be a test that cannot fail.
func parse(text string, into any) error {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func parseRule(text string) (*Rule, error) {
	rule := &Rule{}
	if err := parse(text, rule); err != nil {
		return nil, err
	}
	if rule.Name == "" {
		return nil, errors.New("a rule needs a name")
	}
	if rule.Status != 0 && (rule.Status < 200 || rule.Status > 599) {
		return nil, fmt.Errorf("status %d: must be 200 to 599", rule.Status)
	}
	return rule, rule.compile()
}

// instead tells that the API server is not asked.
func (r *Rule) instead() bool { return (r.Status != 0 || r.Abort) && !r.Forward }

// body is what replaces the answer's body; nil: nothing does.
func (r *Rule) body() []byte {
	if r.Body != nil {
		return []byte(*r.Body)
	}
	if r.Status == 0 {
		return nil
	}
	text, _ := json.Marshal(newStatus(r.Status, failureReasons[r.Status], "fault injected by local-cluster proxy"))
	return text
}

// rules are the standing faults, and how often each was met, also after its end.
type rules struct {
	mutex    sync.Mutex
	standing []*Rule
	hits     map[string]int
}

// add replaces a rule of the same name.
func (r *rules) add(rule *Rule) {
	r.remove(rule.Name)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.standing = append(r.standing, rule)
}

func (r *rules) remove(name string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var others []*Rule
	for _, rule := range r.standing {
		if rule.Name != name {
			others = append(others, rule)
		}
	}
	r.standing = others
}

// take returns the rule that a request meets, or nil.
func (r *rules) take(e *entry) *Rule {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, rule := range r.standing {
		if rule.Count != 0 && rule.hits == rule.Count || !rule.matches(e) {
			continue
		}
		if rule.seen++; rule.seen <= rule.Skip {
			continue
		}
		rule.hits++
		if r.hits == nil {
			r.hits = map[string]int{}
		}
		r.hits[rule.Name]++
		return rule
	}
	return nil
}

func (r *rules) count(name string) int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.hits[name]
}

func (r *rules) reset() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.standing, r.hits = nil, nil
}

// failureReasons are what the API server calls its own answers.
var failureReasons = map[int]string{
	http.StatusBadRequest:            "BadRequest",
	http.StatusUnauthorized:          "Unauthorized",
	http.StatusForbidden:             "Forbidden",
	http.StatusNotFound:              "NotFound",
	http.StatusMethodNotAllowed:      "MethodNotAllowed",
	http.StatusNotAcceptable:         "NotAcceptable",
	http.StatusConflict:              "Conflict",
	http.StatusGone:                  "Expired",
	http.StatusRequestEntityTooLarge: "RequestEntityTooLarge",
	http.StatusUnsupportedMediaType:  "UnsupportedMediaType",
	http.StatusUnprocessableEntity:   "Invalid",
	http.StatusTooManyRequests:       "TooManyRequests",
	http.StatusInternalServerError:   "InternalError",
	http.StatusServiceUnavailable:    "ServiceUnavailable",
	http.StatusGatewayTimeout:        "Timeout",
}
