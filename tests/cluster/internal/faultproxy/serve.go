package faultproxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"disagg.dev/tests/cluster/internal/kubeconfig"
	"disagg.dev/tests/cluster/internal/pki"
)

// Serve runs a proxy in front of the API server that client points at, writes a kubeconfig that
// points at the proxy, says "ready" and executes commands until input ends.
func Serve(client kubeconfig.Config, path string, input io.Reader, output io.Writer) error {
	upstream, err := url.Parse(client.Server)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(client.CA) {
		return errors.New("the kubeconfig names no certificate authority")
	}
	proxy := New(upstream, &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		MaxIdleConnsPerHost: 100,
		DisableCompression:  true, // the client's business
	})
	listener, ca, err := pki.Listen("fault-proxy")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: proxy}
	go server.Serve(listener)
	defer server.Close()
	client.Server, client.CA = "https://"+listener.Addr().String(), ca
	if err := client.Write(path); err != nil {
		return err
	}
	fmt.Fprintln(output, "ready", path)
	return proxy.Drive(input, output)
}
