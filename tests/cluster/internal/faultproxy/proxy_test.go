package faultproxy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeAPI counts what reaches it. A watch gets one event at once and then stays open.
type fakeAPI struct {
	mutex sync.Mutex
	seen  []string
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mutex.Lock()
	f.seen = append(f.seen, r.Method+" "+r.URL.Path)
	f.mutex.Unlock()
	if !isWatch(r) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, r.Header.Get("Authorization"))
		return
	}
	fmt.Fprintln(w, `{"type":"ADDED"}`)
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func (f *fakeAPI) count() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return len(f.seen)
}

// bench is a proxy between a client and a fake API server.
type bench struct {
	*testing.T
	api   *fakeAPI
	proxy *Proxy
	url   string
	http  *http.Client
}

func newBench(t *testing.T) *bench {
	api := &fakeAPI{}
	upstream := httptest.NewServer(api)
	target, _ := url.Parse(upstream.URL)
	proxy := New(target, &http.Transport{})
	front := httptest.NewServer(proxy)
	t.Cleanup(func() {
		proxy.watches.cut()
		front.Close()
		upstream.Close()
	})
	return &bench{t, api, proxy, front.URL, front.Client()}
}

func (b *bench) command(line string) string {
	b.Helper()
	var answer strings.Builder
	if err := b.proxy.Drive(strings.NewReader(line+"\n"), &answer); err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(answer.String())
}

func (b *bench) do(method, path string) (*http.Response, error) {
	request, err := http.NewRequest(method, b.url+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer secret")
	return b.http.Do(request)
}

// get returns status and body, or 0 and the error's text.
func (b *bench) get(method, path string) (int, string) {
	response, err := b.do(method, path)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

func (b *bench) expect(what string, got, want any) {
	b.Helper()
	if got != want {
		b.Errorf("%s: got %v, want %v", what, got, want)
	}
}

const pods = "/api/v1/namespaces/a/pods"

func TestWritesLeaveOutWhatIsNoWrite(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		method, path string
		counts       bool
	}{
		{"POST", pods, true},
		{"PATCH", pods + "/p", true},
		{"PUT", pods + "/p/status", true},
		{"DELETE", pods + "/events", true}, // a pod by that name
		{"GET", pods, false},
		{"POST", pods + "?dryRun=All", false},
		{"POST", "/api/v1/namespaces/a/events", false},
		{"PATCH", "/api/v1/namespaces/a/events/e", false},
		{"POST", "/apis/events.k8s.io/v1/namespaces/a/events", false},
		{"PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/l", false},
		{"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", false},
	} {
		b.command("reset")
		status, body := b.get(c.method, c.path)
		b.expect(c.path+" status", status, http.StatusCreated)
		b.expect(c.path+" token", body, "Bearer secret")
		b.expect(c.method+" "+c.path, b.command("writes"), map[bool]string{true: "1", false: "0"}[c.counts])
	}
}

func TestTheJournalTellsEveryRequest(t *testing.T) {
	b := newBench(t)
	b.expect("empty journal", b.command("requests"), "[]")
	b.get("POST", pods)
	b.get("GET", pods+"?limit=5")
	b.get("DELETE", pods+"/p")
	var entries []entry
	if err := json.Unmarshal([]byte(b.command("requests")), &entries); err != nil {
		t.Fatal(err)
	}
	b.expect("requests", len(entries), 3)
	if age := time.Since(time.UnixMilli(entries[0].Time)); age < 0 || age > time.Minute {
		t.Errorf("the first came %s ago", age)
	}
	want := entry{N: 2, Time: entries[1].Time, Client: "Go-http-client/1.1", Method: "GET", Path: pods,
		Query: "limit=5", Kind: kindRead, Status: http.StatusCreated}
	b.expect("second", entries[1], want)
}

func TestTheJournalIsAskedByFilter(t *testing.T) {
	b := newBench(t)
	b.command(`rule {"name":"gone","method":"DELETE","status":404}`)
	b.get("POST", pods)
	b.get("GET", pods)
	b.get("DELETE", pods+"/p")
	for filter, want := range map[string]string{
		``:                                     "3",
		`{"kind":"write"}`:                     "2",
		`{"method":"POST|GET"}`:                "2",
		`{"path":"pods/p$"}`:                   "1",
		`{"rule":"gone"}`:                      "1",
		`{"since":4102444800000}`:              "0",
		`{"until":1}`:                          "0",
		`{"kind":"read","path":"^/api/v1/no"}`: "0",
	} {
		b.expect(filter, b.command("count "+filter), want)
	}
}

func startVictim(t *testing.T) (pid int, wait func()) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process.Pid, func() { cmd.Wait() }
}

func TestKillAfterDoesTheWriteAndLosesItsAnswer(t *testing.T) {
	b := newBench(t)
	pid, wait := startVictim(t)
	b.expect("arm", b.command(fmt.Sprintf("kill-after 2 %d", pid)), "ok")
	status, _ := b.get("POST", pods)
	b.expect("first write", status, http.StatusCreated)
	b.expect("alive after the first", ended(pid), false)
	status, _ = b.get("POST", pods)
	b.expect("second write", status, 0)
	b.expect("dead after the second", ended(pid), true)
	b.expect("kills", b.command("kills"), "1")
	b.expect("writes that reached the API server", b.api.count(), 2)
	wait()
}

func TestKillBeforeDoesNotForward(t *testing.T) {
	b := newBench(t)
	pid, wait := startVictim(t)
	b.command(fmt.Sprintf("kill-before 1 %d", pid))
	b.get("GET", pods) // not a write
	status, _ := b.get("POST", pods)
	b.expect("write", status, 0)
	b.expect("dead", ended(pid), true)
	b.expect("requests that reached the API server", b.api.count(), 1)
	b.expect("writes", b.command("writes"), "0")
	wait()
}

func TestARuleSaysWhichRequests(t *testing.T) {
	for name, c := range map[string]struct {
		rule string
		hits string // of: GET pods, POST pods, DELETE pods/p, GET nodes
	}{
		"all":        {``, "4"},
		"a verb":     {`,"method":"POST"`, "1"},
		"two verbs":  {`,"method":"POST|DELETE"`, "2"},
		"whole verb": {`,"method":"POS"`, "0"},
		"a path":     {`,"path":"/pods"`, "3"},
		"a kind":     {`,"kind":"write"`, "2"},
		"a query":    {`,"query":"limit="`, "1"},
		"count":      {`,"count":2`, "2"},
		"skip":       {`,"skip":3`, "1"},
	} {
		b := newBench(t)
		b.expect(name, b.command(`rule {"name":"r","status":503`+c.rule+`}`), "ok")
		b.get("GET", pods)
		b.get("POST", pods)
		b.get("DELETE", pods+"/p")
		b.get("GET", "/api/v1/nodes?limit=1")
		b.expect(name, b.command("hits r"), c.hits)
		b.expect(name+": lift", b.command("lift r"), "ok")
		status, _ := b.get("GET", pods)
		b.expect(name+": lifted", status, http.StatusCreated)
		b.expect(name+": hits are kept", b.command("hits r"), c.hits)
	}
}

func TestARuleSaysTheAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		rule      string
		status    int    // 0: the connection broke before
		body      string // a part of it
		forwarded int
	}{
		"an API server's":      {`"status":401`, 401, `"reason":"Unauthorized"`, 0},
		"a proxy's":            {`"status":502,"body":"<html>"`, 502, "<html>", 0},
		"none":                 {`"abort":true`, 0, "", 0},
		"none, but done":       {`"abort":true,"forward":true`, 0, "", 1},
		"another, but done":    {`"status":404,"forward":true`, 404, `"reason":"NotFound"`, 1},
		"unchanged but late":   {`"delayMs":1`, 201, "Bearer secret", 1},
		"another body":         {`"body":"{}"`, 201, "{}", 1},
		"bytes one at a time":  {`"status":200,"body":"slow","dripMs":1`, 200, "slow", 0},
		"the server's, slowly": {`"dripMs":1`, 201, "Bearer secret", 1},
	} {
		b := newBench(t)
		b.expect(name, b.command(`rule {"name":"r",`+c.rule+`}`), "ok")
		status, body := b.get("POST", pods)
		b.expect(name+": status", status, c.status)
		if c.status != 0 && !strings.Contains(body, c.body) {
			t.Errorf("%s: body is %q", name, body)
		}
		b.expect(name+": forwarded", b.api.count(), c.forwarded)
		b.expect(name+": journal", b.command(`count {"rule":"r","kind":"write"}`), "1")
		b.expect(name+": status in the journal", b.lastStatus(), c.status)
	}
}

func (b *bench) lastStatus() int {
	all, _ := parseFilter("")
	entries := b.proxy.journal.find(all)
	return entries[len(entries)-1].Status
}

func TestARuleSetsHeaders(t *testing.T) {
	b := newBench(t)
	b.command(`rule {"name":"r","status":429,"headers":{"Retry-After":"86400","Date":"Thu, 01 Jan 1970 00:00:00 GMT"}}`)
	response, err := b.do("GET", pods)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b.expect("Retry-After", response.Header.Get("Retry-After"), "86400")
	b.expect("Date", response.Header.Get("Date"), "Thu, 01 Jan 1970 00:00:00 GMT")
}

func TestACutBodyDoesNotEndWell(t *testing.T) {
	for _, rule := range []string{`"status":200,"body":"0123456789","cutAfter":4`, `"cutAfter":4`} {
		b := newBench(t)
		b.command(`rule {"name":"r",` + rule + `}`)
		response, err := b.do("GET", pods)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		b.expect(rule+": bytes", len(body), 4)
		if err == nil {
			t.Errorf("%s: the body ended well", rule)
		}
	}
}

func TestACutWatchKeepsItsFirstBytes(t *testing.T) {
	b := newBench(t)
	b.command(`rule {"name":"r","kind":"watch","cutAfter":5}`)
	response, err := b.do("GET", pods+"?watch=1")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	b.expect("bytes", string(body), `{"typ`)
	if err == nil {
		t.Error("the watch ended well")
	}
}

func TestWatchEventsAreNotHeldBackAndCutBreaksTheStream(t *testing.T) {
	b := newBench(t)
	response, err := b.do("GET", pods+"?watch=true")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	stream := bufio.NewReader(response.Body)
	line, err := stream.ReadString('\n')
	if err != nil || line != "{\"type\":\"ADDED\"}\n" {
		t.Fatalf("first event: %q, %v", line, err)
	}
	b.expect("cut", b.command("cut-watches"), "1")
	if _, err := stream.ReadString('\n'); err == nil || err == io.EOF {
		t.Errorf("a cut stream must not end well, got %v", err)
	}
}

func TestGoneTellsEachResourceOnce(t *testing.T) {
	b := newBench(t)
	b.command("gone-watches")
	for _, path := range []string{pods, "/api/v1/nodes"} {
		status, body := b.get("GET", path+"?watch=1")
		b.expect("status", status, http.StatusOK)
		var event struct {
			Type   string
			Object statusObject
		}
		if err := json.Unmarshal([]byte(body), &event); err != nil {
			t.Fatal(err)
		}
		b.expect("type", event.Type, "ERROR")
		b.expect("code", event.Object.Code, http.StatusGone)
	}
	response, err := b.do("GET", pods+"?watch=1")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	line, _ := bufio.NewReader(response.Body).ReadString('\n')
	b.expect("second watch", line, "{\"type\":\"ADDED\"}\n")
	b.expect("resources that were told", b.command("gone"), "2")
}

func TestDelayHoldsRequests(t *testing.T) {
	b := newBench(t)
	b.command(`rule {"name":"late","delayMs":50}`)
	start := time.Now()
	b.get("GET", pods)
	if elapsed := time.Since(start); elapsed < 50*time.Millisecond {
		t.Errorf("answered after %s", elapsed)
	}
}

func TestCommandsAreChecked(t *testing.T) {
	b := newBench(t)
	for _, line := range []string{"nonsense", "kills 1", "kill-after 0 99999", "kill-after 1 1", "kill-before x 2",
		"rule", "rule {}", `rule {"name":"r","statsu":401}`, `rule {"name":"r","status":1}`,
		`rule {"name":"r","path":"("}`, `rule {"name":"r","kind":"x"}`, `count {"pth":"x"}`} {
		if answer := b.command(line); !strings.HasPrefix(answer, "error: ") {
			t.Errorf("%q was answered with %q", line, answer)
		}
	}
}
