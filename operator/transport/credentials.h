#pragma once

// Who we are to the API server: nobody but a client certificate, a fixed token, a token in a file,
// or what a credential plugin says.

#include <functional>
#include <memory>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/kube/cluster_config.h"

namespace transport {

struct Credentials {
  std::string token;            // "" for none
  std::string client_cert_pem;  // of a plugin; "" leaves the one of the ClusterConfig in place
  std::string client_key_pem;

  bool operator==(const Credentials&) const = default;
};

// Of credentials that cannot be had: it says nothing about the object of a request.
inline base::Error CredentialsError(base::Error error) {
  error.code = base::ErrorCode::kUnauthorized;
  return error;
}

// Thread-safe.
class CredentialSource {
 public:
  using Callback = std::function<void(base::Result<Credentials>)>;

  virtual ~CredentialSource() = default;

  // Calls back once: at once on this thread when the credentials are at hand, else from a thread of
  // the source.
  virtual void Get(Callback callback) = 0;

  // The server has answered 401 to this token (or to the certificate, when it is empty): the next
  // Get makes sure that it is not an old one.
  virtual void OnUnauthorized(const std::string& token) = 0;
};

// `config` and `clock` are needed no longer than the source lives.
std::unique_ptr<CredentialSource> MakeCredentialSource(const kube::ClusterConfig& config,
                                                       const base::Clock& clock);

}  // namespace transport
