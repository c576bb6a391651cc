package pki

import (
	"crypto/tls"
	"net"
)

// Listen opens a TLS listener on a free port of 127.0.0.1 with a certificate of an authority of its
// own, which it returns as PEM. It offers HTTP/1.1 only, so that one request has one connection.
func Listen(name string) (net.Listener, []byte, error) {
	authority, err := NewAuthority(name + "-ca")
	if err != nil {
		return nil, nil, err
	}
	pair, err := authority.Server(name, "127.0.0.1", "localhost")
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
