#include "controllers/reconcile/request_backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "controllers/api/labels.h"
#include "tests/unit/reconcile/fake_cluster.h"

namespace disagg::reconcile {
namespace {

using planning::Verb;
using planning::Write;
using std::chrono::milliseconds;
using std::chrono::seconds;

Write PodWrite(const std::string& name, Verb verb = Verb::kCreate) {
  Write write = WriteOf(verb);
  write.key.name = name;
  return write;
}

std::vector<Write> Pods(int count) {
  std::vector<Write> writes;
  for (int i = 0; i < count; ++i)
    writes.push_back(PodWrite("m3-decode-r-" + std::to_string(i) + "-1"));
  return writes;
}

TEST(IdOf, IsThatOfTheSlotAndRankWhateverTheIncarnation) {
  const auto id = [](const std::string& name, bool ranked) {
    Write write = PodWrite(name);
    if (ranked) write.body["metadata"]["labels"][api::kLabelPeers] = "true";
    return IdOf(write).id;
  };
  EXPECT_EQ(id("m3-decode-r-0-1", false), id("m3-decode-r-0-2", false));
  EXPECT_NE(id("m3-decode-r-0-1", false), id("m3-decode-r-1-1", false));
  EXPECT_EQ(id("m3-decode-r-0-1-3", true), id("m3-decode-r-0-2-3", true));
  EXPECT_NE(id("m3-decode-r-0-1-3", true), id("m3-decode-r-0-1-4", true));
  EXPECT_NE(id("m3-decode-r-0-1-3", true), id("m3-decode-r-1-1-3", true));
}

// Plays passes over one object: each sends what it may and gets `answer`; the next comes when the
// back-off says so, or after `event_every`.
class Player {
 public:
  using Answer = std::function<std::optional<base::Error>(const Write&)>;

  // Requests that were sent within `time`.
  int Play(const std::vector<Write>& plan, milliseconds time, milliseconds event_every,
           const Answer& answer) {
    int sent = 0;
    const base::SteadyTime end = clock.Steady() + time;
    while (clock.Steady() < end) {
      sent += Pass(plan, answer);
      const milliseconds due = backoff.DueIn("owner").value_or(event_every);
      clock.Advance(std::min(due, event_every));
    }
    return sent;
  }

  int Pass(const std::vector<Write>& plan, const Answer& answer) {
    std::vector<const Write*> writes;
    for (const Write& write : plan) writes.push_back(&write);
    backoff.Begin("owner");
    const auto held = backoff.Admit("owner", writes);
    int sent = 0;
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if (held[i]) continue;
      ++sent;
      const auto error = answer(*writes[i]);
      if (error) {
        backoff.NoteFailure("owner", IdOf(*writes[i]), *error);
      } else {
        backoff.NoteWritten("owner", *writes[i]);
      }
    }
    backoff.Prune("owner", plan);
    return sent;
  }

  base::ManualClock clock{base::SystemTime{}};
  RequestBackoff backoff{clock};
};

base::Error Unavailable() {
  return base::MakeError(base::ErrorCode::kUnavailable, "InternalError", "webhook is dead");
}

TEST(RequestBackoff, MakesFewRequestsAMinuteInEveryStandingTrouble) {
  struct Case {
    std::string trouble;
    base::Error error;
    int most_in_first_minute, most_in_a_later_one;
  };
  const std::vector<Case> cases = {
      {"a dead webhook", Unavailable(), 40, 4},
      {"a refusal", base::MakeError(base::ErrorCode::kInvalid, "Invalid", "bad"), 24, 16},
      {"a quota", base::MakeError(base::ErrorCode::kForbidden, "QuotaExceeded", "full"), 33, 6},
      {"a name that is taken", base::MakeError(base::ErrorCode::kInvalid, "NameConflict", "x"), 24,
       16},
      {"a server that asks for a day",
       base::Error{base::ErrorCode::kTooManyRequests, "TooManyRequests", "later",
                   std::chrono::hours(24), false},
       16, 8},
  };
  for (const Case& test : cases) {
    Player player;
    const auto fails = [&](const Write&) { return test.error; };
    const std::vector<Write> plan = Pods(8);
    // Ten events a second wake the object all the time.
    const int first = player.Play(plan, seconds(60), milliseconds(100), fails);
    player.Play(plan, std::chrono::minutes(10), milliseconds(100), fails);
    const int later = player.Play(plan, seconds(60), milliseconds(100), fails);
    EXPECT_LE(first, test.most_in_first_minute) << test.trouble;
    EXPECT_LE(later, test.most_in_a_later_one) << test.trouble;
    EXPECT_GE(later, 1) << test.trouble << ": asked now and then";
  }
}

TEST(RequestBackoff, FindsOutWithinSecondsThatATroubleIsOver) {
  Player player;
  const std::vector<Write> plan = Pods(8);
  player.Play(plan, std::chrono::hours(10), milliseconds(60'000),
              [](const Write&) { return Unavailable(); });
  std::set<std::string> made;
  std::vector<Write> left = plan;
  const base::SteadyTime repaired = player.clock.Steady();
  while (!left.empty()) {
    player.Pass(left, [&](const Write& write) -> std::optional<base::Error> {
      made.insert(write.key.name);
      return std::nullopt;
    });
    std::erase_if(left, [&](const Write& write) { return made.contains(write.key.name); });
    if (!left.empty()) player.clock.Advance(*player.backoff.DueIn("owner"));
  }
  EXPECT_LE(player.clock.Steady() - repaired, seconds(16));
}

TEST(RequestBackoff, HoldsNothingBackThatHasNotFailed) {
  Player player;
  player.Pass(Pods(1), [](const Write&) { return Unavailable(); });
  int sent = 0;
  player.Pass(Pods(2), [&](const Write& write) -> std::optional<base::Error> {
    ++sent;
    EXPECT_EQ(write.key.name, "m3-decode-r-1-1");
    return std::nullopt;
  });
  EXPECT_EQ(sent, 1);
}

TEST(RequestBackoff, TellsTheLastAnswerOfWhatItHoldsBack) {
  Player player;
  const std::vector<Write> plan = Pods(1);
  player.Pass(plan, [](const Write&) { return Unavailable(); });
  const auto held = player.backoff.Admit("owner", {&plan.front()});
  ASSERT_TRUE(held.front().has_value());
  EXPECT_EQ(held.front()->message, "webhook is dead");
}

TEST(RequestBackoff, TriesAtOnceWhatMayHaveAnotherAnswer) {
  Player player;
  const auto fails = [](const Write&) { return Unavailable(); };
  player.Play(Pods(1), std::chrono::minutes(5), seconds(1), fails);
  player.Pass(Pods(1), fails);
  EXPECT_EQ(player.Pass(Pods(1), fails), 0);
  player.backoff.TryNow("owner");
  EXPECT_EQ(player.Pass(Pods(1), fails), 1);
}

TEST(RequestBackoff, ForgetsAFailureThatIsNotWantedAnyMore) {
  Player player;
  player.Pass(Pods(1), [](const Write&) { return Unavailable(); });
  player.backoff.Begin("owner");
  player.backoff.Prune("owner", {});
  EXPECT_EQ(player.backoff.DueIn("owner"), std::nullopt);
}

TEST(RequestBackoff, WaitsForNothingThatAPassDoesNotComeTo) {
  Player player;
  player.Pass(Pods(1), [](const Write&) { return Unavailable(); });
  player.clock.Advance(seconds(60));
  player.backoff.Begin("owner");
  EXPECT_EQ(player.backoff.DueIn("owner"), std::nullopt);
}

TEST(RequestBackoff, SlowsDownWhatIsUndoneAgainAndAgain) {
  struct Case {
    std::string loop;
    std::function<Write(int)> write;
    bool slowed;
  };
  const std::vector<Case> cases = {
      {"pods of one slot that are killed at once",
       [](int i) { return PodWrite("m3-decode-r-0-" + std::to_string(i)); }, true},
      {"an apply that a webhook changes back", [](int) { return PodWrite("m3", Verb::kApply); },
       true},
      {"labels that are taken off again", [](int) { return PodWrite("m3-0", Verb::kMergePatch); },
       true},
      {"pods of many slots",
       [](int i) { return PodWrite("m3-decode-r-" + std::to_string(i) + "-1"); }, false},
      {"an apply that wants something else each time",
       [](int i) {
         Write write = PodWrite("m3", Verb::kApply);
         write.body["spec"]["replicas"] = i;
         return write;
       },
       false},
  };
  for (const Case& test : cases) {
    Player player;
    int sent = 0;
    for (int i = 0; i < 1200; ++i) {  // ten a second for two minutes
      sent += player.Pass({test.write(i)}, [](const Write&) { return std::nullopt; });
      player.clock.Advance(milliseconds(100));
    }
    if (test.slowed) {
      EXPECT_LE(sent, 15) << test.loop;
      EXPECT_GE(sent, 8) << test.loop;
    } else {
      EXPECT_EQ(sent, 1200) << test.loop;
    }
  }
}

TEST(RequestBackoff, LeavesAQuietObjectItsQuickRepairs) {
  Player player;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(player.Pass({PodWrite("m3-decode-r-0-" + std::to_string(i))},
                          [](const Write&) { return std::nullopt; }),
              1);
    player.clock.Advance(std::chrono::minutes(3));
  }
}

}  // namespace
}  // namespace disagg::reconcile
