// Request::may_send: what a process that no longer leads has in hand does not leave.

#include <atomic>
#include <future>

#include "tests/integration/conformance/harness.h"

namespace transport {
namespace {

using base::ErrorCode;

TEST(Fence, WhatMayNotBeSentDoesNotLeave) {
  for (const bool tls : {true, false}) {
    PeerOptions options = TrustedPeer();
    options.tls = tls;
    const MisbehavingPeer peer(options, AlwaysAnswer("{}"));
    const auto transport = MakeOrFail(ConfigFor(peer, tls));
    ASSERT_NE(transport, nullptr);
    Request request = Post("/x", "{}");
    request.may_send = [] { return false; };
    const auto answer = SendAndWait(*transport, request);
    EXPECT_THAT(answer, IsError(ErrorCode::kFenced, "not sent"));
    EXPECT_FALSE(answer.error().outcome_unknown);
    EXPECT_EQ(peer.requests(), 0);
    request.may_send = [] { return true; };
    EXPECT_THAT(SendAndWait(*transport, request), IsAnswer(200, "{}"));
  }
}

TEST(Fence, IsAskedAfterTheWaitForAConnection) {
  if (!Traits().fences_the_socket) GTEST_SKIP();
  std::atomic<bool> answer{false};
  const MisbehavingPeer peer(TrustedPeer(), [&](PeerConnection& connection) {
    while (connection.ReadRequest()) {
      Eventually([&] { return answer.load(); });
      connection.Write(Answer(200, "{}"));
    }
  });
  BackendOptions options;
  options.max_connections = 1;
  const auto transport = MakeOrFail(ConfigFor(peer), options);
  ASSERT_NE(transport, nullptr);
  transport->Send(Post("/first", "{}"), [](const base::Result<Response>&) {});
  ASSERT_TRUE(Eventually([&] { return peer.requests() == 1; }));
  std::atomic<bool> may{true};
  std::promise<base::Result<Response>> second;
  Request request = Post("/second", "{}");
  request.may_send = [&] { return may.load(); };
  transport->Send(request, [&](base::Result<Response> result) { second.set_value(result); });
  may = false;  // while it waits
  answer = true;
  EXPECT_THAT(second.get_future().get(), IsError(ErrorCode::kFenced, "/second"));
  EXPECT_EQ(peer.requests(), 1);
}

TEST(Fence, EndsARequestInItsMiddle) {
  if (!Traits().fences_the_socket) GTEST_SKIP();
  for (const bool tls : {true, false}) {
    PeerOptions options = TrustedPeer();
    options.tls = tls;
    std::atomic<bool> whole{false}, closed{false};
    const MisbehavingPeer peer(options, [&](PeerConnection& connection) {
      whole = connection.ReadRequest().has_value();
      closed = true;
    });
    const auto transport = MakeOrFail(ConfigFor(peer, tls));
    ASSERT_NE(transport, nullptr);
    std::atomic<int> asked{0};
    Request request = Post("/x", std::string(8 << 20, 'x'));
    request.may_send = [&] { return ++asked <= 3; };
    const auto result = SendAndWait(*transport, request);
    EXPECT_THAT(result, IsError(ErrorCode::kFenced, "not sent"));
    EXPECT_FALSE(result.error().outcome_unknown) << "nobody carries out half a request";
    EXPECT_TRUE(Eventually([&] { return closed.load(); }));
    EXPECT_FALSE(whole);
  }
}

// The socket has taken it whole, and the peer reads it when the sender has given it up.
TEST(Fence, ARequestThatWasGivenUpDoesNotArriveLater) {
  if (!Traits().fences_the_socket) GTEST_SKIP();
  for (const bool tls : {true, false}) {
    PeerOptions options = TrustedPeer();
    options.tls = tls;
    std::atomic<bool> given_up{false}, read{false}, whole{false};
    const MisbehavingPeer peer(options, [&](PeerConnection& connection) {
      Eventually([&] { return given_up.load(); });
      whole = connection.ReadRequest().has_value();
      read = true;
    });
    const auto transport = MakeOrFail(ConfigFor(peer, tls));
    ASSERT_NE(transport, nullptr);
    const auto answer = SendAndWait(
        *transport, Post("/x", std::string(600 << 10, 'x'), std::chrono::milliseconds(500)));
    EXPECT_THAT(answer, IsError(ErrorCode::kTimeout, ""));
    given_up = true;
    ASSERT_TRUE(Eventually([&] { return read.load(); }));
    EXPECT_FALSE(whole) << "tls " << tls;
  }
}

}  // namespace
}  // namespace transport
