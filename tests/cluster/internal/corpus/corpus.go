// Package corpus holds objects that are legal and that no writer of ours would make: what a client
// has to read because somebody else in the cluster stored it.
package corpus

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Object is one to be created: Body is posted to Path byte by byte, so that the API server's own
// decoder and encoder decide what is served.
type Object struct {
	Kind, Name string
	Path       string
	Body       string
}

type value struct {
	name string
	json string
}

// Label is on every object: what a client may select by.
const Label = "disagg.dev/deployment"

// Objects of a namespace. The API server refuses some of them for some kinds.
func Objects(namespace string) []Object {
	var objects []Object
	for _, v := range values() {
		objects = append(objects, revision(namespace, v), deployment(namespace, v))
	}
	for _, v := range texts() {
		objects = append(objects, configMap(namespace, v), revision(namespace, v), deployment(namespace, v))
	}
	return objects
}

func values() []value {
	values := []value{
		{"plain", "1"},
		{"exact", "9007199254740991"},          // 2^53-1
		{"inexact", "9007199254740993"},        // 2^53+1
		{"signed-most", "9223372036854775807"}, // 2^63-1
		{"signed-over", "9223372036854775808"},
		{"unsigned-most", "18446744073709551615"}, // 2^64-1
		{"unsigned-over", "18446744073709551616"},
		{"signed-least", "-9223372036854775808"},
		{"signed-under", "-9223372036854775809"},
		{"before-exponent", "100000000000000000000"},
		{"exponent", "1e21"},
		{"exponent-integer", "1000000000000000000000"},
		{"negative-exponent", "-1e21"},
		{"fraction", "0.1"},
		{"long-fraction", "0.1000000000000000055511151231257827021181583404541015625"},
		{"tiny", "1e-7"},
		{"denormal", "5e-324"},
		{"nothing", "1e-999"},
		{"largest", "1.7976931348623157e308"},
		{"infinite", "1e999"},
		{"negative-zero", "-0.0"},
		{"digits", strings.Repeat("9", 400)},
		{"null", "null"},
		{"empty-key", `{"":{"":""}}`},
		{"wide", "[" + strings.TrimSuffix(strings.Repeat("18446744073709551615,", 20_000), ",") + "]"},
	}
	for _, depth := range []int{100, 1000, 1100, 5000, 9900} {
		name := fmt.Sprintf("deep-%d", depth)
		values = append(values,
			value{name, strings.Repeat("[", depth) + strings.Repeat("]", depth)},
			value{name + "-objects", strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)})
	}
	return values
}

func texts() []value {
	raw := map[string]string{
		"zero":       "a\x00b",
		"controls":   "\x01\x1f\x7f",
		"separators": "a\u2028b\u2029c",
		"not-chars":  "\ufffe\uffff",
		"bidi":       "\u202eabc\u202c",
		"combining":  strings.Repeat("e\u0301", 1000),
		"astral":     "\U0001f600\U0010ffff",
		"escaped":    `"\/` + "\b\f\n\r\t",
		"json":       `{"seed":18446744073709551615}`,
		"huge":       strings.Repeat("x", 1_000_000),
		"huge-html":  strings.Repeat("<", 1_000_000), // served as six bytes each
	}
	texts := []value{
		{"half-surrogate", `"a\ud800b"`},
		{"other-half", `"\udc00"`},
		{"not-utf8", "\"a\xff\xfe\""},
		{"overlong", "\"\xc0\xaf\""},
	}
	for name, text := range raw {
		encoded, err := json.Marshal(text)
		if err != nil {
			panic(err)
		}
		texts = append(texts, value{name, string(encoded)})
	}
	return texts
}

func metadata(namespace, name string) string {
	return fmt.Sprintf(`"metadata":{"name":%q,"namespace":%q,"labels":{%q:"corpus"}}`,
		name, namespace, Label)
}

func configMap(namespace string, v value) Object {
	return Object{"ConfigMap", v.name, "/api/v1/namespaces/" + namespace + "/configmaps",
		`{"apiVersion":"v1","kind":"ConfigMap",` + metadata(namespace, v.name) +
			`,"data":{"value":` + v.json + `}}`}
}

// Its data are stored and served as the bytes that came.
func revision(namespace string, v value) Object {
	return Object{"ControllerRevision", v.name,
		"/apis/apps/v1/namespaces/" + namespace + "/controllerrevisions",
		`{"apiVersion":"apps/v1","kind":"ControllerRevision",` + metadata(namespace, v.name) +
			`,"revision":1,"data":{"value":` + v.json + `}}`}
}

// Its arguments have no schema.
func deployment(namespace string, v value) Object {
	return Object{"DisaggDeployment", v.name,
		"/apis/disagg.dev/v1alpha1/namespaces/" + namespace + "/disaggdeployments",
		`{"apiVersion":"disagg.dev/v1alpha1","kind":"DisaggDeployment",` + metadata(namespace, v.name) +
			`,"spec":{"model":{"ref":"corpus"},"container":{"image":"registry.invalid/engine:1"},` +
			`"precision":"bf16","accelerator":"corpus","suspend":true,"aggregated":{"replicas":1},` +
			`"engine":{"type":"vllm","args":{"value":` + v.json + `}}}}`}
}
