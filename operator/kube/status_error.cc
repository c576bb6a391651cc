#include "operator/kube/status_error.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "operator/base/parse_number.h"
#include "operator/base/text.h"
#include "operator/kube/json_fields.h"

namespace kube {
namespace {

using base::ErrorCode;

constexpr std::size_t kMaxMessage = 2048;
// Whoever asks for more (a proxy's "come back tomorrow") is asked again after this.
constexpr std::chrono::seconds kLongestWait{60};

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
    if (seconds > 0) {
      fields.retry_after = std::min(std::chrono::seconds(seconds), kLongestWait);
    }
  });
  return fields;
}

bool Mentions(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

// The words of k8s.io/apiserver: webhooks say "admission webhook W denied the request", policies
// "ValidatingAdmissionPolicy P with binding B denied request". Either chooses its number freely.
bool DeniedByWebhookOrPolicy(const StatusFields& fields) {
  return Mentions(fields.message, {"denied the request", "denied request"});
}

// A 403 that is not about the object: RBAC ("User U cannot create resource R"), what RBAC calls
// escalation, the right to block an owner's deletion, quotas, a namespace that is going away, an
// admission plugin whose cache does not know a new ServiceAccount yet or is not filled yet.
bool PassesByItself(const std::string& message) {
  const bool rbac = Mentions(message, {"User \""}) && Mentions(message, {" cannot "});
  return rbac ||
         Mentions(message,
                  {"is attempting to grant RBAC permissions", "cannot set blockOwnerDeletion",
                   "exceeded quota", "status unknown for quota", "it is being terminated",
                   "error looking up service account", "not yet ready to handle request"});
}

ErrorCode CodeOfClientError(int status, const StatusFields& fields) {
  switch (status) {
    case 400:
    case 422:
      return fields.is_status ? ErrorCode::kInvalid : ErrorCode::kProtocol;
    case 401:
      return ErrorCode::kUnauthorized;
    case 403:
      return fields.is_status && !PassesByItself(fields.message) ? ErrorCode::kDenied
                                                                 : ErrorCode::kForbidden;
    case 404:
      return ErrorCode::kNotFound;
    case 408:
      return ErrorCode::kTimeout;
    case 409:
      return fields.reason == "AlreadyExists" ? ErrorCode::kAlreadyExists : ErrorCode::kConflict;
    case 410:
      return ErrorCode::kGone;
    case 413:
      return ErrorCode::kTooLarge;
    case 429:
      return ErrorCode::kTooManyRequests;
    default:
      return ErrorCode::kProtocol;
  }
}

ErrorCode CodeOf(int status, const StatusFields& fields) {
  const bool free_number = status == 400 || status == 401 || status == 403 || status == 413;
  if ((free_number || status == 422) && DeniedByWebhookOrPolicy(fields)) return ErrorCode::kDenied;
  if (status >= 400 && status < 500) return CodeOfClientError(status, fields);
  if (status < 500 || status >= 600) return ErrorCode::kProtocol;
  // Of etcd, and of gRPC on the way to it.
  const bool too_large = Mentions(fields.message, {"request is too large", "larger than max"});
  return too_large ? ErrorCode::kTooLarge : ErrorCode::kUnavailable;
}

// A date would need a clock; whoever sends one gets the shortest wait.
std::optional<std::chrono::seconds> ParseRetryAfter(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const int seconds = base::ParseNumber<int>(text).value_or(-1);
  return std::min(std::chrono::seconds(seconds < 0 ? 1 : seconds), kLongestWait);
}

// One line of whatever a proxy has answered, in UTF-8: what is not becomes question marks, since
// this goes into the status of objects.
std::string Excerpt(std::string_view body) {
  std::string line(base::CutUtf8(body, 200));
  if (!simdjson::validate_utf8(line.data(), line.size())) {
    std::replace_if(
        line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
        '?');
  }
  return base::Printable(line);
}

base::Error MakeStatusError(int status, StatusFields fields) {
  base::Error error;
  error.code = CodeOf(status, fields);
  error.reason = std::move(fields.reason);
  error.message = base::CutUtf8(fields.message, kMaxMessage);
  error.retry_after = fields.retry_after;
  if (error.code == ErrorCode::kForbidden && Mentions(error.message, {"exceeded quota"})) {
    error.reason = "QuotaExceeded";
  }
  if (error.code == ErrorCode::kTooLarge) error.reason = "TooLarge";
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
    return base::MakeError(ErrorCode::kProtocol, "InvalidStatus",
                           "an ERROR event holds no Status: " + Excerpt(status_json));
  }
  // The code is what counts, but some servers have left it out.
  const bool gone = fields.reason == "Expired" || fields.reason == "Gone";
  const int code = fields.code != 0 ? fields.code : gone ? 410 : 500;
  return MakeStatusError(code, std::move(fields));
}

}  // namespace kube
