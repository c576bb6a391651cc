#include "operator/runtime/observed_transport.h"

#include <gmock/gmock.h>

#include <memory>

#include "tests/unit/runtime/fake_transport.h"

namespace runtime {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

transport::Request Get() {
  transport::Request request;
  request.total_timeout = seconds(10);
  return request;
}

TEST(ObservedTransport, CountsByAnswer) {
  base::ManualClock clock{base::SystemTime{}};
  observability::Metrics metrics;
  ObservedTransport transport(
      std::make_unique<FakeTransport>([](const transport::Request& request) {
        return request.target == "/lost" ? FakeTransport::Answer(base::MakeError(
                                               base::ErrorCode::kConnection, "Reset", "reset"))
                                         : FakeTransport::Answer(Json(200, "{}"));
      }),
      "api:443", clock, metrics);
  ASSERT_TRUE(transport::SendAndWait(transport, Get()));
  ASSERT_TRUE(transport::SendAndWait(transport, Get()));
  transport::Request lost = Get();
  lost.target = "/lost";
  ASSERT_FALSE(transport::SendAndWait(transport, lost));
  const std::string text = metrics.Text();
  EXPECT_THAT(text,
              HasSubstr(R"(rest_client_requests_total{code="200",host="api:443",method="GET"} 2)"));
  EXPECT_THAT(
      text,
      HasSubstr(R"(rest_client_requests_total{code="<error>",host="api:443",method="GET"} 1)"));
  EXPECT_THAT(
      text,
      HasSubstr(R"(rest_client_request_duration_seconds_count{host="api:443",verb="GET"} 3)"));
}

TEST(ObservedTransport, ShowsEachAnswerToTheServersClock) {
  base::ManualClock clock{base::SystemTime{}};
  observability::Metrics metrics;
  ServerClock server(clock);
  ObservedTransport transport(std::make_unique<FakeTransport>([](const transport::Request&) {
                                transport::Response answer = Json(200, "{}");
                                answer.headers.push_back({"Audit-Id", "a"});
                                answer.headers.push_back({"Date", "Sun, 06 Nov 1994 08:49:37 GMT"});
                                return answer;
                              }),
                              "api", clock, metrics, &server);
  ASSERT_TRUE(transport::SendAndWait(transport, Get()));
  EXPECT_EQ(base::FormatTime(
                std::chrono::floor<std::chrono::seconds>(server.Now()).time_since_epoch().count()),
            "1994-11-06T08:49:37Z");
}

TEST(ObservedTransport, NoticesAThreadThatNoLongerCallsBack) {
  base::ManualClock clock{base::SystemTime{}};
  observability::Metrics metrics;
  auto fake =
      std::make_unique<FakeTransport>([](const transport::Request&) { return Json(200, "{}"); });
  FakeTransport& inner = *fake;
  ObservedTransport transport(std::move(fake), "api", clock, metrics);
  EXPECT_LT(transport.overdue(), seconds(0)) << "nothing under way";
  inner.Hold();
  transport.Send(Get(), [](FakeTransport::Answer) {});
  EXPECT_EQ(transport.overdue(), seconds(-10));
  clock.Advance(seconds(30));
  EXPECT_EQ(transport.overdue(), seconds(20));
  inner.Release();
  ASSERT_TRUE(transport::SendAndWait(transport, Get()));
  EXPECT_LT(transport.overdue(), seconds(0));
}

}  // namespace
}  // namespace runtime
