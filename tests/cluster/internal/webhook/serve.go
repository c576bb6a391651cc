// Package webhook plays the admission webhooks of other people: they refuse, change objects, and
// take their time. The API server calls them over HTTPS.
package webhook

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"disagg.dev/tests/cluster/internal/pki"
)

// Help lists the paths and commands.
const Help = `says "ready URL CA", CA being base64 of PEM for caBundle, and serves until stdin ends.
paths, which say what happens to the object:
  /allow                  nothing
  /deny/MESSAGE           it is refused
  /strip-labels/PREFIX    its labels of that prefix are taken away
  /set-label/KEY=VALUE    it gets a label
  /mirror-images/PREFIX   the images of its containers come from elsewhere
  /set-field/PATH=JSON    it gets a value at PATH, as spec/schedulerName
  /delay/MS/...           any of these after a while
commands, one a line, each answered with one line:
  calls PATH              how often that path was called
`

// Server answers admission reviews.
type Server struct {
	mutex sync.Mutex
	calls map[string]int
}

// Serve runs until input ends.
func Serve(input io.Reader, output io.Writer) error {
	listener, ca, err := pki.Listen("webhook")
	if err != nil {
		return err
	}
	s := &Server{}
	server := &http.Server{Handler: s}
	go server.Serve(listener)
	defer server.Close()
	fmt.Fprintf(output, "ready https://%s %s\n", listener.Addr(), base64.StdEncoding.EncodeToString(ca))
	lines := bufio.NewScanner(input)
	for lines.Scan() {
		path, ok := strings.CutPrefix(lines.Text(), "calls ")
		answer := strconv.Itoa(s.count(path))
		if !ok {
			answer = "error: unknown command"
		}
		if _, err := fmt.Fprintln(output, answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// The API server calls the path of a URL without the slash at its end.
func (s *Server) count(path string) int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.calls[strings.TrimSuffix(path, "/")]
}

func (s *Server) called(path string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[strings.TrimSuffix(path, "/")]++
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var asked review
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Request == nil {
		http.Error(w, "want an AdmissionReview", http.StatusBadRequest)
		return
	}
	s.called(r.URL.EscapedPath())
	verb, argument, delay, err := split(r.URL.Path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return
	}
	answer, err := act(verb, argument, asked.Request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(review{APIVersion: asked.APIVersion, Kind: asked.Kind, Response: answer})
}

// split takes /delay/MS/VERB/ARGUMENT apart. An argument may hold slashes.
func split(path string) (verb, argument string, delay time.Duration, err error) {
	verb, argument, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if verb != "delay" {
		return verb, argument, 0, nil
	}
	number, rest, _ := strings.Cut(argument, "/")
	ms, err := strconv.Atoi(number)
	if err != nil {
		return "", "", 0, fmt.Errorf("%q is no number of milliseconds", number)
	}
	verb, argument, _ = strings.Cut(rest, "/")
	return verb, argument, time.Duration(ms) * time.Millisecond, nil
}
