#include "operator/runtime/watch_inbox.h"

#include <gtest/gtest.h>

namespace runtime {
namespace {

TEST(WatchInbox, AnnouncesOncePerTake) {
  int announced = 0;
  WatchInbox inbox(100, [&] { ++announced; });
  inbox.OnHead(200, {});
  inbox.OnData("abc");
  inbox.OnData("def");
  EXPECT_EQ(announced, 1);
  const auto delivery = inbox.Take();
  EXPECT_EQ(delivery.status, 200);
  EXPECT_EQ(delivery.bytes, "abcdef");
  EXPECT_FALSE(delivery.end);
  inbox.OnEnd({});
  EXPECT_EQ(announced, 2);
  EXPECT_TRUE(inbox.Take().end->ok());
}

TEST(WatchInbox, StopsReadingWhenFullUntilItWasEmptied) {
  WatchInbox inbox(5, [] {});
  EXPECT_TRUE(inbox.OnData("1234"));
  EXPECT_FALSE(inbox.OnData("5"));
  const auto full = inbox.Take();
  EXPECT_TRUE(full.paused);
  EXPECT_EQ(full.bytes, "12345");
  EXPECT_TRUE(inbox.OnData("6"));
  EXPECT_FALSE(inbox.Take().paused);
}

TEST(WatchInbox, KeepsTheHeadOfARefusal) {
  WatchInbox inbox(100, [] {});
  inbox.OnHead(429, {{"retry-after", "7"}});
  EXPECT_EQ(inbox.Take().status, 429);
  inbox.OnData("{}");
  const auto delivery = inbox.Take();
  EXPECT_EQ(delivery.status, 429);
  EXPECT_EQ(delivery.retry_after, "7");
}

}  // namespace
}  // namespace runtime
