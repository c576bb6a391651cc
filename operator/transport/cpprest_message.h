#pragma once

// Requests, answers and errors between transport.h and cpprestsdk.

#include <exception>
#include <string>
#include <vector>

#include <cpprest/http_msg.h>

#include "operator/kube/cluster_config.h"
#include "operator/transport/transport.h"

namespace transport {

inline constexpr std::size_t kMaxBodyBytes = 64u << 20;

// Thrown through cpprestsdk, which hands it back.
struct BodyTooLarge : std::exception {};

web::http::http_request MakeRequest(const kube::ClusterConfig& config, const Request& request,
                                    const std::string& token);

Response MakeResponse(const web::http::http_response& answer,
                      const std::vector<unsigned char>& body);

// Whether a failure with this text came before the first byte of a request: the library tells what
// has failed by a text only.
bool NothingWasSent(const std::string& what);

// Of the number that the library gives for a failed TLS handshake.
bool CertificateRefused(int error);

}  // namespace transport
