#pragma once

// What both HTTP libraries are told about TLS: only the CA of the configuration is trusted, the
// name of the server is verified by OpenSSL itself, TLS 1.2 or newer, and a failed verification can
// be explained.

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/base/thread_annotations.h"
#include "operator/kube/cluster_config.h"

namespace transport {

// Thread-safe. Outlives every SSL_CTX that it was applied to.
class TlsSettings {
 public:
  // With the client certificate of `config`, or another one (of an exec plugin) when `cert_pem` is
  // not empty.
  static base::Result<std::shared_ptr<TlsSettings>> Make(const kube::ClusterConfig& config,
                                                         const std::string& cert_pem,
                                                         const std::string& key_pem);
  ~TlsSettings();

  void ApplyTo(SSL_CTX* context);

  // What is verified: the host, or what tls_server_name puts in its place.
  const std::string& server_name() const { return server_name_; }
  bool server_name_is_ip() const { return server_name_is_ip_; }

  // Why the last certificate was refused; "" when none was. One text for all connections: they go
  // to one server.
  std::string refusal() const;

 private:
  struct Material;

  TlsSettings();
  base::Status ReadClientCertificate(const std::string& cert_pem, const std::string& key_pem);
  static int Verify(X509_STORE_CTX* chain, void* self);
  void RememberRefusal(X509_STORE_CTX* chain);

  std::string server_name_;
  bool server_name_is_ip_ = false;
  std::unique_ptr<Material> material_;
  mutable base::Mutex mutex_;
  std::string refusal_ GUARDED_BY(mutex_);
};

}  // namespace transport
