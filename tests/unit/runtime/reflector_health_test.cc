#include "operator/runtime/reflector_health.h"

#include <gmock/gmock.h>

#include "operator/observability/log.h"
#include "operator/runtime/pumped_loop.h"
#include "operator/runtime/reflector_state.h"

namespace runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

base::Error Failure(base::ErrorCode code, const std::string& reason, const std::string& message) {
  return base::MakeError(code, reason, message);
}

int Count(const std::string& log, const std::string& text) {
  int lines = 0;
  for (std::size_t at = log.find(text); at != log.npos; at = log.find(text, at + 1)) ++lines;
  return lines;
}

class ReflectorHealthTest : public ::testing::Test {
 protected:
  void SetUp() override {
    CaptureStderr();
    observability::InitLog(observability::LogFormat::kText, observability::Level::kInfo);
  }
  // What was logged; ends the log.
  static std::string Log() {
    observability::ShutdownLog();
    return GetCapturedStderr();
  }

  base::ManualClock clock_{base::SystemTime{}};
  observability::Metrics metrics_;
  ObjectStore store_;
  const std::shared_ptr<PumpedLoop> loop_ = std::make_shared<PumpedLoop>(clock_);
  const std::shared_ptr<ReflectorHealth> health_ = std::make_shared<ReflectorHealth>(
      kube::kNodes, std::chrono::seconds(5), loop_, clock_, metrics_, store_);
};

TEST_F(ReflectorHealthTest, ATroubleIsLoggedOnceAMinuteNotPerRetry) {
  for (int second = 0; second < 150; second += 5) {
    health_->Failed("watch", Failure(base::ErrorCode::kForbidden, "Forbidden", "forbidden: no"));
    health_->Failed("list", Failure(base::ErrorCode::kUnavailable, "Http502", "HTTP 502"));
    clock_.Advance(std::chrono::seconds(5));
  }
  health_->Answered();
  health_->Answered();
  const std::string log = Log();
  EXPECT_EQ(Count(log, "watch failed, retrying: forbidden: no"), 3);
  EXPECT_EQ(Count(log, "list failed, retrying: HTTP 502"), 3);
  EXPECT_EQ(Count(log, "watched again"), 1);
}

TEST_F(ReflectorHealthTest, ATroubleHasTheWordsOfTheServer) {
  const struct {
    const char* what;
    base::Error error;
    const char* words;
  } kCases[] = {
      {"a refusal", Failure(base::ErrorCode::kForbidden, "Forbidden", "nodes is forbidden: no"),
       "nodes is forbidden: no"},
      {"a resource that is not installed",
       Failure(base::ErrorCode::kNotFound, kNotServed, "HTTP 404: 404 page not found"),
       "the API server does not serve nodes (v1): install its CustomResourceDefinition"},
      {"a proxy that knows no such page",
       Failure(base::ErrorCode::kNotFound, "Http404", "HTTP 404: <html>"), "HTTP 404: <html>"},
      {"a Status without a message", Failure(base::ErrorCode::kUnavailable, "Timeout", ""),
       "an answer without a message"},
  };
  for (const auto& c : kCases) {
    health_->Failed("list", c.error);
    EXPECT_THAT(store_.trouble(), HasSubstr(c.words)) << c.what;
  }
  Log();
}

TEST_F(ReflectorHealthTest, AResourceThatNeedNotBeThereIsToldOnceAndSoIsItsComing) {
  health_->ExpectAnswer();
  health_->Failed("list", Failure(base::ErrorCode::kUnavailable, "Http503", "HTTP 503"));
  store_.Replace({}, kNotServed);
  for (int i = 0; i < 3; ++i) health_->NotServed();
  EXPECT_TRUE(store_.live());
  health_->Answered();
  health_->Answered();
  const std::string log = Log();
  EXPECT_EQ(Count(log, "not served by the API server"), 1) << log;
  EXPECT_EQ(Count(log, "served and watched now"), 1) << log;
}

TEST_F(ReflectorHealthTest, NoAnswerAtAllIsATroubleToo) {
  store_.Replace({}, "1");
  EXPECT_TRUE(store_.live());
  health_->ExpectAnswer();
  clock_.Advance(std::chrono::milliseconds(4'999));
  EXPECT_FALSE(loop_->RunOne());
  EXPECT_TRUE(store_.live());
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(loop_->RunOne());
  EXPECT_EQ(store_.trouble(), "the API server does not answer the watch of nodes");
  health_->Answered();
  EXPECT_TRUE(store_.live());
  Log();
}

}  // namespace
}  // namespace runtime
