// Streams of a peer that does as it is told: time-outs, ends, cancelling, back-pressure.

#include <vector>

#include "tests/integration/conformance/harness.h"
#include "tests/integration/conformance/recording_sink.h"

namespace transport {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

constexpr char kChunkedHead[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string Chunk(const std::string& bytes) {
  char size[20];
  std::snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

Request Watch(milliseconds total = milliseconds(10'000), milliseconds idle = milliseconds(10'000)) {
  Request request = Get("/watch", total);
  request.idle_timeout = idle;
  return request;
}

// Sends lines for as long as they are taken.
void StreamForever(PeerConnection& connection) {
  if (!connection.ReadRequest() || !connection.Write(kChunkedHead)) return;
  const std::string chunk = Chunk(std::string(1'000, 'x') + "\n");
  while (connection.Write(chunk)) {
  }
}

class StreamTest : public ::testing::Test {
 protected:
  // Starts a stream against a peer that runs `script` and leaves its end to the test.
  void Start(MisbehavingPeer::Script script, const Request& request) {
    peer_.emplace(TrustedPeer(), std::move(script));
    transport_ = MakeOrFail(ConfigFor(*peer_));
    ASSERT_NE(transport_, nullptr);
    handle_ = transport_->Stream(request, sink_);
  }
  ErrorCode EndCode() {
    EXPECT_TRUE(sink_->WaitForEnd());
    return sink_->end().ok() ? ErrorCode::kInternal : sink_->end().error().code;
  }
  void TearDown() override {
    transport_.reset();
    EXPECT_EQ(sink_->ends(), 1) << "the end is told exactly once";
  }

  std::optional<MisbehavingPeer> peer_;
  std::unique_ptr<Transport> transport_;
  const std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
  std::shared_ptr<StreamHandle> handle_;
};

TEST_F(StreamTest, ArrivesWhateverTheChunkBoundaries) {
  const std::string line = R"({"type":"ADDED","object":{}})"
                           "\n";
  Start(
      [&](PeerConnection& connection) {
        if (!connection.ReadRequest()) return;
        std::string bytes = kChunkedHead;
        for (std::size_t size = 1; size < line.size(); ++size) {
          bytes += Chunk(line.substr(0, size)) + Chunk(line.substr(size));
        }
        connection.WriteInPieces(bytes + "0\r\n\r\n", 7);
        connection.WaitForClose(std::chrono::seconds(5));
      },
      Watch());
  ASSERT_TRUE(sink_->WaitForEnd());
  EXPECT_TRUE(sink_->end().ok()) << sink_->end().error().message;
  EXPECT_EQ(sink_->heads(), 1);
  EXPECT_EQ(sink_->status(), 200);
  std::string wanted;
  for (std::size_t i = 1; i < line.size(); ++i) wanted += line;
  EXPECT_EQ(sink_->text(), wanted);
}

TEST_F(StreamTest, ArrivesWithoutBeingAskedForMore) {
  std::atomic<bool> go{false};
  Start(
      [&](PeerConnection& connection) {
        if (!connection.ReadRequest()) return;
        connection.Write(std::string(kChunkedHead) + Chunk("first\n"));
        Eventually([&] { return go.load(); });
        connection.Write(Chunk("second\n") + "0\r\n\r\n");
        connection.WaitForClose(std::chrono::seconds(5));
      },
      Watch());
  ASSERT_TRUE(sink_->WaitForText("first\n")) << "before the second is sent";
  go = true;
  ASSERT_TRUE(sink_->WaitForEnd());
  EXPECT_EQ(sink_->text(), "first\nsecond\n");
}

TEST_F(StreamTest, AnAnswerThatIsNoStreamIsDeliveredAsOne) {
  Start(
      [](PeerConnection& connection) {
        if (connection.ReadRequest()) connection.Write(Answer(410, R"({"kind":"Status"})"));
        connection.WaitForClose(std::chrono::seconds(5));
      },
      Watch());
  ASSERT_TRUE(sink_->WaitForEnd());
  EXPECT_TRUE(sink_->end().ok());
  EXPECT_EQ(sink_->status(), 410);
  EXPECT_EQ(sink_->text(), R"({"kind":"Status"})");
}

TEST_F(StreamTest, AnEndInTheMiddleOfAChunkIsAnError) {
  Start(
      [](PeerConnection& connection) {
        if (!connection.ReadRequest()) return;
        connection.Write(std::string(kChunkedHead) + "A\r\nhalf");
        connection.Finish();
        connection.WaitForClose(std::chrono::seconds(5));
      },
      Watch());
  EXPECT_EQ(EndCode(), ErrorCode::kConnection);
  EXPECT_THAT(sink_->end().error().message, ::testing::HasSubstr("broke off"));
}

TEST_F(StreamTest, ThatIsSilentBeforeItsHeadEndsWithTheTotalTimeOut) {
  Start([](PeerConnection& c) { c.ReadRequest(), c.WaitForClose(std::chrono::seconds(20)); },
        Watch(milliseconds(200)));
  EXPECT_EQ(EndCode(), ErrorCode::kTimeout);
  EXPECT_EQ(sink_->heads(), 0);
}

TEST_F(StreamTest, ThatFallsSilentEndsWithTheIdleTimeOut) {
  Start(
      [](PeerConnection& connection) {
        if (!connection.ReadRequest()) return;
        connection.Write(std::string(kChunkedHead) + Chunk("a\n"));
        connection.WaitForClose(std::chrono::seconds(20));
      },
      Watch(milliseconds(10'000), milliseconds(200)));
  EXPECT_EQ(EndCode(), ErrorCode::kTimeout);
  EXPECT_THAT(sink_->end().error().message, ::testing::HasSubstr("nothing came for 200 ms"));
  EXPECT_EQ(sink_->text(), "a\n");
}

TEST_F(StreamTest, ThatIsAliveOutlivesItsTotalTimeOut) {
  Start(
      [](PeerConnection& connection) {
        if (!connection.ReadRequest()) return;
        connection.Write(kChunkedHead);
        for (int i = 0; i < 20; ++i) {
          connection.Write(Chunk("x"));
          std::this_thread::sleep_for(milliseconds(50));
        }
        connection.Write("0\r\n\r\n");
        connection.WaitForClose(std::chrono::seconds(5));
      },
      Watch(milliseconds(300), milliseconds(800)));
  ASSERT_TRUE(sink_->WaitForEnd());
  EXPECT_TRUE(sink_->end().ok()) << sink_->end().error().message;
  EXPECT_EQ(sink_->bytes(), 20u);
}

TEST_F(StreamTest, ACancelEndsItAndClosesItsConnection) {
  Start(StreamForever, Watch());
  ASSERT_TRUE(sink_->WaitForBytes(10'000));
  handle_->Cancel();
  handle_->Cancel();
  EXPECT_EQ(EndCode(), ErrorCode::kCancelled);
  EXPECT_TRUE(Eventually([&] { return peer_->open_connections() == 0; }));
  EXPECT_EQ(transport_->stats().open_connections, 0u);
}

TEST_F(StreamTest, GoesOnWhenItsHandleIsDropped) {
  Start(StreamForever, Watch());
  handle_.reset();
  EXPECT_TRUE(sink_->WaitForBytes(100'000));
}

TEST_F(StreamTest, AHandleMayOutliveTheTransport) {
  Start(StreamForever, Watch());
  ASSERT_TRUE(sink_->WaitForBytes(1'000));
  transport_.reset();
  EXPECT_EQ(EndCode(), ErrorCode::kCancelled);
  handle_->Resume();
  handle_->Cancel();
}

TEST_F(StreamTest, ASinkThatTakesNothingStopsTheReading) {
  std::atomic<std::size_t> written{0};
  sink_->Take(false);
  sink_->OnlyCount();
  Start(
      [&](PeerConnection& connection) {
        if (!connection.ReadRequest() || !connection.Write(kChunkedHead)) return;
        const std::string chunk = Chunk(std::string(64 << 10, 'x'));
        while (written < (256u << 20) && connection.Write(chunk)) written += 64 << 10;
        connection.Write("0\r\n\r\n");
        connection.WaitForClose(std::chrono::seconds(20));
      },
      Watch(milliseconds(10'000), milliseconds(300)));
  ASSERT_TRUE(sink_->WaitForBytes(1));
  std::this_thread::sleep_for(milliseconds(1'000));
  // One read; the rest waits in the buffers of the kernel. The silence is ours, so the idle
  // time-out does not count it.
  EXPECT_LE(sink_->bytes(), 32u << 10);
  EXPECT_LT(written, 32u << 20);
  EXPECT_EQ(sink_->ends(), 0);
  sink_->Take(true);
  handle_->Resume();
  ASSERT_TRUE(sink_->WaitForEnd());
  EXPECT_TRUE(sink_->end().ok()) << sink_->end().error().message;
  EXPECT_EQ(sink_->bytes(), 256u << 20);
}

TEST_F(StreamTest, ASinkThatStopsAgainAndAgainLosesNothing) {
  std::string wanted;
  for (int i = 0; i < 3'000; ++i) wanted += "line " + std::to_string(i) + "\n";
  sink_->Take(false);
  Start(
      [&](PeerConnection& connection) {
        if (!connection.ReadRequest()) return;
        connection.Write(kChunkedHead);
        for (std::size_t at = 0; at < wanted.size(); at += 17) {
          connection.Write(Chunk(wanted.substr(at, 17)));
        }
        connection.Write("0\r\n\r\n");
        connection.WaitForClose(std::chrono::seconds(20));
      },
      Watch());
  EXPECT_TRUE(Eventually([&] {
    handle_->Resume();
    return sink_->ends() > 0;
  }));
  EXPECT_EQ(sink_->text(), wanted);
}

// How far a stream has come when it is cancelled.
enum class Phase { kJustStarted, kConnecting, kSomeDeliver, kAllDeliver };

// Starts `count` streams and cancels them from two threads; returns how many had brought bytes.
int StartAndCancel(Transport& transport, Phase phase, std::size_t count) {
  std::vector<std::shared_ptr<RecordingSink>> sinks;
  std::vector<std::shared_ptr<StreamHandle>> handles;
  for (std::size_t i = 0; i < count; ++i) {
    sinks.push_back(std::make_shared<RecordingSink>());
    sinks.back()->OnlyCount();
    handles.push_back(transport.Stream(Watch(), sinks.back()));
  }
  if (phase == Phase::kConnecting) std::this_thread::sleep_for(milliseconds(1));
  if (phase == Phase::kSomeDeliver) {
    EXPECT_TRUE(sinks.front()->WaitForBytes(1));
  }
  for (std::size_t i = 0; phase == Phase::kAllDeliver && i < count; ++i) {
    EXPECT_TRUE(sinks[i]->WaitForBytes(1));
  }
  const auto cancel_from = [&](std::size_t first) {
    for (std::size_t i = first; i < count; i += 2) handles[i]->Cancel();
  };
  std::thread other(cancel_from, 1);
  cancel_from(0);
  other.join();
  int delivered = 0;
  for (const auto& sink : sinks) {
    EXPECT_TRUE(sink->WaitForEnd());
    EXPECT_THAT(sink->end(), IsError(ErrorCode::kCancelled, "cancelled"));
    delivered += sink->bytes() > 0 ? 1 : 0;
  }
  return delivered;
}

TEST(CancelStorm, ThousandsOfStreamsAreCancelledInEveryPhase) {
  const MisbehavingPeer peer(TrustedPeer(), StreamForever);
  const auto transport = MakeOrFail(ConfigFor(peer));
  ASSERT_NE(transport, nullptr);
  int delivered = 0;
  for (int i = 0; i < 50; ++i) {
    for (const Phase phase :
         {Phase::kJustStarted, Phase::kConnecting, Phase::kSomeDeliver, Phase::kAllDeliver}) {
      delivered += StartAndCancel(*transport, phase, 20);
      ASSERT_FALSE(HasFailure());
    }
  }
  EXPECT_GT(delivered, 1'000) << "of 4000";
  EXPECT_EQ(transport->stats().open_connections, 0u);
}

}  // namespace
}  // namespace transport
