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

TEST(ErrorFromResponse, OnlyAnAnswerAboutTheObjectIsFinal) {
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
      {"the token is not accepted", 401, "Unauthorized", ErrorCode::kUnauthorized, true},
      {"there is none", 404, "NotFound", ErrorCode::kNotFound, true},
      {"the verb is not served", 405, "MethodNotAllowed", ErrorCode::kProtocol, true},
      {"the request came too slowly", 408, "Timeout", ErrorCode::kTimeout, true},
      {"the name is taken", 409, "AlreadyExists", ErrorCode::kAlreadyExists, true},
      {"a precondition does not hold", 409, "Conflict", ErrorCode::kConflict, true},
      {"the version is too old", 410, "Expired", ErrorCode::kGone, true},
      {"the media type is not taken", 415, "UnsupportedMediaType", ErrorCode::kProtocol, true},
      {"too many requests", 429, "TooManyRequests", ErrorCode::kTooManyRequests, true},
      {"etcd is away", 500, "InternalError", ErrorCode::kUnavailable, true},
      {"a webhook cannot be called", 500, "InternalError", ErrorCode::kUnavailable, true},
      {"the server is starting", 503, "ServiceUnavailable", ErrorCode::kUnavailable, true},
      {"it took too long", 504, "Timeout", ErrorCode::kUnavailable, true},
      {"a redirect, which the API has none of", 302, "", ErrorCode::kProtocol, true},
  };
  for (const Case& c : kCases) {
    const auto error = ErrorFromResponse(c.status, StatusJson(c.reason, c.sentence, c.status), "");
    EXPECT_EQ(error.code, c.code) << c.sentence;
    EXPECT_EQ(error.retryable(), c.retryable) << c.sentence;
    EXPECT_EQ(error.reason, *c.reason == '\0' ? "Http302" : c.reason);
  }
}

TEST(ErrorFromResponse, TellsAdmissionFromAMissingRight) {
  struct Case {
    const char* sentence;
    int status;
    const char* message;
    ErrorCode code;
  };
  const Case kCases[] = {
      {"RBAC on a collection", 403,
       R"(pods is forbidden: User \"system:serviceaccount:a:b\" cannot create resource \"pods\" in API group \"\" in the namespace \"s\")",
       ErrorCode::kForbidden},
      {"RBAC whose role is gone", 403,
       R"(pods \"p\" is forbidden: User \"u\" cannot delete resource \"pods\" in API group \"\" in the namespace \"s\": RBAC: clusterrole.rbac.authorization.k8s.io \"x\" not found)",
       ErrorCode::kForbidden},
      {"a Role that grants more than we have", 403,
       R"(roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"u\" (groups=[]) is attempting to grant RBAC permissions not currently held)",
       ErrorCode::kForbidden},
      {"an owner that may not be blocked", 403,
       R"(pods \"p\" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>)",
       ErrorCode::kForbidden},
      {"a namespace that goes away", 403,
       R"(pods \"p\" is forbidden: unable to create new content in namespace s because it is being terminated)",
       ErrorCode::kForbidden},
      {"a ServiceAccount of a moment ago", 403,
       R"(pods \"p\" is forbidden: error looking up service account s/a: serviceaccount \"a\" not found)",
       ErrorCode::kForbidden},
      {"a used-up quota", 403,
       R"(pods \"p\" is forbidden: exceeded quota: gpus, requested: 8, used: 8, limited: 8)",
       ErrorCode::kForbidden},
      {"Pod Security", 403,
       R"(pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": hostPath volumes)",
       ErrorCode::kDenied},
      {"a LimitRange", 403,
       R"(pods \"p\" is forbidden: maximum cpu usage per Container is 1, but limit is 2)",
       ErrorCode::kDenied},
      {"a webhook that says 403", 403, R"(admission webhook \"w\" denied the request: no)",
       ErrorCode::kDenied},
      {"a webhook that says 400", 400, R"(admission webhook \"w\" denied the request: no)",
       ErrorCode::kDenied},
      {"a webhook that quotes RBAC", 403,
       R"(admission webhook \"w\" denied the request: User \"u\" cannot use this image)",
       ErrorCode::kDenied},
      {"a policy with the default number", 422,
       R"(pods \"p\" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no)",
       ErrorCode::kDenied},
      {"a policy that calls it Unauthorized", 401,
       R"(pods \"p\" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no)",
       ErrorCode::kDenied},
      {"a policy that calls it too large", 413,
       R"(pods \"p\" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no)",
       ErrorCode::kDenied},
      {"a webhook that failed inside", 500,
       R"(admission webhook \"w\" denied the request: no database)", ErrorCode::kUnavailable},
  };
  for (const Case& c : kCases) {
    const auto error =
        ErrorFromResponse(c.status, StatusJson("Forbidden", c.message, c.status), "");
    EXPECT_EQ(error.code, c.code) << c.sentence;
    EXPECT_EQ(error.retryable(), c.code != ErrorCode::kDenied) << c.sentence;
  }
}

TEST(ErrorFromResponse, WhatAProxySaysInHtmlIsNeverAboutTheObject) {
  for (const int status : {200, 301, 302, 400, 401, 403, 404, 405, 408, 409, 413, 418, 422, 429,
                           500, 502, 503, 504, 520}) {
    EXPECT_TRUE(ErrorFromResponse(status, "<html>no</html>", "").retryable()) << status;
  }
}

TEST(ErrorFromResponse, WhatDoesNotFitHasAReasonOfItsOwn) {
  const std::pair<int, const char*> kCases[] = {
      {500, "etcdserver: request is too large"},
      {500, "rpc error: trying to send message larger than max (2218765 vs. 2097152)"},
      {413, "Request entity too large: limit is 3145728"},
  };
  for (const auto& [status, message] : kCases) {
    const auto error = ErrorFromResponse(status, StatusJson("", message, status), "");
    EXPECT_EQ(error.code, ErrorCode::kTooLarge) << message;
    EXPECT_EQ(error.reason, "TooLarge") << message;
    EXPECT_EQ(error.message, message);
    EXPECT_TRUE(error.retryable()) << message;
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
  const Case kCases[] = {{"", 7},   {"3", 3},  {"0", 0},   {"Wed, 21 Oct 2026 07:28:00 GMT", 1},
                         {"-5", 1}, {"9x", 1}, {"60", 60}, {"86400", 60}};
  for (const Case& c : kCases) {
    const auto error = ErrorFromResponse(429, body, c.header);
    ASSERT_TRUE(error.retry_after.has_value()) << c.header;
    EXPECT_EQ(error.retry_after->count(), *c.seconds) << c.header;
  }
  EXPECT_FALSE(ErrorFromResponse(429, "{}", "").retry_after.has_value());
  const std::string day =
      R"({"kind":"Status","reason":"TooManyRequests","details":{"retryAfterSeconds":86400},"code":429})";
  EXPECT_EQ(ErrorFromResponse(429, day, "").retry_after, std::chrono::seconds(60));
}

// Messages go into the status of objects, which is JSON.
TEST(ErrorFromResponse, MessagesAreWholeCharacters) {
  const struct {
    const char* sentence;
    std::string body;
    std::string message;
  } kCases[] = {
      {"a page in UTF-8 is cut between characters", std::string(199, 'x') + "\u00fc and more",
       "HTTP 502: " + std::string(199, 'x')},
      {"a page in Latin-1", "Zugriff verweigert f\xfcr alle\x1b[31m\n",
       "HTTP 502: Zugriff verweigert f?r alle [31m "},
      {"compressed bytes", "\x1f\x8b\xff\xc3", "HTTP 502:  ???"},
      {"a long message of a Status",
       StatusJson("InternalError", std::string(2047, 'x') + "\u00fc", 502), std::string(2047, 'x')},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ErrorFromResponse(502, c.body, "").message, c.message) << c.sentence;
  }
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
