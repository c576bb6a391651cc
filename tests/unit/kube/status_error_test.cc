#include "operator/kube/status_error.h"

#include <chrono>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kube {
namespace {

using base::ErrorCode;
using ::testing::HasSubstr;

std::string StatusJson(const std::string& reason, const std::string& message, int code) {
  return R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":")" +
         message + R"(","reason":")" + reason + R"(","code":)" + std::to_string(code) + "}";
}

TEST(ErrorFromResponse, TellsTheKindsOfFailureApart) {
  struct Case {
    const char* sentence;
    int status;
    const char* reason;
    ErrorCode code;
    bool retryable;
  };
  const Case kCases[] = {
      {"the request is wrong", 400, "BadRequest", ErrorCode::kInvalid, false},
      {"the object is wrong", 422, "Invalid", ErrorCode::kInvalid, false},
      {"the object is too large", 413, "RequestEntityTooLarge", ErrorCode::kInvalid, false},
      {"the token is not accepted", 401, "Unauthorized", ErrorCode::kUnauthorized, false},
      {"RBAC says no", 403, "Forbidden", ErrorCode::kForbidden, false},
      {"there is none", 404, "NotFound", ErrorCode::kNotFound, false},
      {"the name is taken", 409, "AlreadyExists", ErrorCode::kAlreadyExists, false},
      {"a precondition does not hold", 409, "Conflict", ErrorCode::kConflict, true},
      {"the version is too old", 410, "Expired", ErrorCode::kGone, false},
      {"too many requests", 429, "TooManyRequests", ErrorCode::kTooManyRequests, true},
      {"etcd is away", 500, "InternalError", ErrorCode::kUnavailable, true},
      {"the server is starting", 503, "ServiceUnavailable", ErrorCode::kUnavailable, true},
      {"it took too long", 504, "Timeout", ErrorCode::kUnavailable, true},
      {"a redirect, which the API has none of", 302, "", ErrorCode::kProtocol, false},
  };
  for (const Case& c : kCases) {
    const auto error = ErrorFromResponse(c.status, StatusJson(c.reason, c.sentence, c.status), "");
    EXPECT_EQ(error.code, c.code) << c.sentence;
    EXPECT_EQ(error.retryable(), c.retryable) << c.sentence;
    EXPECT_EQ(error.message, c.sentence);
    EXPECT_EQ(error.reason, *c.reason == '\0' ? "Http302" : c.reason);
  }
}

TEST(ErrorFromResponse, AQuotaRefusalHasAReasonOfItsOwn) {
  const auto error = ErrorFromResponse(
      403,
      StatusJson("Forbidden", "pods m3-0 is forbidden: exceeded quota: gpus, requested: 8", 403),
      "");
  EXPECT_EQ(error.code, ErrorCode::kForbidden);
  EXPECT_EQ(error.reason, "QuotaExceeded");
}

TEST(ErrorFromResponse, AnythingThatIsNoStatusIsQuotedInOneShortLine) {
  const auto error =
      ErrorFromResponse(502, "<html>\n<h1>Bad Gateway</h1>" + std::string(1000, 'x'), "");
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.reason, "Http502");
  EXPECT_THAT(error.message, HasSubstr("HTTP 502: <html> <h1>Bad Gateway</h1>"));
  EXPECT_LT(error.message.size(), 300u);
  // The answer to a path that no API group serves: not the same as an object that is not there.
  EXPECT_EQ(ErrorFromResponse(404, "404 page not found\n", "").reason, "Http404");
}

TEST(ErrorFromResponse, ReadsHowLongToWait) {
  const std::string body =
      R"({"kind":"Status","reason":"TooManyRequests","details":{"retryAfterSeconds":7},"code":429})";
  struct Case {
    const char* header;
    std::optional<int> seconds;
  };
  const Case kCases[] = {{"", 7},   {"3", 3}, {"0", 0}, {"Wed, 21 Oct 2026 07:28:00 GMT", 1},
                         {"-5", 1}, {"9x", 1}};
  for (const Case& c : kCases) {
    const auto error = ErrorFromResponse(429, body, c.header);
    ASSERT_TRUE(error.retry_after.has_value()) << c.header;
    EXPECT_EQ(error.retry_after->count(), *c.seconds) << c.header;
  }
  EXPECT_FALSE(ErrorFromResponse(429, "{}", "").retry_after.has_value());
}

TEST(ErrorFromStatusObject, ReadsTheStatusOfAWatch) {
  const auto gone =
      ErrorFromStatusObject(StatusJson("Expired", "too old resource version: 1 (2)", 410));
  EXPECT_EQ(gone.code, ErrorCode::kGone);
  EXPECT_EQ(gone.message, "too old resource version: 1 (2)");
  EXPECT_EQ(ErrorFromStatusObject(R"({"kind":"Status","reason":"Expired"})").code, ErrorCode::kGone)
      << "no code";
  EXPECT_EQ(ErrorFromStatusObject(R"({"kind":"Status"})").code, ErrorCode::kUnavailable);
  EXPECT_EQ(ErrorFromStatusObject(R"({"kind":"Pod"})").code, ErrorCode::kProtocol);
}

}  // namespace
}  // namespace kube
