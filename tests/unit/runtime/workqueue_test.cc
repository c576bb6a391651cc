#include "operator/runtime/workqueue.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "operator/base/system_clock.h"

namespace runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

kube::ObjectKey Key(int i) { return {"ns", "k" + std::to_string(i)}; }

class WorkQueueTest : public ::testing::Test {
 protected:
  // Takes all that is ready; gives everything back.
  std::vector<std::string> Drain() {
    std::vector<std::string> names;
    while (auto key = queue_.TryTake()) {
      names.push_back(key->name);
      queue_.Done(*key);
    }
    return names;
  }

  base::ManualClock clock_{base::SystemTime{}};
  WorkQueue queue_{clock_, {.base = milliseconds(100), .max = seconds(10), .jitter = 0, .seed = 1}};
};

TEST_F(WorkQueueTest, ServesInTheOrderOfArrivalAndEachKeyOnce) {
  for (int i : {1, 2, 3, 1, 2}) queue_.Add(Key(i));
  EXPECT_THAT(Drain(), ElementsAre("k1", "k2", "k3"));
  EXPECT_EQ(queue_.stats().adds_total, 3u);
}

TEST_F(WorkQueueTest, AKeyAddedWhileWorkedOnComesOnceMoreAfterwards) {
  queue_.Add(Key(1));
  ASSERT_TRUE(queue_.TryTake());
  queue_.Add(Key(1));
  queue_.Add(Key(1));
  EXPECT_FALSE(queue_.TryTake());
  queue_.Done(Key(1));
  EXPECT_THAT(Drain(), ElementsAre("k1"));
}

TEST_F(WorkQueueTest, ADelayedKeyComesWhenItIsDue) {
  queue_.AddAfter(Key(1), seconds(2));
  queue_.AddAfter(Key(2), seconds(1));
  EXPECT_THAT(Drain(), IsEmpty());
  clock_.Advance(seconds(1));
  EXPECT_THAT(Drain(), ElementsAre("k2"));
  clock_.Advance(seconds(1));
  EXPECT_THAT(Drain(), ElementsAre("k1"));
}

TEST_F(WorkQueueTest, OfSeveralDelaysTheEarliestWins) {
  queue_.AddAfter(Key(1), seconds(5));
  queue_.AddAfter(Key(1), seconds(1));
  queue_.AddAfter(Key(1), seconds(9));
  clock_.Advance(seconds(1));
  EXPECT_THAT(Drain(), ElementsAre("k1"));
  clock_.Advance(seconds(20));
  EXPECT_THAT(Drain(), IsEmpty());
}

TEST_F(WorkQueueTest, BacksOffExponentiallyPerKeyUntilForgotten) {
  const auto delay_of_retry = [&] {
    queue_.AddRateLimited(Key(1));
    milliseconds waited{0};
    while (Drain().empty()) {
      clock_.Advance(milliseconds(100));
      waited += milliseconds(100);
    }
    return waited.count();
  };
  std::vector<long> delays;
  for (int i = 0; i < 9; ++i) delays.push_back(delay_of_retry());
  EXPECT_THAT(delays, ElementsAre(100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000));
  queue_.Forget(Key(1));
  EXPECT_EQ(delay_of_retry(), 100);
}

// How long after being added a key comes, one call after the other.
TEST_F(WorkQueueTest, EachKindOfRepetitionHasItsRow) {
  const auto delays_of = [&](Again why, int count) {
    std::vector<long> delays;
    for (int i = 0; i < count; ++i) {
      queue_.AddRateLimited(Key(1), {}, why);
      long waited = 0;
      for (; Drain().empty(); waited += 50) clock_.Advance(milliseconds(50));
      delays.push_back(waited);
    }
    return delays;
  };
  EXPECT_THAT(delays_of(Again::kUnfinished, 4), ElementsAre(0, 100, 200, 400))
      << "at once, then as a failure";
  EXPECT_THAT(delays_of(Again::kStale, 5), ElementsAre(50, 100, 200, 400, 400));
  EXPECT_THAT(delays_of(Again::kFailed, 2), ElementsAre(100, 200)) << "of its own";
  EXPECT_THAT(delays_of(Again::kUnfinished, 1), ElementsAre(800)) << "others do not reset it";
  queue_.Forget(Key(1));
  EXPECT_THAT(delays_of(Again::kUnfinished, 2), ElementsAre(0, 100));
  EXPECT_EQ(queue_.stats().retries_total, 2u) << "of failures";
}

TEST(WorkQueueBackoff, IsAFewTriesAMinuteHoweverLongATroubleLasts) {
  base::ManualClock clock{base::SystemTime{}};
  WorkQueue queue(clock, {.seed = 1});
  const auto tries_in = [&](seconds time) {
    int tries = 0;
    for (const auto end = clock.Steady() + time; clock.Steady() < end;) {
      queue.AddRateLimited(Key(1));
      std::optional<kube::ObjectKey> key;
      while (!(key = queue.TryTake())) clock.Advance(milliseconds(10));
      queue.Done(*key);
      ++tries;
    }
    return tries;
  };
  EXPECT_LE(tries_in(seconds(60)), 14);
  EXPECT_LE(tries_in(seconds(600)), 50) << "five a minute";
}

TEST_F(WorkQueueTest, SlowKeysLeaveTakersToOthers) {
  WorkQueue queue(clock_, {.seed = 1}, {}, {.pass = seconds(2), .at_once = 2});
  for (int i = 0; i < 4; ++i) queue.Add(Key(i));
  std::vector<kube::ObjectKey> taken;
  while (auto key = queue.TryTake()) taken.push_back(*key);
  ASSERT_EQ(taken.size(), 4u) << "nobody is known to be slow yet";
  clock_.Advance(seconds(3));
  for (const auto& key : taken) {
    queue.Done(key);
    queue.Add(key);
  }
  EXPECT_EQ(queue.TryTake()->name, "k0");
  EXPECT_EQ(queue.TryTake()->name, "k1");
  EXPECT_FALSE(queue.TryTake()) << "two at once";
  queue.Add(Key(9));
  EXPECT_EQ(queue.TryTake()->name, "k9");
  queue.Done(Key(0));  // at once, this time: a look without a write
  EXPECT_EQ(queue.TryTake()->name, "k2");
  queue.Add(Key(0));
  EXPECT_FALSE(queue.TryTake()) << "slow for a minute";
  clock_.Advance(seconds(60));
  queue.Done(Key(2));
  EXPECT_EQ(queue.TryTake()->name, "k3");
  EXPECT_FALSE(queue.TryTake());
}

TEST_F(WorkQueueTest, AKeyIsSlowForAMinuteAfterItsLastSlowPass) {
  WorkQueue queue(clock_, {.seed = 1}, {}, {.pass = seconds(2), .at_once = 0});
  queue.Add(Key(0));
  ASSERT_TRUE(queue.TryTake());
  clock_.Advance(seconds(3));
  queue.Done(Key(0));
  clock_.Advance(seconds(60));
  queue.Add(Key(0));
  EXPECT_TRUE(queue.TryTake());
}

TEST_F(WorkQueueTest, NeverRetriesBeforeTheServerAllows) {
  queue_.AddRateLimited(Key(1), seconds(3));
  clock_.Advance(milliseconds(2999));
  EXPECT_THAT(Drain(), IsEmpty());
  clock_.Advance(milliseconds(1));
  EXPECT_THAT(Drain(), ElementsAre("k1"));
}

TEST(WorkQueueJitter, ShortensDelaysByAtMostItsPart) {
  base::ManualClock clock{base::SystemTime{}};
  WorkQueue queue(clock, {.base = milliseconds(1000), .max = seconds(1), .jitter = 0.5, .seed = 7});
  for (int i = 0; i < 200; ++i) queue.AddRateLimited(Key(i));
  clock.Advance(milliseconds(499));
  EXPECT_FALSE(queue.TryTake());
  clock.Advance(milliseconds(251));
  int early = 0;
  while (queue.TryTake()) ++early;
  EXPECT_GT(early, 60);
  EXPECT_LT(early, 140);
  clock.Advance(milliseconds(250));
  while (queue.TryTake()) ++early;
  EXPECT_EQ(early, 200);
}

TEST_F(WorkQueueTest, TheLowerLaneWaitsButIsNotForgotten) {
  queue_.Add(Key(99), Priority::kLow);
  for (int i = 0; i < 30; ++i) queue_.Add(Key(i));
  const auto served = Drain();
  const auto at = std::find(served.begin(), served.end(), "k99") - served.begin();
  EXPECT_GT(at, 0);
  EXPECT_LE(at, 10);
}

TEST_F(WorkQueueTest, AKeyMovesUpWhenItBecomesUrgent) {
  for (int i = 0; i < 5; ++i) queue_.Add(Key(i), Priority::kLow);
  queue_.Add(Key(3));
  EXPECT_EQ(queue_.TryTake()->name, "k3");
  EXPECT_EQ(queue_.stats().depth, 4u);
}

TEST_F(WorkQueueTest, TellsAgesOfWhatIsWorkedOn) {
  queue_.Add(Key(1));
  queue_.Add(Key(2));
  ASSERT_TRUE(queue_.TryTake());
  clock_.Advance(seconds(2));
  ASSERT_TRUE(queue_.TryTake());
  clock_.Advance(seconds(1));
  const QueueStats stats = queue_.stats();
  EXPECT_EQ(stats.processing, 2u);
  EXPECT_DOUBLE_EQ(stats.longest_running_seconds, 3);
  EXPECT_DOUBLE_EQ(stats.unfinished_seconds, 4);
}

TEST_F(WorkQueueTest, GivesNothingOnceStopped) {
  queue_.Add(Key(1));
  queue_.Shutdown();
  queue_.Add(Key(2));
  EXPECT_FALSE(queue_.TryTake());
  EXPECT_FALSE(queue_.Take({}));
}

// The queue as a few lines of obvious code.
class Reference {
 public:
  void Add(const kube::ObjectKey& key, Priority priority) {
    if (auto at = Find(key); at != ready_.end()) {
      if (priority < at->second) {
        ready_.erase(at);
        ready_.push_back({key, priority});
      }
      return;
    }
    if (processing_.contains(key)) {
      const auto [again, added] = again_.try_emplace(key, priority);
      if (!added) again->second = std::min(again->second, priority);
      return;
    }
    ready_.push_back({key, priority});
  }
  void AddAfter(const kube::ObjectKey& key, base::SteadyTime due) {
    const auto [entry, added] = delayed_.try_emplace(key, due);
    if (!added) entry->second = std::min(entry->second, due);
  }
  std::optional<kube::ObjectKey> Take(base::SteadyTime now) {
    std::vector<std::pair<base::SteadyTime, kube::ObjectKey>> due;
    for (const auto& [key, time] : delayed_) {
      if (time <= now) due.push_back({time, key});
    }
    std::sort(due.begin(), due.end());
    for (const auto& [time, key] : due) {
      delayed_.erase(key);
      Add(key, Priority::kNormal);
    }
    if (ready_.empty()) return std::nullopt;
    turn_ = (turn_ + 1) % 10;
    auto pick = First(turn_ == 0 ? Priority::kLow : Priority::kNormal);
    if (pick == ready_.end()) pick = ready_.begin();
    const kube::ObjectKey key = pick->first;
    ready_.erase(pick);
    processing_.insert(key);
    return key;
  }
  void Done(const kube::ObjectKey& key) {
    processing_.erase(key);
    if (const auto again = again_.extract(key); !again.empty()) {
      ready_.push_back({key, again.mapped()});
    }
  }
  std::size_t depth() const { return ready_.size(); }
  std::size_t delayed() const { return delayed_.size(); }

 private:
  using Entry = std::pair<kube::ObjectKey, Priority>;
  std::vector<Entry>::iterator Find(const kube::ObjectKey& key) {
    return std::find_if(ready_.begin(), ready_.end(),
                        [&](const Entry& e) { return e.first == key; });
  }
  std::vector<Entry>::iterator First(Priority priority) {
    return std::find_if(ready_.begin(), ready_.end(),
                        [&](const Entry& e) { return e.second == priority; });
  }

  std::vector<Entry> ready_;
  std::map<kube::ObjectKey, Priority> again_;
  std::map<kube::ObjectKey, base::SteadyTime> delayed_;
  std::set<kube::ObjectKey> processing_;
  int turn_ = 0;
};

TEST(WorkQueueModel, AgreesWithTheReferenceOverRandomHistories) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    base::ManualClock clock{base::SystemTime{}};
    WorkQueue queue(clock, {.seed = 1}, {}, {.pass = std::chrono::hours(1)});
    Reference reference;
    std::vector<kube::ObjectKey> taken;
    for (int step = 0; step < 2000; ++step) {
      const kube::ObjectKey key = Key(static_cast<int>(random() % 8));
      switch (random() % 6) {
        case 0:
          queue.Add(key);
          reference.Add(key, Priority::kNormal);
          break;
        case 1:
          queue.Add(key, Priority::kLow);
          reference.Add(key, Priority::kLow);
          break;
        case 2: {
          const milliseconds delay(1 + random() % 50);
          queue.AddAfter(key, delay);
          reference.AddAfter(key, clock.Steady() + delay);
          break;
        }
        case 3:
          clock.Advance(milliseconds(random() % 10));
          break;
        case 4: {
          const auto got = queue.TryTake();
          ASSERT_EQ(got, reference.Take(clock.Steady())) << "seed " << seed << " step " << step;
          if (got) taken.push_back(*got);
          break;
        }
        case 5:
          if (taken.empty()) break;
          queue.Done(taken.front());
          reference.Done(taken.front());
          taken.erase(taken.begin());
          break;
      }
      ASSERT_EQ(queue.stats().depth, reference.depth()) << "seed " << seed << " step " << step;
      ASSERT_EQ(queue.stats().delayed, reference.delayed()) << "seed " << seed << " step " << step;
    }
  }
}

TEST(WorkQueueThreads, NeverHandOutAKeyTwiceAtOnceAndLoseNoWakeUp) {
  const base::SystemClock clock;
  WorkQueue queue(clock, {});
  constexpr int kKeys = 20;
  std::atomic<int> busy[kKeys] = {};
  std::atomic<int> passes{0}, clashes{0};
  std::atomic<std::uint64_t> wanted[kKeys] = {}, seen[kKeys] = {};
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&](std::stop_token stop) {
        while (const auto key = queue.Take(stop)) {
          const int i_key = std::stoi(key->name.substr(1));
          if (busy[i_key]++ != 0) ++clashes;
          seen[i_key] = wanted[i_key].load();
          ++passes;
          --busy[i_key];
          queue.Done(*key);
        }
      });
    }
    std::mt19937 random(3);
    for (int i = 0; i < 5000; ++i) {
      const int key = static_cast<int>(random() % kKeys);
      ++wanted[key];
      if (random() % 2 == 0) {
        queue.Add(Key(key));
      } else {
        queue.AddAfter(Key(key), milliseconds(random() % 5));
      }
    }
    const auto all_seen = [&] {
      for (int i = 0; i < kKeys; ++i) {
        if (wanted[i] != seen[i]) return false;
      }
      return true;
    };
    for (int i = 0; i < 2000 && !all_seen(); ++i) std::this_thread::sleep_for(milliseconds(5));
    EXPECT_TRUE(all_seen());
    for (auto& worker : workers) worker.request_stop();
  }
  EXPECT_EQ(clashes, 0);
  EXPECT_GT(passes, 0);
}

TEST(WorkQueueThreads, ALaterEarlierDelayIsNotMissedBySleepers) {
  const base::SystemClock clock;
  WorkQueue queue(clock, {});
  std::atomic<bool> taken{false};
  std::jthread worker([&](std::stop_token stop) { taken = queue.Take(stop).has_value(); });
  queue.AddAfter(Key(1), seconds(600));
  std::this_thread::sleep_for(milliseconds(20));
  queue.AddAfter(Key(2), milliseconds(10));
  worker.join();
  EXPECT_TRUE(taken);
}

}  // namespace
}  // namespace runtime
