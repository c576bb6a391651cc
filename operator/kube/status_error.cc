#include "operator/kube/status_error.h"

#include <charconv>
#include <optional>
#include <utility>

#include "operator/kube/json_fields.h"

namespace kube {
namespace {

constexpr std::size_t kMaxMessage = 2048;

// What a metav1.Status says, as far as it is one.
struct StatusFields {
  bool is_status = false;
  int code = 0;
  std::string reason;
  std::string message;
  std::optional<std::chrono::seconds> retry_after;
};

StatusFields ReadStatus(std::string_view body) {
  StatusFields fields;
  simdjson::dom::parser parser;
  Json root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) return fields;
  if (TextField(root, "kind") != "Status") return fields;
  fields.is_status = true;
  fields.code = static_cast<int>(IntegerField(root, "code"));
  fields.reason = TextField(root, "reason");
  fields.message = TextField(root, "message");
  IfObject(root, "details", [&](const Json& details) {
    const std::int64_t seconds = IntegerField(details, "retryAfterSeconds");
    if (seconds > 0) fields.retry_after = std::chrono::seconds(seconds);
  });
  return fields;
}

base::ErrorCode CodeOf(int status, std::string_view reason) {
  using base::ErrorCode;
  switch (status) {
    case 401:
      return ErrorCode::kUnauthorized;
    case 403:
      return ErrorCode::kForbidden;
    case 404:
      return ErrorCode::kNotFound;
    case 408:
      return ErrorCode::kTimeout;
    case 409:
      return reason == "AlreadyExists" ? ErrorCode::kAlreadyExists : ErrorCode::kConflict;
    case 410:
      return ErrorCode::kGone;
    case 429:
      return ErrorCode::kTooManyRequests;
    default:
      break;
  }
  if (status >= 400 && status < 500) return ErrorCode::kInvalid;
  return status >= 500 && status < 600 ? ErrorCode::kUnavailable : ErrorCode::kProtocol;
}

// A date would need a clock; whoever sends one gets the shortest wait.
std::optional<std::chrono::seconds> ParseRetryAfter(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && seconds >= 0;
  return std::chrono::seconds(is_number ? seconds : 1);
}

// One line of whatever a proxy has answered.
std::string Excerpt(std::string_view body) {
  std::string line;
  for (const char c : body.substr(0, 200)) {
    line += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return line;
}

base::Error MakeStatusError(int status, StatusFields fields) {
  base::Error error;
  error.code = CodeOf(status, fields.reason);
  error.reason = std::move(fields.reason);
  error.message = fields.message.substr(0, kMaxMessage);
  error.retry_after = fields.retry_after;
  if (error.code == base::ErrorCode::kForbidden &&
      error.message.find("exceeded quota") != std::string::npos) {
    error.reason = "QuotaExceeded";
  }
  return error;
}

}  // namespace

base::Error ErrorFromResponse(int status, std::string_view body, std::string_view retry_after) {
  StatusFields fields = ReadStatus(body);
  const std::string number = std::to_string(status);
  if (fields.reason.empty()) fields.reason = "Http" + number;
  if (fields.message.empty()) {
    fields.message = "HTTP " + number + (fields.is_status ? "" : ": " + Excerpt(body));
  }
  if (const auto wait = ParseRetryAfter(retry_after)) fields.retry_after = wait;
  return MakeStatusError(status, std::move(fields));
}

base::Error ErrorFromStatusObject(std::string_view status_json) {
  StatusFields fields = ReadStatus(status_json);
  if (!fields.is_status) {
    return base::MakeError(base::ErrorCode::kProtocol, "InvalidStatus",
                           "an ERROR event holds no Status: " + Excerpt(status_json));
  }
  // The code is what counts, but some servers have left it out.
  const bool gone = fields.reason == "Expired" || fields.reason == "Gone";
  const int code = fields.code != 0 ? fields.code : gone ? 410 : 500;
  return MakeStatusError(code, std::move(fields));
}

}  // namespace kube
