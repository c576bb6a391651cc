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
      {Event("ADDED", R"({"metadata":{"name":"p"}})"), "no metadata.uid"},
      {Event("BOOKMARK", R"({"metadata":{}})"), "no resourceVersion"},
      {Event("ADDED", "3"), "no metadata.name"},
  };
  for (const auto& [line, message] : kCases) {
    const auto fed = FeedInPieces(line, line.size(), line.size());
    ASSERT_FALSE(fed.status.ok()) << line;
    EXPECT_EQ(fed.status.error().code, base::ErrorCode::kProtocol);
    EXPECT_THAT(fed.status.error().message, HasSubstr(message));
  }
}

TEST(WatchDecoder, ALineIsBoundedWhetherItEndsOrNot) {
  for (const char* end : {"", "\n"}) {
    const auto fed = FeedInPieces(std::string(kMaxLine + 1, 'x') + end, 1000, 1000);
    ASSERT_FALSE(fed.status.ok());
    EXPECT_EQ(fed.status.error().code, base::ErrorCode::kTooLarge);
  }
}

TEST(WatchDecoder, EventsBeforeABadLineAreDelivered) {
  const auto fed = FeedInPieces(Event("ADDED", ServingPodJson("m3-0")) + "junk\n", 7, 7);
  EXPECT_FALSE(fed.status.ok());
  EXPECT_EQ(fed.events.size(), 1u);
}

}  // namespace
}  // namespace kube
