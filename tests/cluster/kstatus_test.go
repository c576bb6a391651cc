package main

import (
	"strings"
	"testing"
)

func TestKstatusJudgesEachObject(t *testing.T) {
	const head = `{"apiVersion":"disagg.dev/v1alpha1","kind":"DisaggDeployment","metadata":{"name":"a","generation":2},`
	condition := func(kind, status string) string {
		return `{"type":"` + kind + `","status":"` + status + `","reason":"R","message":"why"}`
	}
	for name, c := range map[string]struct{ object, want string }{
		"ready":                 {head + `"status":{"observedGeneration":2,"conditions":[` + condition("Ready", "True") + `]}}`, "Current "},
		"an old generation":     {head + `"status":{"observedGeneration":1,"conditions":[` + condition("Ready", "True") + `]}}`, "InProgress "},
		"not ready":             {head + `"status":{"observedGeneration":2,"conditions":[` + condition("Ready", "False") + `]}}`, "InProgress why"},
		"ready but reconciling": {head + `"status":{"observedGeneration":2,"conditions":[` + condition("Ready", "True") + `,` + condition("Reconciling", "True") + `]}}`, "InProgress why"},
		"stalled":               {head + `"status":{"observedGeneration":2,"conditions":[` + condition("Stalled", "True") + `]}}`, "Failed why"},
	} {
		var output strings.Builder
		if err := judge(strings.NewReader(c.object+"\n"+c.object), &output); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(output.String()), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0]+" ", c.want) || lines[0] != lines[1] {
			t.Errorf("%s: %q, want %q twice", name, lines, c.want)
		}
	}
}
