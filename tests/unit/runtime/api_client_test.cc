#include "operator/runtime/api_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "operator/base/clock.h"
#include "tests/unit/runtime/fake_transport.h"

namespace runtime {
namespace {

using base::ErrorCode;

class Gate : public WriteGate {
 public:
  bool MayWrite() const override { return open; }
  std::atomic<bool> open{true};
};

std::string Object(const std::string& name) {
  return R"({"kind":"Pod","metadata":{"name":")" + name + R"(","uid":"u-)" + name +
         R"(","resourceVersion":"5"}})";
}

class ApiClientTest : public ::testing::Test {
 protected:
  static WriteRequest Create(const std::string& name) {
    WriteRequest write;
    write.resource = kube::kPods;
    write.key = {"serving", name};
    write.body = Object(name);
    return write;
  }

  std::unique_ptr<ApiClient> Client(FakeTransport& transport, int max_writes = 4) {
    ApiClientOptions options;
    options.max_in_flight_writes = max_writes;
    options.clock = &clock_;
    options.metrics = &metrics_;
    return std::make_unique<ApiClient>(transport, &gate_, options);
  }

  static FakeTransport::Answer Echo(const transport::Request& request) {
    if (request.method == transport::Method::kGet) return Json(200, Object("a"));
    return Json(201, request.body);
  }

  base::ManualClock clock_{base::SystemTime{}};
  observability::Metrics metrics_;
  Gate gate_;
};

TEST_F(ApiClientTest, ReadsAnObject) {
  FakeTransport transport([](const transport::Request& request) -> FakeTransport::Answer {
    EXPECT_EQ(request.target, "/api/v1/namespaces/serving/pods/a");
    return Json(200, Object("a"));
  });
  const auto body = Client(transport)->Get(kube::kPods, {"serving", "a"});
  ASSERT_TRUE(body);
  EXPECT_EQ(*body, Object("a"));
}

TEST_F(ApiClientTest, WhatIsNotTheObjectIsNoAnswerToAGet) {
  for (const std::string& answer : {std::string("<html>sign in</html>"), std::string("{}"),
                                    std::string(R"({"ok":true})"), Object("b")}) {
    FakeTransport transport(
        [&](const transport::Request&) -> FakeTransport::Answer { return Json(200, answer); });
    const auto body = Client(transport)->Get(kube::kPods, {"serving", "a"});
    ASSERT_FALSE(body) << answer;
    EXPECT_EQ(body.error().reason, "InvalidAnswer");
    EXPECT_TRUE(body.error().retryable()) << answer;
  }
}

TEST_F(ApiClientTest, AnswersInTheOrderOfTheRequests) {
  FakeTransport transport([](const transport::Request& request) -> FakeTransport::Answer {
    if (request.body == Object("b")) return Refusal(409, "AlreadyExists");
    return Json(201, request.body);
  });
  const auto results = Client(transport)->WriteAll({Create("a"), Create("b"), Create("c")});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0]->uid, "u-a");
  EXPECT_EQ(results[1].error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(results[2]->uid, "u-c");
}

TEST_F(ApiClientTest, KeepsWritesInFlightWithinTheBound) {
  FakeTransport transport(Echo);
  auto client = Client(transport, 3);
  transport.Hold();
  std::vector<std::jthread> callers;
  std::atomic<int> done{0};
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      WriteRequest write = Create("x");
      write.flow = std::to_string(i);
      for (const auto& result : client->WriteAll(std::vector<WriteRequest>(5, write))) {
        if (result) ++done;
      }
    });
  }
  transport.WaitForHeld(3);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(transport.most_held(), 3u);
  EXPECT_EQ(client->writes_in_flight(), 3);
  transport.Release();
  callers.clear();
  EXPECT_EQ(done, 20);
  EXPECT_EQ(client->writes_in_flight(), 0);
}

TEST_F(ApiClientTest, TwelveOwnersBehindASlowWebhookHoldUpNobodyElse) {
  const auto writes_of = [](const std::string& flow, const std::string& name) {
    WriteRequest write = Create(name);
    write.flow = flow;
    return std::vector<WriteRequest>(20, write);
  };
  FakeTransport transport(Echo);
  auto client = Client(transport, 64);
  transport.Hold([](const transport::Request& request) { return request.body == Object("slow"); });
  std::vector<std::jthread> owners;
  for (int i = 0; i < 12; ++i) {
    owners.emplace_back(
        [&, i] { (void)client->WriteAll(writes_of("a/" + std::to_string(i), "slow")); });
  }
  transport.WaitForHeld(32);  // half of all places; how many of the owners share them is chance
  auto healthy =
      std::async(std::launch::async, [&] { return client->WriteAll(writes_of("b/0", "fast")); });
  EXPECT_EQ(healthy.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  transport.Release();  // a failure must not leave the owners waiting
  for (const auto& result : healthy.get()) EXPECT_TRUE(result.ok());
}

TEST_F(ApiClientTest, ReadsAreNotHeldUpByWrites) {
  FakeTransport transport(Echo);
  auto client = Client(transport, 1);
  transport.Hold();
  std::jthread writer([&] { (void)client->Write(Create("a")); });
  transport.WaitForHeld(1);
  std::jthread reader([&] { (void)client->Get(kube::kPods, {"serving", "a"}); });
  transport.WaitForHeld(2);
  transport.Release();
}

TEST_F(ApiClientTest, SendsNoWriteWithoutTheLease) {
  FakeTransport transport(Echo);
  auto client = Client(transport);
  gate_.open = false;
  const auto result = client->Write(Create("a"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kFenced);
  EXPECT_FALSE(result.error().outcome_unknown);
  EXPECT_TRUE(client->Get(kube::kPods, {"serving", "a"}));
  EXPECT_EQ(transport.requests().size(), 1u);
  gate_.open = true;
  EXPECT_TRUE(client->Write(Create("a")));
}

TEST_F(ApiClientTest, LooksAtTheLeaseWhenTheBytesLeave) {
  FakeTransport transport(Echo);
  auto client = Client(transport);
  transport.Hold();
  auto write = std::async(std::launch::async, [&] { return client->Write(Create("a")); });
  transport.WaitForHeld(1);  // whatever was looked at before let it pass
  gate_.open = false;
  transport.Release();
  const auto result = write.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kFenced);
  EXPECT_FALSE(result.error().outcome_unknown);
}

TEST_F(ApiClientTest, WhatHasNotLeftAtTheShutdownNeverDoes) {
  FakeTransport transport(Echo);
  auto client = Client(transport);
  transport.Hold();
  auto write = std::async(std::launch::async, [&] { return client->Write(Create("a")); });
  transport.WaitForHeld(1);
  client->Shutdown();
  ASSERT_FALSE(write.get());
  const auto requests = transport.requests();
  ASSERT_EQ(requests.size(), 1u);
  client.reset();
  EXPECT_FALSE(requests[0].may_send()) << "and nobody asks a gate that may be gone";
}

TEST_F(ApiClientTest, SendsNothingOfItsFlowUntilRetryAfterHasPassed) {
  std::atomic<bool> busy{true};
  FakeTransport transport([&](const transport::Request& request) -> FakeTransport::Answer {
    if (!busy) return Echo(request);
    transport::Response response = Refusal(429, "TooManyRequests");
    response.headers.push_back({"Retry-After", "3"});
    return response;
  });
  auto client = Client(transport);
  WriteRequest other = Create("b");
  other.flow = "serving/other";
  EXPECT_EQ(client->Write(Create("a")).error().retry_after, std::chrono::seconds(3));
  busy = false;
  const auto refused = client->Write(Create("a"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooManyRequests);
  EXPECT_EQ(transport.requests().size(), 1u) << "the second was not sent";
  EXPECT_TRUE(client->Get(kube::kPods, {"serving", "a"})) << "reads are another flow";
  EXPECT_TRUE(client->Write(other)) << "and so is another owner";
  clock_.Advance(std::chrono::milliseconds(2500));
  EXPECT_EQ(client->Write(Create("a")).error().retry_after, std::chrono::seconds(1));
  clock_.Advance(std::chrono::milliseconds(500));
  EXPECT_TRUE(client->Write(Create("a")));
}

TEST_F(ApiClientTest, AProxyThatAsksForADayIsAskedAgainAfterAMinute) {
  std::atomic<bool> busy{true};
  FakeTransport transport([&](const transport::Request& request) -> FakeTransport::Answer {
    if (!busy) return Json(201, request.body);
    return transport::Response{429, {{"Retry-After", "86400"}}, "<html>slow down</html>"};
  });
  auto client = Client(transport);
  EXPECT_EQ(client->Write(Create("a")).error().retry_after, std::chrono::seconds(60));
  busy = false;
  clock_.Advance(std::chrono::seconds(60));
  EXPECT_TRUE(client->Write(Create("a")));
}

TEST_F(ApiClientTest, APauseStopsTheRestOfABatch) {
  FakeTransport transport([&](const transport::Request&) -> FakeTransport::Answer {
    transport::Response response = Refusal(429, "TooManyRequests");
    response.headers.push_back({"Retry-After", "1"});
    return response;
  });
  const auto results = Client(transport, 1)->WriteAll(std::vector<WriteRequest>(10, Create("a")));
  for (const auto& result : results) EXPECT_EQ(result.error().code, ErrorCode::kTooManyRequests);
  EXPECT_EQ(transport.requests().size(), 1u);
}

TEST_F(ApiClientTest, ShutdownEndsCallsThatWaitAndRefusesLaterOnes) {
  FakeTransport transport(Echo);
  auto client = Client(transport, 1);
  transport.Hold();
  auto sent = std::async(std::launch::async, [&] { return client->Write(Create("a")); });
  transport.WaitForHeld(1);
  auto waiting = std::async(std::launch::async, [&] { return client->Write(Create("b")); });
  client->Shutdown();
  const auto sent_result = sent.get();
  EXPECT_EQ(sent_result.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(sent_result.error().outcome_unknown);
  EXPECT_EQ(client->writes_in_flight(), 1) << "the server may still carry it out";
  const auto waiting_result = waiting.get();
  EXPECT_EQ(waiting_result.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(waiting_result.error().outcome_unknown);
  EXPECT_EQ(client->Get(kube::kPods, {"serving", "a"}).error().code, ErrorCode::kCancelled);
}

TEST_F(ApiClientTest, ALateAnswerFindsNobodyAndHarmsNothing) {
  FakeTransport transport(Echo);
  auto client = Client(transport, 1);
  transport.Hold();
  auto sent = std::async(std::launch::async, [&] { return client->Write(Create("a")); });
  transport.WaitForHeld(1);
  client->Shutdown();
  EXPECT_FALSE(sent.get());
  client.reset();
  transport.Release();
}

TEST_F(ApiClientTest, CountsWritesByResourceAndVerb) {
  FakeTransport transport(Echo);
  auto client = Client(transport);
  ASSERT_TRUE(client->Write(Create("a")));
  ASSERT_TRUE(client->Write(Create("b")));
  EXPECT_NE(metrics_.Text().find(R"(api_writes_total{resource="pods",verb="create"} 2)"),
            std::string::npos)
      << metrics_.Text();
}

}  // namespace
}  // namespace runtime
