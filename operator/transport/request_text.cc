#include "operator/transport/request_text.h"

#include <algorithm>

namespace transport {
namespace {

bool HasControl(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; });
}

base::Error Malformed(const std::string& what) {
  return base::MakeError(base::ErrorCode::kInvalid, "MalformedRequest", what);
}

}  // namespace

base::Status CheckRequest(const Request& request) {
  if (!request.target.starts_with('/') || request.target.find(' ') != std::string::npos ||
      HasControl(request.target)) {
    return Malformed("a request target must begin with / and hold no white space");
  }
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || name.find_first_of(": ") != std::string::npos || HasControl(name) ||
        HasControl(value)) {
      return Malformed("a header of the request is malformed: " + name);
    }
  }
  return {};
}

std::string SerializeRequest(const Request& request, const std::string& path_prefix,
                             const std::string& host_header, const std::string& user_agent,
                             const std::string& token) {
  std::string text;
  text.reserve(512 + request.target.size() + token.size() + request.body.size());
  text += ToString(request.method);
  text += ' ';
  text += path_prefix;
  text += request.target;
  text += " HTTP/1.1\r\nHost: ";
  text += host_header;
  text += "\r\nUser-Agent: ";
  text += user_agent;
  text += "\r\n";
  if (!token.empty()) text += "Authorization: Bearer " + token + "\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  if (request.method != Method::kGet || !request.body.empty()) {
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  text += "\r\n";
  text += request.body;
  return text;
}

}  // namespace transport
