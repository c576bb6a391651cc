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

func TestLogTellsTheWritesInOrder(t *testing.T) {
	b := newBench(t)
	b.expect("empty log", b.command("log"), "[]")
	b.get("POST", pods)
	b.get("DELETE", pods+"/p")
	b.expect("log", b.command("log"), `[{"n":1,"method":"POST","path":"`+pods+`","status":201,"dryRun":false},`+
		`{"n":2,"method":"DELETE","path":"`+pods+`/p","status":201,"dryRun":false}]`)
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

func TestLoseDropsAnswersOnly(t *testing.T) {
	b := newBench(t)
	b.command("lose 1")
	status, _ := b.get("POST", pods)
	b.expect("lost", status, 0)
	status, _ = b.get("POST", pods)
	b.expect("next", status, http.StatusCreated)
	b.expect("both done", b.api.count(), 2)
}

func TestFailAnswersWithAStatus(t *testing.T) {
	b := newBench(t)
	b.command("fail 1 429 7")
	response, err := b.do("GET", pods)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body statusObject
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	b.expect("status", response.StatusCode, 429)
	b.expect("Retry-After", response.Header.Get("Retry-After"), "7")
	b.expect("kind", body.Kind, "Status")
	b.expect("reason", body.Reason, "TooManyRequests")
	code, _ := b.get("GET", pods)
	b.expect("next", code, http.StatusCreated)
	b.expect("forwarded", b.api.count(), 1)
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
	b.expect("cut", b.command("cut-watches"), "ok")
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
}

func TestDelayHoldsRequests(t *testing.T) {
	b := newBench(t)
	b.command("delay 50")
	start := time.Now()
	b.get("GET", pods)
	if elapsed := time.Since(start); elapsed < 50*time.Millisecond {
		t.Errorf("answered after %s", elapsed)
	}
}

func TestCommandsAreChecked(t *testing.T) {
	b := newBench(t)
	for _, line := range []string{"nonsense", "lose", "lose x", "lose -1", "kill-after 0 99999", "kill-after 1 1",
		"fail 1 404", "delay 1 2"} {
		if answer := b.command(line); !strings.HasPrefix(answer, "error: ") {
			t.Errorf("%q was answered with %q", line, answer)
		}
	}
}
