#include "operator/runtime/event_loop.h"

#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <vector>

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

TEST(EventLoop, RunsTasksInTheOrderOfPosting) {
  std::vector<int> order;
  EventLoop loop;
  for (int i = 0; i < 4; ++i) loop.Post([&, i] { order.push_back(i); });
  Settle(loop);
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

TEST(EventLoop, RunsTimedTasksWhenDueAndInTheirOrder) {
  std::vector<int> order;
  std::promise<void> last;
  EventLoop loop;
  loop.PostAfter(milliseconds(40), [&] {
    order.push_back(2);
    last.set_value();
  });
  loop.PostAfter(milliseconds(10), [&] { order.push_back(1); });
  loop.Post([&] { order.push_back(0); });
  last.get_future().wait();
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(EventLoop, StopDropsWhatWaitsAndLetsGoOfWhatItHolds) {
  auto held = std::make_shared<int>(1);
  EventLoop loop;
  loop.PostAfter(std::chrono::hours(1), [held] {});
  loop.Stop();
  loop.Post([held] { FAIL() << "ran after Stop"; });
  EXPECT_EQ(held.use_count(), 1);
}

TEST(EventLoop, TellsHowLongATaskRuns) {
  EventLoop loop;
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

}  // namespace
}  // namespace runtime
