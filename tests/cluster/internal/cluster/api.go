package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"disagg.dev/tests/cluster/internal/pki"
)

// apiClient makes the few requests that starting a cluster takes, as its administrator.
type apiClient struct {
	http   *http.Client
	server string
}

func newAPIClient(server string, ca []byte, admin pki.KeyPair) (*apiClient, error) {
	cert, err := tls.X509KeyPair(admin.Cert, admin.Key)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &apiClient{
		server: server,
		http: &http.Client{
			Timeout: 10 * time.Second,
			Transport: &http.Transport{
				TLSClientConfig:     &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}},
				MaxIdleConnsPerHost: parallelCreates,
			},
		},
	}, nil
}

// get decodes the answer to a GET into out, unless out is nil.
func (c *apiClient) get(ctx context.Context, url string, out any) error {
	return c.send(ctx, http.MethodGet, url, jsonType, nil, out)
}

func (c *apiClient) create(ctx context.Context, path string, object any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return c.send(ctx, http.MethodPost, c.server+path, jsonType, body, nil)
}

const jsonType = "application/json"

func (c *apiClient) send(ctx context.Context, method, url, contentType string, body []byte,
	out any) error {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, url, response.Status, content)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(content, out)
}
