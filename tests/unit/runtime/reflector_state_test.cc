#include "operator/runtime/reflector_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "operator/transport/transport.h"

namespace runtime {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = ReflectorAction::Kind;

base::Error Failure(ErrorCode code, const std::string& message = "") {
  return base::MakeError(code, "Test", message);
}

base::Error OverOurBound() {
  return base::MakeError(ErrorCode::kTooLarge, transport::kBodyTooLarge, "");
}

class ReflectorStateTest : public ::testing::Test {
 protected:
  // A state that watches from version 10.
  ReflectorStateTest() {
    state_.Start();
    state_.OnPage("10", "", 100);
    state_.OnWatchStarted(now_);
  }

  ReflectorState state_{ReflectorTimings{}, 500, 1};
  base::SteadyTime now_ = base::SteadyTime{} + std::chrono::hours(1);
};

TEST(ReflectorState, BeginsWithAListFromEtcdAndFollowsItsPages) {
  ReflectorState state({}, 500, 1);
  const ReflectorAction first = state.Start();
  EXPECT_EQ(first.kind, Kind::kList);
  EXPECT_EQ(first.continue_token, "");
  EXPECT_EQ(first.delay, milliseconds(0));
  const ReflectorAction second = state.OnPage("5", "token", 100);
  EXPECT_EQ(second.kind, Kind::kList);
  EXPECT_EQ(second.continue_token, "token");
  const ReflectorAction watch = state.OnPage("5", "", 100);
  EXPECT_EQ(watch.kind, Kind::kWatch);
  EXPECT_EQ(watch.resource_version, "5");
}

TEST(ReflectorState, AnExpiredContinueTokenBeginsTheListAnew) {
  ReflectorState state({}, 500, 1);
  state.Start();
  state.OnPage("5", "token", 100);
  const ReflectorAction next = state.OnListFailed(Failure(ErrorCode::kGone), base::SteadyTime{});
  EXPECT_EQ(next.kind, Kind::kList);
  EXPECT_EQ(next.continue_token, "");
  EXPECT_LE(next.delay, milliseconds(100)) << "the first retry is quick";
}

TEST_F(ReflectorStateTest, WhatEndsAWatchDecidesWhereItGoesOn) {
  struct Case {
    const char* what;
    base::Status end;
    Kind next;
  };
  const Case cases[] = {
      {"a cut connection: from the last version", Failure(ErrorCode::kConnection), Kind::kWatch},
      {"silence: from the last version", Failure(ErrorCode::kTimeout), Kind::kWatch},
      {"a busy server: from the last version", Failure(ErrorCode::kTooManyRequests), Kind::kWatch},
      {"a failing server: from the last version", Failure(ErrorCode::kUnavailable), Kind::kWatch},
      {"no permission: from the last version", Failure(ErrorCode::kForbidden), Kind::kWatch},
      {"410: from a new list", Failure(ErrorCode::kGone), Kind::kList},
      {"a refused request: from a new list", Failure(ErrorCode::kInvalid), Kind::kList},
      {"the resource is gone: from a new list", Failure(ErrorCode::kNotFound), Kind::kList},
      {"what cannot be decoded: from a new list", Failure(ErrorCode::kProtocol), Kind::kList},
  };
  for (const Case& c : cases) {
    ReflectorState state({}, 500, 1);
    state.Start();
    state.OnPage("10", "", 100);
    state.OnWatchStarted(now_);
    state.OnEvent("17", now_);
    const ReflectorAction next = state.OnWatchEnded(c.end, now_);
    EXPECT_EQ(next.kind, c.next) << c.what;
    EXPECT_EQ(next.resource_version, c.next == Kind::kWatch ? "17" : "") << c.what;
    EXPECT_GT(next.delay, milliseconds(0)) << c.what;
    EXPECT_LE(next.delay, milliseconds(100)) << c.what;
  }
}

TEST_F(ReflectorStateTest, AWatchThatTheServerEndsGoesOnAtOnce) {
  const ReflectorAction next = state_.OnWatchEnded({}, now_ + seconds(400));
  EXPECT_EQ(next.kind, Kind::kWatch);
  EXPECT_EQ(next.resource_version, "10");
  EXPECT_EQ(next.delay, milliseconds(0));
}

TEST_F(ReflectorStateTest, AWatchThatEndsAtOnceWithoutAnEventCountsAsFailed) {
  EXPECT_GT(state_.OnWatchEnded({}, now_ + milliseconds(10)).delay, milliseconds(0));
  state_.OnWatchStarted(now_);
  state_.OnEvent("11", now_);
  EXPECT_EQ(state_.OnWatchEnded({}, now_ + milliseconds(10)).delay, milliseconds(0));
}

// In one watch or in many, whatever ended each of them.
TEST_F(ReflectorStateTest, WatchesThatBringNothingForTooLongLeadToANewList) {
  const base::Status ends[] = {{}, Failure(ErrorCode::kTimeout), Failure(ErrorCode::kConnection)};
  for (const base::Status& end : ends) {
    ReflectorState state({}, 500, 1);
    state.OnPage("10", "", 100);
    base::SteadyTime now = now_;
    for (int i = 0; i < 45; ++i, now += seconds(10)) {
      state.OnWatchStarted(now);
      EXPECT_EQ(state.OnWatchEnded(end, now).kind, Kind::kWatch) << i;
    }
    state.OnWatchStarted(now);
    state.OnEvent("11", now);
    EXPECT_EQ(state.OnWatchEnded(end, now + seconds(400)).kind, Kind::kWatch) << "heard again";
    state.OnWatchStarted(now + seconds(400));
    EXPECT_EQ(state.OnWatchEnded(end, now + seconds(450)).kind, Kind::kList);
    state.OnPage("12", "", 100);
    state.OnWatchStarted(now + seconds(451));
    EXPECT_EQ(state.OnWatchEnded(end, now + seconds(452)).kind, Kind::kWatch) << "listed again";
  }
}

TEST_F(ReflectorStateTest, AVersionThatTheServerDoesNotKnowYetIsTriedThreeTimes) {
  const base::Status future =
      Failure(ErrorCode::kTimeout, "Too large resource version: 10, current: 5");
  EXPECT_EQ(state_.OnWatchEnded(future, now_).kind, Kind::kWatch);
  EXPECT_EQ(state_.OnWatchEnded(future, now_).kind, Kind::kWatch);
  EXPECT_EQ(state_.OnWatchEnded(future, now_).kind, Kind::kList);
}

TEST_F(ReflectorStateTest, BackoffGrowsTo10SecondsAndEndsAfterAHealthyTime) {
  const struct {
    long least, most;
  } expected[] = {{50, 100},    {400, 800},    {800, 1600},   {1600, 3200},
                  {3200, 6400}, {5000, 10000}, {5000, 10000}, {5000, 10000}};
  for (const auto& range : expected) {
    const long delay = state_.OnWatchEnded(Failure(ErrorCode::kConnection), now_).delay.count();
    EXPECT_GE(delay, range.least);
    EXPECT_LE(delay, range.most);
    now_ += seconds(30);
  }
  now_ += seconds(121);
  EXPECT_LE(state_.OnWatchEnded(Failure(ErrorCode::kConnection), now_).delay, milliseconds(100));
}

TEST_F(ReflectorStateTest, WaitsAtLeastAsLongAsTheServerAsks) {
  base::Error busy = Failure(ErrorCode::kTooManyRequests);
  busy.retry_after = seconds(7);
  EXPECT_EQ(state_.OnWatchEnded(busy, now_).delay, seconds(7));
}

TEST_F(ReflectorStateTest, AWaitOfADayIsHonouredForAMinute) {
  for (const ErrorCode code : {ErrorCode::kTooManyRequests, ErrorCode::kUnavailable}) {
    base::Error busy = Failure(code);
    busy.retry_after = seconds(86'400);
    EXPECT_EQ(state_.OnWatchEnded(busy, now_).delay, seconds(60));
    EXPECT_EQ(state_.OnListFailed(busy, now_).delay, seconds(60));
  }
}

TEST(ReflectorState, APageThatIsTooLargeIsAskedForInHalves) {
  ReflectorState state({}, 500, 1);
  EXPECT_EQ(state.Start().limit, 500);
  state.OnPage("5", "token", 5u << 20);
  for (const int limit : {250, 125, 62, 31, 15, 7, 3, 1}) {
    const ReflectorAction half =
        state.OnListFailed(Failure(ErrorCode::kTooLarge), base::SteadyTime{});
    EXPECT_EQ(half.kind, Kind::kList);
    EXPECT_EQ(half.continue_token, "token") << "the same page, not the list anew";
    EXPECT_EQ(half.limit, limit);
    EXPECT_FALSE(half.without_contents);
    EXPECT_EQ(half.delay, milliseconds(0));
  }
  const ReflectorAction alone = state.OnListFailed(OverOurBound(), base::SteadyTime{});
  EXPECT_EQ(alone.limit, 1);
  EXPECT_EQ(alone.continue_token, "token");
  EXPECT_TRUE(alone.without_contents) << "one object does not fit";
  const ReflectorAction next = state.OnPage("5", "later", 100);
  EXPECT_EQ(next.limit, 2) << "pages grow again";
  EXPECT_FALSE(next.without_contents);
}

TEST(ReflectorState, WhatIsTooLargeEvenWithoutContentsWaits) {
  ReflectorState state({}, 1, 1);
  state.Start();
  EXPECT_TRUE(state.OnListFailed(OverOurBound(), base::SteadyTime{}).without_contents);
  const ReflectorAction next = state.OnListFailed(OverOurBound(), base::SteadyTime{});
  EXPECT_GT(next.delay, milliseconds(0));
  EXPECT_FALSE(next.without_contents);
}

TEST(ReflectorState, A413OfAServerForOneObjectIsRetriedAndHidesNoContents) {
  const base::Error answer = base::MakeError(ErrorCode::kTooLarge, "TooLarge", "HTTP 413");
  ReflectorState state({}, 2, 1);
  state.Start();
  EXPECT_EQ(state.OnListFailed(answer, base::SteadyTime{}).limit, 1);
  milliseconds longest{0};
  for (int i = 0; i < 5; ++i) {
    const ReflectorAction next = state.OnListFailed(answer, base::SteadyTime{});
    EXPECT_EQ(next.kind, Kind::kList);
    EXPECT_FALSE(next.without_contents) << "the server does not say that this object is too large";
    EXPECT_GT(next.delay, milliseconds(0));
    longest = std::max(longest, next.delay);
  }
  EXPECT_GE(longest, seconds(3));
}

TEST_F(ReflectorStateTest, WhatIsTooLargeToReadWaitsNoLongerThanOtherFailures) {
  base::Error large = Failure(ErrorCode::kTooLarge);
  large.retry_after = seconds(60);
  EXPECT_LE(state_.OnWatchEnded(large, now_).delay, milliseconds(100));
}

TEST(ReflectorState, APageThatTakesTooLongIsAskedForInHalvesAfterAWait) {
  base::Error gateway = Failure(ErrorCode::kUnavailable);
  gateway.reason = "Timeout";
  for (const base::Error& slow : {Failure(ErrorCode::kTimeout), gateway}) {
    ReflectorState state({}, 500, 1);
    state.Start();
    state.OnPage("5", "token", 100);
    const ReflectorAction half = state.OnListFailed(slow, base::SteadyTime{});
    EXPECT_EQ(half.limit, 250);
    EXPECT_EQ(half.continue_token, "token");
    EXPECT_GT(half.delay, milliseconds(0));
  }
}

TEST_F(ReflectorStateTest, AResourceThatIsNotServedIsAskedForEveryHalfToWholeMinute) {
  for (int i = 0; i < 20; ++i) {
    const auto next = state_.OnNotServed(false, now_);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->kind, Kind::kList);
    EXPECT_EQ(next->continue_token, "");
    EXPECT_GE(next->delay, seconds(30));
    EXPECT_LE(next->delay, seconds(60));
    now_ += next->delay;
  }
}

// One of several API servers learns of a new CRD after the others.
TEST_F(ReflectorStateTest, ObjectsThatWereSeenVanishOnlyAfterThatHasBeenSaidForTenSeconds) {
  const base::Error not_served = base::MakeError(ErrorCode::kNotFound, kNotServed, "");
  const auto says_so_after = [&](seconds wait) {
    now_ += wait;
    const auto next = state_.OnNotServed(true, now_);
    if (!next) state_.OnListFailed(not_served, now_);
    return next.has_value();
  };
  EXPECT_FALSE(says_so_after(seconds(0)));
  EXPECT_FALSE(says_so_after(seconds(9)));
  state_.OnListFailed(Failure(ErrorCode::kUnavailable), now_);
  EXPECT_FALSE(says_so_after(seconds(1))) << "another answer has come in between";
  state_.OnPage("11", "", 100);
  EXPECT_FALSE(says_so_after(seconds(20))) << "it was listed in between";
  EXPECT_FALSE(says_so_after(seconds(9)));
  EXPECT_TRUE(says_so_after(seconds(1)));
}

TEST_F(ReflectorStateTest, AsksForWatchesOfFiveToTenMinutes) {
  seconds least{1000}, most{0};
  for (int i = 0; i < 500; ++i) {
    const seconds duration = state_.WatchDuration();
    least = std::min(least, duration);
    most = std::max(most, duration);
  }
  EXPECT_GE(least, seconds(300));
  EXPECT_LE(most, seconds(600));
  EXPECT_GT(most - least, seconds(250));
}

}  // namespace
}  // namespace runtime
