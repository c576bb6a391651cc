#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <vector>

#include "operator/runtime/pumped_loop.h"
#include "operator/runtime/thread_loop.h"

namespace runtime {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

// Waits until the loop has run what was posted before.
void Settle(EventLoop& loop) {
  std::promise<void> reached;
  loop.Post([&] { reached.set_value(); });
  reached.get_future().wait();
}

TEST(ThreadLoop, RunsTasksInTheOrderOfPosting) {
  std::vector<int> order;
  ThreadLoop loop;
  for (int i = 0; i < 4; ++i) loop.Post([&, i] { order.push_back(i); });
  Settle(loop);
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

TEST(ThreadLoop, RunsTimedTasksWhenDueAndInTheirOrder) {
  std::vector<int> order;
  std::promise<void> last;
  ThreadLoop loop;
  loop.PostAfter(milliseconds(40), [&] {
    order.push_back(2);
    last.set_value();
  });
  loop.PostAfter(milliseconds(10), [&] { order.push_back(1); });
  loop.Post([&] { order.push_back(0); });
  last.get_future().wait();
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(ThreadLoop, StopDropsWhatWaitsAndLetsGoOfWhatItHolds) {
  auto held = std::make_shared<int>(1);
  ThreadLoop loop;
  loop.PostAfter(std::chrono::hours(1), [held] {});
  loop.Stop();
  loop.Post([held] { FAIL() << "ran after Stop"; });
  EXPECT_EQ(held.use_count(), 1);
}

TEST(ThreadLoop, TellsHowLongATaskRuns) {
  ThreadLoop loop;
  std::promise<void> begun, end;
  loop.Post([&] {
    begun.set_value();
    end.get_future().wait();
  });
  begun.get_future().wait();
  std::this_thread::sleep_for(milliseconds(5));
  EXPECT_GE(loop.busy_for(), milliseconds(5));
  end.set_value();
  Settle(loop);
  loop.Stop();
  EXPECT_EQ(loop.busy_for(), milliseconds(0));
}

TEST(PumpedLoop, RunsWhatIsDueOneByOneByItsClock) {
  base::ManualClock clock{base::SystemTime{}};
  PumpedLoop loop(clock);
  std::vector<int> order;
  loop.PostAfter(milliseconds(40), [&] { order.push_back(3); });
  loop.PostAfter(milliseconds(10), [&] { order.push_back(2); });
  loop.Post([&] { loop.Post([&] { order.push_back(1); }); });
  loop.Post([&] { order.push_back(0); });
  EXPECT_TRUE(loop.RunOne());
  EXPECT_THAT(order, ElementsAre()) << "one task, which has posted another";
  while (loop.RunOne()) {
  }
  EXPECT_THAT(order, ElementsAre(0, 1));
  EXPECT_EQ(loop.next_due(), clock.Steady() + milliseconds(10));
  clock.Advance(milliseconds(50));
  while (loop.RunOne()) {
  }
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3)) << "in the order of their times";
  EXPECT_EQ(loop.next_due(), std::nullopt);
}

TEST(PumpedLoop, StopDropsWhatWaitsAndLetsGoOfWhatItHolds) {
  base::ManualClock clock{base::SystemTime{}};
  auto held = std::make_shared<int>(1);
  PumpedLoop loop(clock);
  loop.Post([held] {});
  loop.Stop();
  loop.Post([held] { FAIL() << "ran after Stop"; });
  EXPECT_FALSE(loop.RunOne());
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace runtime
