// Connections that are used again, and what happens when the peer has closed one.

#include "tests/integration/conformance/harness.h"

namespace transport {
namespace {

using base::ErrorCode;

TEST(KeepAlive, ReadsShareAConnection) {
  const MisbehavingPeer peer(TrustedPeer(), AlwaysAnswer("{}"));
  const auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "{}"));
  }
  EXPECT_EQ(peer.connections(), 1);
  EXPECT_EQ(peer.requests(), 20);
}

TEST(KeepAlive, AConnectionThatIsSaidToCloseIsNotUsedAgain) {
  const MisbehavingPeer peer(TrustedPeer(), [](PeerConnection& connection) {
    if (connection.ReadRequest()) connection.Write(Answer(200, "{}", "Connection: close\r\n"));
    connection.WaitForClose(std::chrono::seconds(5));
  });
  const auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "{}"));
  }
  EXPECT_EQ(peer.connections(), 3);
}

// Answers `answers` requests of a connection, then reads one more and closes without a word: the
// server has carried it out and its answer was lost.
MisbehavingPeer::Script LoseTheAnswerAfter(int answers) {
  return [answers](PeerConnection& connection) {
    for (int i = 0; i < answers; ++i) {
      if (!connection.ReadRequest() || !connection.Write(Answer(200, "{}"))) return;
    }
    connection.ReadRequest();
    connection.Finish();
    connection.WaitForClose(std::chrono::seconds(5));
  };
}

TEST(KeepAlive, AWriteWhoseAnswerIsLostIsNeverSentTwice) {
  const MisbehavingPeer peer(TrustedPeer(), LoseTheAnswerAfter(2));
  const auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  ASSERT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "{}"));
  int sent = 1, lost = 0;
  for (const Method method : {Method::kPost, Method::kPut, Method::kPatch, Method::kDelete,
                              Method::kPost, Method::kPost, Method::kPost}) {
    Request request = Post("/x", "{}");
    request.method = method;
    const auto answer = SendAndWait(*transport, request);
    ++sent;
    if (answer.ok()) continue;
    ++lost;
    EXPECT_EQ(answer.error().code, ErrorCode::kConnection) << ToString(method);
    EXPECT_TRUE(answer.error().outcome_unknown) << ToString(method);
  }
  EXPECT_EQ(peer.requests(), sent) << "each was received once";
  EXPECT_TRUE(lost > 0 || peer.connections() == sent) << "a shared connection loses some";
}

TEST(KeepAlive, AReadThatAKeptConnectionHasLostIsSentOnceMore) {
  const MisbehavingPeer peer(TrustedPeer(), LoseTheAnswerAfter(1));
  const auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  ASSERT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "{}"));
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "{}"));
  EXPECT_EQ(peer.requests(), 3);
}

TEST(KeepAlive, AReadThatANewConnectionHasLostIsAnError) {
  const MisbehavingPeer peer(TrustedPeer(), LoseTheAnswerAfter(0));
  const auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(SendAndWait(*transport, Get("/x")), IsError(ErrorCode::kConnection, ""));
  EXPECT_EQ(peer.requests(), 1);
}

// With and without the farewell of TLS, and with a reset: what comes after an answer tells that the
// connection is over.
TEST(KeepAlive, AConnectionThatThePeerHasClosedMeanwhileHarmsNoWrite) {
  const std::function<void(PeerConnection&)> kFarewells[] = {
      [](PeerConnection& connection) { connection.Finish(); },
      [](PeerConnection&) {},  // the end of the script closes it abruptly
      [](PeerConnection& connection) { connection.Abort(); },
  };
  for (const auto& farewell : kFarewells) {
    const MisbehavingPeer peer(TrustedPeer(), [&](PeerConnection& connection) {
      if (!connection.ReadRequest() || !connection.Write(Answer(200, "{}"))) return;
      farewell(connection);
    });
    const auto transport = MakeOrFail(ConfigFor(peer));
    ASSERT_NE(transport, nullptr);
    for (int i = 0; i < 20; ++i) {
      ASSERT_THAT(SendAndWait(*transport, Get("/x")), IsAnswer(200, "{}"));
      ASSERT_TRUE(Eventually([&] { return peer.open_connections() == 0; }));
      ASSERT_THAT(SendAndWait(*transport, Post("/x", "{}")), IsAnswer(200, "{}"));
      ASSERT_TRUE(Eventually([&] { return peer.open_connections() == 0; }));
    }
  }
}

TEST(KeepAlive, ManyRequestsAtOnceAreAllAnswered) {
  const MisbehavingPeer peer(TrustedPeer(), AlwaysAnswer("{}"));
  const auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  constexpr int kRequests = 300;
  std::atomic<int> answered{0}, right{0};
  for (int i = 0; i < kRequests; ++i) {
    transport->Send(i % 10 == 0 ? Post("/x", "{}") : Get("/x"), [&](base::Result<Response> answer) {
      if (answer.ok() && answer->status == 200) ++right;
      ++answered;
    });
  }
  EXPECT_TRUE(Eventually([&] { return answered == kRequests; }, std::chrono::seconds(60)));
  EXPECT_EQ(right, kRequests);
  EXPECT_EQ(peer.requests(), kRequests);
}

}  // namespace
}  // namespace transport
