// What a transport may take of connections, memory and time, however much is asked of it.

#include <vector>

#include "tests/integration/conformance/harness.h"

namespace transport {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

// Counts answers by kind.
struct Tally {
  std::atomic<int> right{0}, refused{0}, timed_out{0}, other{0};

  Transport::Callback Count() {
    return [this](base::Result<Response> answer) {
      if (answer.ok()) {
        ++right;
      } else if (answer.error().code == ErrorCode::kTooManyRequests) {
        ++refused;
      } else if (answer.error().code == ErrorCode::kTimeout) {
        ++timed_out;
      } else {
        ++other;
      }
    };
  }
  int all() const { return right + refused + timed_out + other; }
};

TEST(Bound, OfConnectionsHoldsAndTheRestWaitsItsTurn) {
  const MisbehavingPeer peer(TrustedPeer(), [](PeerConnection& connection) {
    while (connection.ReadRequest()) {
      std::this_thread::sleep_for(milliseconds(2));
      connection.Write(Answer(200, "{}"));
    }
  });
  BackendOptions options;
  options.max_connections = 4;
  const auto transport = MakeOrFail(ConfigFor(peer), options);
  ASSERT_NE(transport, nullptr);
  Tally tally;
  for (int i = 0; i < 200; ++i) transport->Send(Post("/x", "{}"), tally.Count());
  EXPECT_TRUE(Eventually([&] { return tally.all() == 200; }, std::chrono::seconds(60)));
  EXPECT_EQ(tally.right, 200);
  EXPECT_EQ(peer.connections(), 4);
  EXPECT_EQ(transport->stats().open_connections, 4u);
  EXPECT_EQ(transport->stats().connects_total, 4u);
  EXPECT_EQ(transport->stats().requests_total, 200u);
}

TEST(Bound, OfTheQueueRefusesWhatIsTooMuch) {
  const MisbehavingPeer peer(TrustedPeer(), [](PeerConnection& connection) {
    connection.ReadRequest();
    connection.WaitForClose(std::chrono::seconds(30));
  });
  BackendOptions options;
  options.max_connections = 2;
  options.max_queued_requests = 10;
  auto transport = MakeOrFail(ConfigFor(peer), options);
  ASSERT_NE(transport, nullptr);
  Tally tally;
  for (int i = 0; i < 100; ++i) transport->Send(Post("/x", "{}"), tally.Count());
  EXPECT_TRUE(Eventually([&] { return tally.all() == 88; }));
  EXPECT_EQ(tally.refused, 88);
  transport.reset();
  EXPECT_EQ(tally.other, 12) << "cancelled";
}

TEST(Bound, OfTimeHoldsInTheQueueToo) {
  const MisbehavingPeer peer(TrustedPeer(), [](PeerConnection& connection) {
    while (connection.ReadRequest()) {
      std::this_thread::sleep_for(milliseconds(400));
      connection.Write(Answer(200, "{}"));
    }
  });
  BackendOptions options;
  options.max_connections = 1;
  const auto transport = MakeOrFail(ConfigFor(peer), options);
  ASSERT_NE(transport, nullptr);
  Tally first, waiting;
  transport->Send(Post("/x", "{}"), first.Count());
  std::atomic<int> known{0};
  for (int i = 0; i < 10; ++i) {
    transport->Send(Post("/x", "{}", milliseconds(100)), [&](base::Result<Response> answer) {
      if (!answer.ok() && !answer.error().outcome_unknown) ++known;
      waiting.Count()(std::move(answer));
    });
  }
  EXPECT_TRUE(Eventually([&] { return waiting.timed_out == 10 && first.right == 1; }));
  EXPECT_EQ(known, 10) << "what was never sent has no unknown outcome";
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "{}"))
      << "the queue is empty again";
  EXPECT_EQ(peer.requests(), 2);
}

TEST(Bound, OfIdleTimeClosesConnections) {
  const MisbehavingPeer peer(TrustedPeer(), AlwaysAnswer("{}"));
  BackendOptions options;
  options.keep_alive = milliseconds(100);
  const auto transport = MakeOrFail(ConfigFor(peer), options);
  ASSERT_NE(transport, nullptr);
  ASSERT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "{}"));
  EXPECT_EQ(transport->stats().open_connections, 1u);
  EXPECT_TRUE(Eventually([&] { return transport->stats().open_connections == 0; }));
  EXPECT_TRUE(Eventually([&] { return peer.open_connections() == 0; }));
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "{}"));
}

TEST(Bound, AnAnswerBeforeTheRequestIsWrittenIsTaken) {
  const MisbehavingPeer peer(TrustedPeer(), [](PeerConnection& connection) {
    // Has seen nothing but the TLS handshake.
    connection.Write(Answer(413, "too large", "Connection: close\r\n"));
    connection.WaitForClose(std::chrono::seconds(10));
  });
  const auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(SendAndWait(*transport, Post("/x", std::string(32 << 20, 'x'))),
              IsAnswer(413, "too large"));
}

// An answer that nobody has asked for must not become the answer to the next request.
TEST(Bound, WhatAPeerSendsBeyondItsAnswerEndsTheConnection) {
  const MisbehavingPeer peer(TrustedPeer(), [](PeerConnection& connection) {
    while (connection.ReadRequest()) connection.Write(Answer(200, "right") + Answer(200, "wrong"));
  });
  const auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  for (int i = 0; i < 50; ++i) {
    ASSERT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "right"));
  }
  EXPECT_EQ(peer.connections(), 50);
}

}  // namespace
}  // namespace transport
