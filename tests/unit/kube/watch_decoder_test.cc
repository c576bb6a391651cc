#include "operator/kube/watch_decoder.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/kube/pod_text.h"

namespace kube {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kMaxLine = 64 << 10;

std::string Event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

std::string Stream() {
  return Event("ADDED", ServingPodJson("m3-0")) + Event("MODIFIED", ServingPodJson("m3-0")) +
         Event("DELETED", ServingPodJson("m3-1")) +
         Event("BOOKMARK",
               R"({"kind":"Pod","metadata":{"resourceVersion":"900","creationTimestamp":null,)"
               R"("annotations":{"k8s.io/initial-events-end":"true"}}})") +
         Event("ERROR", R"({"kind":"Status","message":"too old","reason":"Expired","code":410})");
}

struct Fed {
  base::Status status;
  std::vector<WatchEvent> events;
  bool at_boundary = false;
};

Fed FeedInPieces(const std::string& bytes, std::size_t piece, std::size_t first) {
  Fed fed;
  WatchDecoder decoder(PodDecoder({}), kMaxLine);
  const auto sink = [&](WatchEvent event) { fed.events.push_back(std::move(event)); };
  for (std::size_t at = 0, size = first; at < bytes.size() && fed.status;
       at += size, size = piece) {
    fed.status = decoder.Feed(std::string_view(bytes).substr(at, at == 0 ? first : piece), sink);
  }
  fed.at_boundary = decoder.at_boundary();
  return fed;
}

void ExpectAllEvents(const Fed& fed) {
  ASSERT_TRUE(fed.status.ok()) << fed.status.error().message;
  ASSERT_EQ(fed.events.size(), 5u);
  EXPECT_TRUE(fed.at_boundary);
  EXPECT_EQ(fed.events[0].type, EventType::kAdded);
  EXPECT_EQ(fed.events[0].object->meta.name, "m3-0");
  EXPECT_EQ(fed.events[0].resource_version, "184467");
  EXPECT_EQ(fed.events[1].type, EventType::kModified);
  EXPECT_EQ(fed.events[2].type, EventType::kDeleted);
  EXPECT_EQ(fed.events[2].object->meta.name, "m3-1");
  EXPECT_EQ(fed.events[3].type, EventType::kBookmark);
  EXPECT_EQ(fed.events[3].resource_version, "900");
  EXPECT_TRUE(fed.events[3].initial_events_end);
  EXPECT_EQ(fed.events[3].object, nullptr);
  EXPECT_EQ(fed.events[4].type, EventType::kError);
  EXPECT_EQ(fed.events[4].error.code, base::ErrorCode::kGone);
}

TEST(WatchDecoder, ReadsAStreamAtOnce) {
  const std::string stream = Stream();
  ExpectAllEvents(FeedInPieces(stream, stream.size(), stream.size()));
}

TEST(WatchDecoder, ReadsAStreamByteByByte) { ExpectAllEvents(FeedInPieces(Stream(), 1, 1)); }

TEST(WatchDecoder, ReadsAStreamThatIsSplitAtAnyByte) {
  const std::string stream = Stream();
  for (std::size_t split = 1; split < stream.size(); ++split) {
    ExpectAllEvents(FeedInPieces(stream, stream.size(), split));
    if (HasFatalFailure()) FAIL() << "split at " << split;
  }
}

TEST(WatchDecoder, ABookmarkMaySayNothingButAVersion) {
  const auto fed = FeedInPieces(Event("BOOKMARK", R"({"metadata":{"resourceVersion":"5"}})"), 9, 9);
  ASSERT_EQ(fed.events.size(), 1u);
  EXPECT_FALSE(fed.events[0].initial_events_end);
}

TEST(WatchDecoder, KnowsWhetherAHalfEventIsLeft) {
  const std::string event = Event("BOOKMARK", R"({"metadata":{"resourceVersion":"5"}})");
  EXPECT_TRUE(FeedInPieces(event, event.size(), event.size()).at_boundary);
  EXPECT_FALSE(FeedInPieces(event.substr(0, event.size() - 1), 9, 9).at_boundary);
}

TEST(WatchDecoder, SkipsEmptyLines) {
  const auto fed = FeedInPieces(
      "\n\r\n \n" + Event("BOOKMARK", R"({"metadata":{"resourceVersion":"5"}})"), 3, 3);
  EXPECT_TRUE(fed.status.ok());
  EXPECT_EQ(fed.events.size(), 1u);
}

TEST(WatchDecoder, AStreamThatCannotBeTrustedIsGivenUp) {
  const std::pair<std::string, const char*> kCases[] = {
      {"<html>\n", "unreadable"},
      {"{\"type\":\"ADDED\"}\n", "no object"},
      {Event("RESTARTED", R"({"metadata":{}})"), "its type is \"RESTARTED\""},
      {"{\"type\":\"ADDED\",\"object\":{}\n", "not JSON"},
      {Event("BOOKMARK", R"({"metadata":{}})"), "no resourceVersion"},
  };
  for (const auto& [line, message] : kCases) {
    const auto fed = FeedInPieces(line, line.size(), line.size());
    ASSERT_FALSE(fed.status.ok()) << line;
    EXPECT_EQ(fed.status.error().code, base::ErrorCode::kProtocol);
    EXPECT_THAT(fed.status.error().message, HasSubstr(message));
  }
}

// What one tenant stores may not end the watch of all.
TEST(WatchDecoder, AnObjectThatCannotBeReadIsItsOwnTroubleOnly) {
  const std::string deep = std::string(20'000, '[') + std::string(20'000, ']');
  const std::string odd = R"({"metadata":{"name":"odd","uid":"v","resourceVersion":"2"},"spec":)";
  const struct {
    const char* what;
    std::string object;
    EventType type;
    const char* error;
  } kCases[] = {
      {"a number that was stored as a float", odd + "18446744073709552000}", EventType::kModified,
       ""},
      {"half a surrogate", odd + R"("\ud800"})", EventType::kModified, ""},
      {"any depth", odd + deep + "}", EventType::kModified, "field \"spec\" cannot be read"},
      {"any size", odd + '"' + std::string(3 * kMaxLine, 'x') + "\"}", EventType::kModified,
       "larger than 65536 bytes"},
      {"no UID", R"({"metadata":{"name":"p"}})", EventType::kSkipped, ""},
      {"no object at all", "3", EventType::kSkipped, ""},
  };
  for (const auto& c : kCases) {
    const std::string stream = Event("ADDED", ServingPodJson("m3-0")) +
                               Event("MODIFIED", c.object) + Event("ADDED", ServingPodJson("m3-1"));
    for (const std::size_t piece : {std::size_t{1000}, stream.size()}) {
      const auto fed = FeedInPieces(stream, piece, piece);
      ASSERT_TRUE(fed.status.ok()) << c.what << ": " << fed.status.error().message;
      ASSERT_EQ(fed.events.size(), 3u) << c.what;
      EXPECT_TRUE(fed.at_boundary) << c.what;
      EXPECT_EQ(fed.events[2].object->meta.name, "m3-1") << c.what;
      ASSERT_EQ(fed.events[1].type, c.type) << c.what;
      if (c.type == EventType::kSkipped) continue;
      EXPECT_EQ(fed.events[1].resource_version, "2") << c.what;
      EXPECT_THAT(fed.events[1].object->meta.decode_error.get(), HasSubstr(c.error)) << c.what;
    }
  }
}

TEST(WatchDecoder, MemoryOfALineIsBoundedWhetherItEndsOrNot) {
  const auto endless = FeedInPieces("{\"type\":\"" + std::string(9 * kMaxLine, 'x'), 1000, 1000);
  EXPECT_TRUE(endless.status.ok()) << "the caller's timer ends it";
  EXPECT_TRUE(endless.events.empty());
  EXPECT_FALSE(endless.at_boundary);
  EXPECT_FALSE(FeedInPieces(std::string(kMaxLine + 1, 'x') + "\n", 1000, 1000).status.ok());
}

TEST(WatchDecoder, EventsBeforeABadLineAreDelivered) {
  const auto fed = FeedInPieces(Event("ADDED", ServingPodJson("m3-0")) + "junk\n", 7, 7);
  EXPECT_FALSE(fed.status.ok());
  EXPECT_EQ(fed.events.size(), 1u);
}

}  // namespace
}  // namespace kube
