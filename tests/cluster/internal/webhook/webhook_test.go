package webhook

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const podReview = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1","object":{
	"metadata":{"labels":{"disagg.dev/role":"decode","app":"x"}},"spec":{"containers":[{"image":"a:1"}]}}}}`

func post(t *testing.T, s *Server, path, body string) (int, review) {
	t.Helper()
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	var answer review
	if recorder.Code == http.StatusOK {
		if err := json.NewDecoder(recorder.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
	}
	return recorder.Code, answer
}

func TestAPathSaysWhatHappens(t *testing.T) {
	for path, want := range map[string]struct {
		allowed bool
		patch   string
	}{
		"/allow":                    {true, ``},
		"/deny/no-pods-on-mondays":  {false, ``},
		"/strip-labels/disagg.dev/": {true, `[{"op":"remove","path":"/metadata/labels/disagg.dev~1role"}]`},
		"/strip-labels/other/":      {true, ``},
		"/set-label/app=platform":   {true, `[{"op":"add","path":"/metadata/labels/app","value":"platform"}]`},
		"/mirror-images/mirror.example/": {true,
			`[{"op":"replace","path":"/spec/containers/0/image","value":"mirror.example/a:1"}]`},
		"/set-field/spec/schedulerName=%22other%22": {true,
			`[{"op":"add","path":"/spec/schedulerName","value":"other"}]`},
		"/delay/1/allow": {true, ``},
	} {
		code, answer := post(t, &Server{}, path, podReview)
		if code != http.StatusOK || answer.Response == nil || answer.Kind != "AdmissionReview" {
			t.Errorf("%s: %d %+v", path, code, answer)
			continue
		}
		r := answer.Response
		if r.UID != "u1" || r.Allowed != want.allowed || string(r.Patch) != want.patch {
			t.Errorf("%s: %+v, patch %s", path, r, r.Patch)
		}
	}
}

func TestADeletionHasNoObject(t *testing.T) {
	code, answer := post(t, &Server{}, "/strip-labels/x",
		`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u2","object":null}}`)
	if code != http.StatusOK || !answer.Response.Allowed {
		t.Errorf("%d %+v", code, answer)
	}
}

func TestWhatIsUnknownFails(t *testing.T) {
	for _, path := range []string{"/nonsense", "/delay/x/allow", "/delay/1"} {
		if code, _ := post(t, &Server{}, path, podReview); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _ := post(t, &Server{}, "/allow", "{}"); code != http.StatusBadRequest {
		t.Errorf("no review: %d", code)
	}
}

func TestCallsAreCountedAndDelayed(t *testing.T) {
	s := &Server{}
	start := time.Now()
	post(t, s, "/delay/30/allow", podReview)
	if time.Since(start) < 30*time.Millisecond {
		t.Error("not delayed")
	}
	if s.count("/delay/30/allow") != 1 || s.count("/allow") != 0 {
		t.Errorf("%v", s.calls)
	}
}
