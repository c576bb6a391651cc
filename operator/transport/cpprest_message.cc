#include "operator/transport/cpprest_message.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace transport {
namespace {

constexpr char kUserAgent[] = "kubectl-disagg";

}  // namespace

bool NothingWasSent(const std::string& what) {
  return what == "Error resolving address" || what == "Failed to resolve address" ||
         what == "Failed to connect to any resolved endpoint" || what == "Error in SSL handshake";
}

bool CertificateRefused(int error) {
  return ERR_GET_REASON(static_cast<unsigned long>(error)) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

web::http::http_request MakeRequest(const kube::ClusterConfig& config, const Request& request,
                                    const std::string& token) {
  web::http::http_request made{std::string(ToString(request.method))};
  made.set_request_uri(config.path_prefix + request.target);
  for (const auto& [name, value] : request.headers) made.headers().add(name, value);
  made.headers().add("User-Agent", kUserAgent);
  if (!token.empty()) made.headers().add("Authorization", "Bearer " + token);
  // The library verifies the certificate against this header when it is set.
  if (!config.tls_server_name.empty()) made.headers().add("Host", config.tls_server_name);
  if (!request.body.empty()) {
    const std::string type = made.headers().content_type();
    made.set_body(request.body, type.empty() ? "application/json" : type);
    if (!type.empty()) made.headers().set_content_type(type);
  }
  made.set_progress_handler(
      [](web::http::message_direction::direction direction, utility::size64_t bytes) {
        const bool answer = direction == web::http::message_direction::download;
        if (answer && bytes > kMaxBodyBytes) throw BodyTooLarge();
      });
  return made;
}

Response MakeResponse(const web::http::http_response& answer,
                      const std::vector<unsigned char>& body) {
  Response response;
  response.status = answer.status_code();
  for (const auto& [name, value] : answer.headers()) response.headers.emplace_back(name, value);
  response.body.assign(body.begin(), body.end());
  return response;
}

}  // namespace transport
