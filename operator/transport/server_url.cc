#include "operator/transport/server_url.h"

#include <algorithm>
#include <string_view>

#include "operator/base/parse_number.h"

namespace transport {
namespace {

base::Error Bad(const std::string& why) {
  return base::MakeError(base::ErrorCode::kInvalid, "InvalidServerUrl", why);
}

bool IsThisMachine(const std::string& host) {
  const bool loopback =
      host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
  return loopback || host == "localhost" || host == "::1";
}

bool IsPort(std::string_view text) {
  return base::ParseNumber<std::uint16_t>(text).value_or(0) > 0;
}

base::Status ParseAuthority(std::string_view authority, kube::ClusterConfig& config) {
  if (authority.find('@') != authority.npos) return Bad("holds a user; put it into a users entry");
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == authority.npos) return Bad("has a [ without a ]");
    config.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!port.empty() && port.front() != ':') return Bad("has something after its ]");
  } else {
    const std::size_t colon = authority.find(':');
    if (colon != authority.rfind(':')) return Bad("needs [ and ] around its IPv6 address");
    config.host = authority.substr(0, colon);
    if (colon != authority.npos) port = authority.substr(colon);
  }
  if (config.host.empty()) return Bad("names no host");
  if (port.empty()) {
    config.port = config.scheme == "https" ? "443" : "80";
  } else if (IsPort(port.substr(1))) {
    config.port = port.substr(1);
  } else {
    return Bad("has no valid port");
  }
  return {};
}

}  // namespace

base::Status ParseServerUrl(const std::string& url, kube::ClusterConfig& config) {
  const bool odd = std::any_of(url.begin(), url.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7F || c == '?' || c == '#';
  });
  if (odd) return Bad("holds white space, a query or a fragment");
  const std::size_t scheme_end = url.find("://");
  config.scheme = scheme_end == url.npos ? "" : url.substr(0, scheme_end);
  if (config.scheme != "https" && config.scheme != "http") return Bad("must begin with https://");
  const std::string rest = url.substr(scheme_end + 3);
  const std::size_t path = std::min(rest.find('/'), rest.size());
  base::Status parsed = ParseAuthority(rest.substr(0, path), config);
  if (!parsed) return parsed;
  config.path_prefix = rest.substr(path);
  while (config.path_prefix.ends_with('/')) config.path_prefix.pop_back();
  if (config.scheme == "http" && !IsThisMachine(config.host)) {
    return Bad("must begin with https://: plain http is for this machine only");
  }
  return {};
}

}  // namespace transport
