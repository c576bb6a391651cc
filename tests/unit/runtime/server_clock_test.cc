#include "operator/runtime/server_clock.h"

#include <gtest/gtest.h>

#include <string>

namespace runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ParseHttpDate, ReadsTheOneFormThatServersSend) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_EQ(ParseHttpDate("Thu, 29 Feb 2024 00:00:00 GMT"), 1709164800);
  for (const char* text : {"", "now", "1994-11-06T08:49:37Z", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 31 Feb 1994 08:49:37 GMT",
                           "Sun, xx Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(ParseHttpDate(text).has_value()) << text;
  }
}

// A server whose clock is ahead of ours.
class ServerClockTest : public ::testing::Test {
 protected:
  static std::string HttpDate(std::int64_t unix_seconds) {
    const auto time = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    gmtime_r(&time, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return text;
  }
  std::int64_t Ours() const { return clock_.Now().time_since_epoch().count(); }
  std::int64_t Error() const {
    return server_.Now().time_since_epoch().count() - (Ours() + ahead_);
  }

  // An answer in the middle of a round trip.
  void Answer(milliseconds round_trip, const char* audit_id = "a") {
    const base::SteadyTime sent = clock_.Steady();
    clock_.Advance(round_trip / 2);
    const std::string date = HttpDate((Ours() + ahead_) / 1000);
    clock_.Advance(round_trip - round_trip / 2);
    transport::Headers headers{{"Date", date}};
    if (*audit_id != '\0') headers.push_back({"Audit-Id", audit_id});
    server_.Observe(headers, sent);
  }

  base::ManualClock clock_{base::SystemTime(milliseconds(1'790'000'000'300))};
  ServerClock server_{clock_};
  std::int64_t ahead_ = 300'000;  // milliseconds
};

TEST_F(ServerClockTest, IsOurOwnBeforeAnyAnswer) {
  EXPECT_EQ(server_.Now(), clock_.Now());
  EXPECT_EQ(server_.Steady(), clock_.Steady());
}

TEST_F(ServerClockTest, FollowsAServerThatIsFiveMinutesAhead) {
  Answer(milliseconds(10));
  EXPECT_LE(std::abs(Error()), 510);
  clock_.Advance(seconds(3600));
  EXPECT_LE(std::abs(Error()), 510) << "it goes on by itself";
}

TEST_F(ServerClockTest, EveryAnswerNarrowsIt) {
  for (int i = 0; i < 40; ++i) {
    Answer(milliseconds(20));
    clock_.Advance(milliseconds(1'037));
  }
  EXPECT_LE(std::abs(Error()), 60);
}

TEST_F(ServerClockTest, ASlowAnswerSaysNothing) {
  Answer(milliseconds(6'000));
  EXPECT_EQ(server_.Now(), clock_.Now());
}

TEST_F(ServerClockTest, AProxysOwnDateSaysNothing) {
  Answer(milliseconds(10), "");
  EXPECT_EQ(server_.Now(), clock_.Now());
}

TEST_F(ServerClockTest, OneAnswerThatContradictsTheOthersIsPassedOver) {
  Answer(milliseconds(10));
  ahead_ += 3'600'000;
  Answer(milliseconds(10));
  ahead_ -= 3'600'000;
  EXPECT_LE(std::abs(Error()), 510);
}

TEST_F(ServerClockTest, AServerWhoseClockWasSetIsFollowedAtTheThirdAnswer) {
  Answer(milliseconds(10));
  ahead_ = -7'200'000;
  Answer(milliseconds(10));
  Answer(milliseconds(10));
  EXPECT_GT(std::abs(Error()), 1'000'000);
  Answer(milliseconds(10));
  EXPECT_LE(std::abs(Error()), 510);
}

}  // namespace
}  // namespace runtime
