// Answers that are odd but right, answers that are wrong, and peers that fall silent or away.

#include <vector>

#include "tests/integration/conformance/harness.h"

namespace transport {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

// Reads one request, answers with `bytes` and ends the connection properly.
MisbehavingPeer::Script Once(const std::string& bytes) {
  return [bytes](PeerConnection& connection) {
    if (!connection.ReadRequest()) return;
    connection.Write(bytes);
    connection.Finish();
    connection.WaitForClose(std::chrono::seconds(5));
  };
}

TEST(OddAnswers, AreRead) {
  struct Case {
    const char* sentence;
    std::string bytes;
    int status;
    std::string body;
  };
  const Case kCases[] = {
      {"an answer in chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
       "chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
       200, "abc0123456789"},
      {"chunks without a body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       200, ""},
      {"an answer that ends with the connection", "HTTP/1.0 200 OK\r\n\r\nabc", 200, "abc"},
      {"an answer without a reason", "HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\n{}", 404, "{}"},
      {"an answer that has no body", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"an empty body", "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", 500, ""},
      {"a redirect, which is not followed",
       "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 302, ""},
      {"bytes of every kind",
       "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + std::string("\0\r\n\xFF", 4), 200,
       std::string("\0\r\n\xFF", 4)},
  };
  for (const Case& c : kCases) {
    const MisbehavingPeer peer(TrustedPeer(), Once(c.bytes));
    EXPECT_THAT(SendTo(peer, Get("/x")), IsAnswer(c.status, c.body)) << c.sentence;
    EXPECT_EQ(peer.requests(), 1) << c.sentence;
  }
}

TEST(OddAnswers, MayArriveByteByByte) {
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: "
      "b\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
  const MisbehavingPeer peer(TrustedPeer(), [&](PeerConnection& connection) {
    if (!connection.ReadRequest()) return;
    connection.WriteInPieces(bytes, 1);
    connection.WaitForClose(std::chrono::seconds(5));
  });
  const auto answer = SendTo(peer, Get("/x"));
  ASSERT_THAT(answer, IsAnswer(200, "abcd"));
  EXPECT_EQ(answer->Header("x-a"), "b");
}

TEST(OddAnswers, InformationalOnesAreSkipped) {
  const MisbehavingPeer peer(
      TrustedPeer(),
      Once("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" +
           Answer(200, "{}")));
  const auto answer = SendTo(peer, Get("/x"));
  if (Traits().skips_informational) {
    EXPECT_THAT(answer, IsAnswer(200, "{}"));
  } else {
    EXPECT_THAT(answer, IsError(ErrorCode::kProtocol, "informational"));
  }
}

TEST(OddAnswers, ABodyOfMegabytesIsReadInFull) {
  const std::string body(8 << 20, 'x');
  const MisbehavingPeer peer(TrustedPeer(), Once(Answer(200, body)));
  EXPECT_THAT(SendTo(peer, Get("/x")), IsAnswer(200, body));
}

TEST(WrongAnswers, AreErrorsAndSayWhy) {
  struct Case {
    const char* sentence;
    std::string bytes;
  };
  const Case kCases[] = {
      {"nothing", ""},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-Le"},
      {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
      {"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\nabc"},
      {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
      {"a chunk without a size",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n"},
      {"something else than HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
  };
  for (const Case& c : kCases) {
    const MisbehavingPeer peer(TrustedPeer(), Once(c.bytes));
    const auto answer = SendTo(peer, Post("/x", "{}"));
    ASSERT_FALSE(answer.ok()) << c.sentence;
    const base::Error& error = answer.error();
    EXPECT_TRUE(error.code == ErrorCode::kConnection || error.code == ErrorCode::kProtocol)
        << c.sentence << ": " << error.message;
    EXPECT_THAT(error.message, ::testing::StartsWith("POST 127.0.0.1:")) << c.sentence;
    EXPECT_TRUE(error.outcome_unknown) << c.sentence;
    EXPECT_EQ(peer.requests(), 1) << c.sentence;
  }
}

TEST(WrongAnswers, AReadHasNoUnknownOutcome) {
  const MisbehavingPeer peer(TrustedPeer(), Once(""));
  const auto answer = SendTo(peer, Get("/x"));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kConnection);
  EXPECT_FALSE(answer.error().outcome_unknown);
}

TEST(WrongAnswers, AConnectionThatIsResetIsAnError) {
  const MisbehavingPeer peer(TrustedPeer(), [](PeerConnection& connection) {
    if (!connection.ReadRequest()) return;
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    connection.Abort();
  });
  EXPECT_THAT(SendTo(peer, Get("/x")), IsError(ErrorCode::kConnection, ""));
}

TEST(WrongAnswers, ABodyOverTheBoundIsCutOff) {
  const std::string huge = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const bool in_chunks : {false, true}) {
    const MisbehavingPeer peer(TrustedPeer(), [&](PeerConnection& connection) {
      if (!connection.ReadRequest()) return;
      const std::string piece =
          (in_chunks ? "100000\r\n" : "") + std::string(1 << 20, 'x') + (in_chunks ? "\r\n" : "");
      bool taken = connection.Write(in_chunks ? chunked : huge);
      for (int i = 0; i < 200 && taken; ++i) taken = connection.Write(piece);
    });
    EXPECT_THAT(SendTo(peer, Get("/x")),
                IsError(ErrorCode::kTooLarge, "larger than 67108864 bytes"));
  }
}

TEST(WrongAnswers, AHeadOverTheBoundIsCutOff) {
  if (!Traits().bounds_heads) GTEST_SKIP() << Traits().name << " takes heads of any size";
  for (const bool in_one_field : {false, true}) {
    const MisbehavingPeer peer(TrustedPeer(), [&](PeerConnection& connection) {
      if (!connection.ReadRequest()) return;
      bool taken = connection.Write("HTTP/1.1 200 OK\r\nX-Long: ");
      for (int i = 0; i < 100'000 && taken; ++i) {
        taken = connection.Write(in_one_field ? std::string(50, 'x') : "y\r\nX-More: ");
      }
    });
    EXPECT_THAT(SendTo(peer, Get("/x")), IsError(ErrorCode::kTooLarge, "head of the answer"));
  }
}

TEST(Silence, EndsWithTheTotalTimeOut) {
  struct Case {
    const char* sentence;
    const char* bytes;
  };
  const Case kCases[] = {{"no answer at all", ""},
                         {"half a head", "HTTP/1.1 200 OK\r\nConte"},
                         {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}};
  for (const Case& c : kCases) {
    const MisbehavingPeer peer(TrustedPeer(), [&](PeerConnection& connection) {
      if (!connection.ReadRequest()) return;
      connection.Write(c.bytes);
      connection.WaitForClose(std::chrono::seconds(30));
    });
    const auto start = std::chrono::steady_clock::now();
    const auto answer = SendTo(peer, Post("/x", "{}", milliseconds(300)));
    const auto took = std::chrono::steady_clock::now() - start;
    ASSERT_THAT(answer, IsError(ErrorCode::kTimeout, "")) << c.sentence;
    EXPECT_TRUE(answer.error().outcome_unknown) << c.sentence;
    EXPECT_GE(took, milliseconds(290)) << c.sentence;
    EXPECT_LT(took, milliseconds(5'000)) << c.sentence;
    EXPECT_TRUE(Eventually([&] { return peer.open_connections() == 0; })) << "it is closed";
  }
}

TEST(Silence, ADripOfBytesDoesNotPutTheTimeOutOff) {
  const MisbehavingPeer peer(TrustedPeer(), [](PeerConnection& connection) {
    if (!connection.ReadRequest()) return;
    connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (connection.Write("1\r\nx\r\n")) std::this_thread::sleep_for(milliseconds(20));
  });
  EXPECT_THAT(SendTo(peer, Get("/x", milliseconds(300))), IsError(ErrorCode::kTimeout, ""));
}

TEST(Silence, APeerThatAcceptsAndSaysNothingIsNotTakenForAConnection) {
  PeerOptions options;
  options.tls = false;
  const MisbehavingPeer peer(options, [](PeerConnection& connection) {
    connection.WaitForClose(std::chrono::seconds(30));
  });
  BackendOptions backend;
  backend.connect_timeout = milliseconds(200);
  const auto transport = MakeOrFail(ConfigFor(peer), backend);
  ASSERT_NE(transport, nullptr);
  const auto answer = SendAndWait(*transport, Post("/x", "{}", milliseconds(1'000)));
  ASSERT_FALSE(answer.ok());
  EXPECT_TRUE(answer.error().code == ErrorCode::kConnection ||
              answer.error().code == ErrorCode::kTimeout)
      << answer.error().message;
}

TEST(NoConnection, ARefusedOneNamesTheAddress) {
  kube::ClusterConfig config;
  {
    const MisbehavingPeer peer(TrustedPeer(), AlwaysAnswer("{}"));
    config = ConfigFor(peer);
  }
  const auto transport = MakeOrFail(config);
  ASSERT_NE(transport, nullptr);
  const auto answer = SendAndWait(*transport, Post("/x", "{}"));
  EXPECT_THAT(answer, IsError(ErrorCode::kConnection, "127.0.0.1:" + config.port));
  EXPECT_THAT(answer, IsError(ErrorCode::kConnection, "refused"));
  ASSERT_FALSE(answer.ok());
  EXPECT_FALSE(answer.error().outcome_unknown);
}

TEST(NoConnection, ANameThatDoesNotExistIsAnError) {
  kube::ClusterConfig config;
  config.host = "no-such-host.invalid";
  config.ca_pem = Authority().ca_pem();
  const auto transport = MakeOrFail(config);
  ASSERT_NE(transport, nullptr);
  const auto answer = SendAndWait(*transport, Post("/x", "{}"));
  EXPECT_THAT(answer, IsError(ErrorCode::kConnection, "no-such-host.invalid"));
  ASSERT_FALSE(answer.ok());
  EXPECT_FALSE(answer.error().outcome_unknown);
}

TEST(Requests, ArriveAsTheyWereMeant) {
  std::string seen;
  std::mutex mutex;
  const MisbehavingPeer peer(TrustedPeer(), [&](PeerConnection& connection) {
    while (const auto request = connection.ReadRequest()) {
      std::lock_guard lock(mutex);
      seen = *request;
      connection.Write(Answer(200, "{}"));
    }
  });
  kube::ClusterConfig config = ConfigFor(peer);
  config.path_prefix = "/k8s/clusters/c-1";
  config.token = "secret";
  const auto transport = MakeOrFail(config);
  ASSERT_NE(transport, nullptr);
  Request request = Post("/apis/x?labelSelector=a%2Fb%3Dc%20d&force=true", R"({"a":"ä"})");
  request.method = Method::kPatch;
  request.headers = {{"Content-Type", "application/apply-patch+yaml"},
                     {"Accept", "application/json"}};
  ASSERT_THAT(SendAndWait(*transport, request), IsAnswer(200, "{}"));
  std::lock_guard lock(mutex);
  EXPECT_THAT(
      seen,
      ::testing::StartsWith(
          "PATCH /k8s/clusters/c-1/apis/x?labelSelector=a%2Fb%3Dc%20d&force=true HTTP/1.1\r\n"));
  EXPECT_THAT(seen, ::testing::HasSubstr("Authorization: Bearer secret\r\n"));
  EXPECT_THAT(seen, ::testing::HasSubstr("Content-Type: application/apply-patch+yaml\r\n"));
  EXPECT_THAT(seen, ::testing::HasSubstr("Accept: application/json\r\n"));
  EXPECT_THAT(seen, ::testing::HasSubstr("Content-Length: 10\r\n"));
  EXPECT_THAT(seen, ::testing::EndsWith("\r\n\r\n{\"a\":\"\xC3\xA4\"}"));
}

TEST(Requests, ThatCouldSmuggleALineAreNotSent) {
  const MisbehavingPeer peer(TrustedPeer(), AlwaysAnswer("{}"));
  Request bad_target = Get("/x HTTP/1.1\r\nX: y");
  Request bad_header = Get("/x");
  bad_header.headers.emplace_back("X", "a\r\nY: b");
  for (const Request& request : {bad_target, bad_header, Get("no-slash")}) {
    EXPECT_THAT(SendTo(peer, request), IsError(ErrorCode::kInvalid, ""));
  }
  EXPECT_EQ(peer.requests(), 0);
}

TEST(Closing, ATransportThatIsDestroyedEndsWhatIsUnderWay) {
  const MisbehavingPeer peer(TrustedPeer(), [](PeerConnection& connection) {
    connection.ReadRequest();
    connection.WaitForClose(std::chrono::seconds(30));
  });
  std::atomic<int> cancelled{0};
  auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  for (int i = 0; i < 5; ++i) {
    transport->Send(Post("/x", "{}"), [&](base::Result<Response> answer) {
      if (!answer.ok() && answer.error().code == ErrorCode::kCancelled) ++cancelled;
    });
  }
  EXPECT_TRUE(Eventually([&] { return peer.requests() > 0; }));
  transport.reset();
  EXPECT_EQ(cancelled, 5);
}

}  // namespace
}  // namespace transport
