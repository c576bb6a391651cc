#include "operator/runtime/api_request.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "operator/runtime/timings.h"
#include "tests/unit/runtime/fake_transport.h"

namespace runtime {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::Pair;

WriteRequest Pod(Verb verb) {
  WriteRequest write;
  write.verb = verb;
  write.resource = kube::kPods;
  write.key = {"serving", "p-0"};
  write.body = R"({"kind":"Pod"})";
  return write;
}

TEST(MakeWrite, HasOneFormPerVerb) {
  struct Case {
    const char* what;
    WriteRequest write;
    transport::Method method;
    const char* target;
    const char* content_type;
  };
  WriteRequest status = Pod(Verb::kApply);
  status.subresource = "status";
  status.force = true;
  const Case cases[] = {
      {"a create is a POST on the collection", Pod(Verb::kCreate), transport::Method::kPost,
       "/api/v1/namespaces/serving/"
       "pods?timeout=12s&fieldManager=disagg-operator&fieldValidation=Strict",
       "application/json"},
      {"a dry run changes nothing", Pod(Verb::kDryRunCreate), transport::Method::kPost,
       "/api/v1/namespaces/serving/"
       "pods?timeout=12s&fieldManager=disagg-operator&fieldValidation=Strict"
       "&dryRun=All",
       "application/json"},
      {"an apply is a PATCH of the object", Pod(Verb::kApply), transport::Method::kPatch,
       "/api/v1/namespaces/serving/pods/p-0?timeout=12s&fieldManager=disagg-operator"
       "&fieldValidation=Strict",
       "application/apply-patch+yaml"},
      {"a forced apply of the status", status, transport::Method::kPatch,
       "/api/v1/namespaces/serving/pods/p-0/status?timeout=12s&fieldManager=disagg-operator"
       "&fieldValidation=Strict&force=true",
       "application/apply-patch+yaml"},
      {"a delete has options as its body", Pod(Verb::kDelete), transport::Method::kDelete,
       "/api/v1/namespaces/serving/pods/p-0?timeout=12s", "application/json"},
  };
  for (const Case& c : cases) {
    const transport::Request request = MakeWrite(c.write, "disagg-operator");
    EXPECT_EQ(request.method, c.method) << c.what;
    EXPECT_EQ(request.target, c.target) << c.what;
    EXPECT_THAT(request.headers, Contains(Pair("Content-Type", c.content_type))) << c.what;
    EXPECT_LT(request.total_timeout, kWriteMargin) << c.what;
    EXPECT_GT(request.total_timeout, kServerWriteTimeout) << c.what;
  }
}

TEST(MakeWrite, ADeleteCarriesItsPreconditionsAndGracePeriod) {
  WriteRequest write = Pod(Verb::kDelete);
  EXPECT_EQ(json::parse(MakeWrite(write, "m").body),
            json::parse(
                R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background"})"));
  write.precondition_uid = "u1";
  write.precondition_version = "17";
  write.grace_seconds = 0;
  const json options = json::parse(MakeWrite(write, "m").body);
  EXPECT_EQ(options["preconditions"], json::parse(R"({"uid":"u1","resourceVersion":"17"})"));
  EXPECT_EQ(options["gracePeriodSeconds"], 0);
}

constexpr char kPodAnswer[] =
    R"({"kind":"Pod","metadata":{"name":"p-0","uid":"u1","resourceVersion":"17",
  "ownerReferences":[{"uid":"o1"},{"uid":"o2","controller":true}]}})";

TEST(ReadWriteAnswer, TellsWhatTheWriteMade) {
  const auto result = ReadWriteAnswer(Json(201, kPodAnswer), Verb::kCreate);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->uid, "u1");
  EXPECT_EQ(result->resource_version, "17");
  EXPECT_EQ(result->controller_uid, "o2");
  EXPECT_FALSE(result->gone);
}

TEST(ReadWriteAnswer, TellsADeletedObjectFromOneThatIsEnding) {
  struct Case {
    const char* what;
    std::string body;
    bool gone;
  };
  const Case cases[] = {
      {"a Status: removed at once",
       R"({"kind":"Status","status":"Success","details":{"uid":"u1"}})", true},
      {"the object as it last was: removed at once", kPodAnswer, true},
      {"an object within its grace period: still there",
       R"({"kind":"Pod","metadata":{"uid":"u1","resourceVersion":"18",
           "deletionTimestamp":"2026-11-24T10:00:00Z","deletionGracePeriodSeconds":30}})",
       false},
      {"an object that a finalizer holds: still there",
       R"({"kind":"Pod","metadata":{"uid":"u1","resourceVersion":"18","finalizers":["a/b"],
           "deletionTimestamp":"2026-11-24T10:00:00Z","deletionGracePeriodSeconds":0}})",
       false},
      {"a pod that was never bound: its last state, removed at once",
       R"({"kind":"Pod","metadata":{"uid":"u1","resourceVersion":"18",
           "deletionTimestamp":"2026-11-24T10:00:00Z","deletionGracePeriodSeconds":0}})",
       true},
  };
  for (const Case& c : cases) {
    const auto result = ReadWriteAnswer(Json(200, c.body), Verb::kDelete);
    ASSERT_TRUE(result) << c.what;
    EXPECT_EQ(result->gone, c.gone) << c.what;
  }
}

TEST(ReadWriteAnswer, SaysWhereTheOutcomeIsUnknown) {
  struct Case {
    const char* what;
    base::Result<transport::Response> answer;
    base::ErrorCode code;
    bool unknown;
  };
  base::Error lost = base::MakeError(base::ErrorCode::kConnection, "Reset", "reset");
  lost.outcome_unknown = true;
  const Case cases[] = {
      {"a refusal was not carried out", Refusal(422, "Invalid"), base::ErrorCode::kInvalid, false},
      {"a name that exists", Refusal(409, "AlreadyExists"), base::ErrorCode::kAlreadyExists, false},
      {"a precondition that failed", Refusal(409, "Conflict"), base::ErrorCode::kConflict, false},
      {"a throttled one was not", Refusal(429, "TooManyRequests"),
       base::ErrorCode::kTooManyRequests, false},
      {"a time-out behind the server may have been", Refusal(504, "Timeout"),
       base::ErrorCode::kUnavailable, true},
      {"one that does not fit into etcd was not",
       Refusal(500, "InternalError", "etcdserver: request is too large"),
       base::ErrorCode::kTooLarge, false},
      {"what the transport says stays", lost, base::ErrorCode::kConnection, true},
      {"a success that is not JSON", Json(200, "<html>"), base::ErrorCode::kProtocol, true},
  };
  for (const Case& c : cases) {
    const auto result = ReadWriteAnswer(c.answer, Verb::kCreate);
    ASSERT_FALSE(result) << c.what;
    EXPECT_EQ(result.error().outcome_unknown, c.unknown) << c.what;
    if (result.error().code != base::ErrorCode::kTimeout) {
      EXPECT_EQ(result.error().code, c.code) << c.what;
    }
  }
}

TEST(ReadWriteAnswer, ADryRunNeedsNoObjectInItsAnswer) {
  for (const char* body : {"{}", R"({"metadata":{}})", R"({"kind":"Status"})"}) {
    EXPECT_TRUE(ReadWriteAnswer(transport::Response{201, {}, body}, Verb::kDryRunCreate)) << body;
  }
}

TEST(ReadWriteAnswer, WhatDoesNotFitIsNotSentAgainSoon) {
  const auto result = ReadWriteAnswer(
      Refusal(500, "InternalError", "etcdserver: request is too large"), Verb::kCreate);
  EXPECT_TRUE(result.error().retryable());
  EXPECT_EQ(result.error().retry_after, kTooLargeRetry);
}

}  // namespace
}  // namespace runtime
