#include "tests/integration/conformance/harness.h"

namespace transport {

const TestAuthority& Authority() {
  static const TestAuthority kAuthority("trusted-ca");
  return kAuthority;
}

PeerOptions TrustedPeer() {
  static const TestKeyPair kCertificate =
      Authority().Issue("peer", "DNS:localhost,IP:127.0.0.1,IP:::1");
  PeerOptions options;
  options.certificate = kCertificate;
  return options;
}

kube::ClusterConfig ConfigFor(const MisbehavingPeer& peer, bool tls) {
  kube::ClusterConfig config;
  config.scheme = tls ? "https" : "http";
  config.host = "127.0.0.1";
  config.port = std::to_string(peer.port());
  config.ca_pem = tls ? Authority().ca_pem() : "";
  config.source = "the test";
  return config;
}

std::unique_ptr<Transport> MakeOrFail(const kube::ClusterConfig& config,
                                      const BackendOptions& options) {
  auto made = MakeBackend(config, options);
  if (made.ok()) return std::move(*made);
  ADD_FAILURE() << made.error().message;
  return nullptr;
}

Request Get(const std::string& target, std::chrono::milliseconds timeout) {
  Request request;
  request.target = target;
  request.headers = {{"Accept", "application/json"}};
  request.total_timeout = timeout;
  return request;
}

Request Post(const std::string& target, const std::string& body,
             std::chrono::milliseconds timeout) {
  Request request = Get(target, timeout);
  request.method = Method::kPost;
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = body;
  return request;
}

base::Result<Response> SendTo(const MisbehavingPeer& peer, Request request) {
  const auto transport = MakeOrFail(ConfigFor(peer));
  if (!transport) return base::MakeError(base::ErrorCode::kInternal, "", "no transport");
  return SendAndWait(*transport, std::move(request));
}

}  // namespace transport
