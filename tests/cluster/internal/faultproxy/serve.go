package faultproxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
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
	listener, ca, err := listen()
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

// listen opens a TLS listener with a certificate of its own authority. It offers HTTP/1.1 only.
func listen() (net.Listener, []byte, error) {
	authority, err := pki.NewAuthority("fault-proxy-ca")
	if err != nil {
		return nil, nil, err
	}
	pair, err := authority.Server("fault-proxy", "127.0.0.1", "localhost")
	if err != nil {
		return nil, nil, err
	}
	certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		return nil, nil, err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{certificate},
		NextProtos:   []string{"http/1.1"},
	})
	return listener, authority.Cert, err
}
