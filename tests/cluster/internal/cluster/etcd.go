package cluster

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// compactRevKey is where API servers tell each other how far etcd is compacted. An API server that
// sees it change drops the snapshots from which it could still answer older paged lists.
const compactRevKey = "compact_rev_key"

// compact makes etcd forget everything older than now, through its JSON gateway. A list at an
// older resourceVersion is answered with 410 at the latest 15 s later, when the API server has
// dropped its snapshots too. A watch is not, while the API server has the events in memory:
// restart it to see 410 there, and on every list at once.
func compact(ctx context.Context, etcdURL string) (revision string, err error) {
	// The first write has a revision beyond that of every object, so none stays readable.
	if revision, err = putCompactRevision(ctx, etcdURL, "0"); err != nil {
		return "", err
	}
	if _, err = putCompactRevision(ctx, etcdURL, revision); err != nil {
		return "", err
	}
	compaction := map[string]any{"revision": revision, "physical": true}
	return revision, etcdCall(ctx, etcdURL+"/v3/kv/compaction", compaction, nil)
}

// putCompactRevision returns the revision of its own write.
func putCompactRevision(ctx context.Context, etcdURL, value string) (revision string, err error) {
	var answer struct {
		Header struct{ Revision string }
	}
	err = etcdCall(ctx, etcdURL+"/v3/kv/put", map[string]any{
		"key":   base64.StdEncoding.EncodeToString([]byte(compactRevKey)),
		"value": base64.StdEncoding.EncodeToString([]byte(value)),
	}, &answer)
	return answer.Header.Revision, err
}

func etcdCall(ctx context.Context, url string, body, out any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(content))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd: %s: %s", response.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
