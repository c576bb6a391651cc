#include "operator/runtime/reflector.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <thread>

#include "operator/base/system_clock.h"
#include "tests/unit/runtime/fake_watch_server.h"

namespace runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

ReflectorOptions Quick() {
  ReflectorOptions options;
  options.timings.first_retry = milliseconds(1);
  options.timings.backoff_base = milliseconds(2);
  options.timings.backoff_max = milliseconds(10);
  options.timings.short_watch = milliseconds(0);
  options.timings.idle = milliseconds(100);
  options.page_size = 7;
  options.max_inbox_bytes = 512;
  options.seed = 1;
  return options;
}

bool WaitFor(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

// A reflector on a fake server, and a mirror of its store that is kept by a handler alone.
class Fixture {
 public:
  explicit Fixture(unsigned seed, ReflectorOptions options = Quick(), WatchSpec spec = Pods())
      : server_(seed) {
    store_.AddHandler([this](const Change& change) { Mirror(change); });
    reflector_ = std::make_unique<Reflector>(std::move(spec),
                                             ReflectorContext{server_, loop_, clock_, metrics_},
                                             options, store_, [this] { ++synced_; });
  }
  ~Fixture() {
    reflector_->Stop();
    loop_->Stop();
  }

  static WatchSpec Pods() {
    return {kube::kPods, kube::MetadataDecoder({}), "app=x,tier in (a)", "ns", true};
  }

  bool Converged() const {
    if (!store_.synced()) return false;
    std::map<std::string, std::string> held;
    for (const auto& object : store_.AllObjects()) {
      held[object->meta.name] = object->meta.resource_version;
    }
    return held == server_.objects();
  }
  // Only when nothing changes any more.
  std::map<std::string, std::string> mirror() {
    reflector_->Stop();
    return mirror_;
  }

  FakeWatchServer server_;
  const std::shared_ptr<EventLoop> loop_ = std::make_shared<EventLoop>();
  const base::SystemClock clock_;
  observability::Metrics metrics_;
  ObjectStore store_;
  std::unique_ptr<Reflector> reflector_;
  std::atomic<int> synced_{0};
  std::atomic<int> inconsistent_{0};

 private:
  void Mirror(const Change& change) {
    const kube::ObjectMeta& meta = (change.after ? change.after : change.before)->meta;
    const auto known = mirror_.find(meta.name);
    const bool expected =
        change.before == nullptr
            ? known == mirror_.end()
            : known != mirror_.end() && known->second == change.before->meta.resource_version;
    if (!expected) ++inconsistent_;
    if (change.after != nullptr) {
      mirror_[meta.name] = meta.resource_version;
    } else {
      mirror_.erase(meta.name);
    }
  }

  std::map<std::string, std::string> mirror_;  // of the loop
};

TEST(Reflector, ListsInPagesAndWatchesFromThere) {
  Fixture f(1);
  for (int i = 0; i < 20; ++i) f.server_.Set("p" + std::to_string(i));
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_EQ(f.server_.counts().pages, 3);
  f.server_.Set("new");
  f.server_.Delete("p3");
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_EQ(f.server_.counts().lists, 1);
  EXPECT_EQ(f.synced_, 1);
}

TEST(Reflector, AsksForWhatItShould) {
  Fixture f(1);
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().watches == 1; }));
  const auto requests = f.server_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].target,
            "/api/v1/namespaces/ns/pods?limit=7&labelSelector=app%3Dx%2Ctier%20in%20%28a%29");
  EXPECT_THAT(requests[0].headers,
              Contains(Pair("Accept", HasSubstr("as=PartialObjectMetadataList;"))));
  EXPECT_THAT(requests[1].target,
              HasSubstr("?watch=true&allowWatchBookmarks=true&resourceVersion=100&"));
  EXPECT_THAT(requests[1].target, HasSubstr("&labelSelector=app%3Dx"));
  const int duration = std::stoi(QueryValue(requests[1].target, "timeoutSeconds"));
  EXPECT_GE(duration, 300);
  EXPECT_LE(duration, 600);
  EXPECT_THAT(requests[1].headers,
              Contains(Pair("Accept", HasSubstr("as=PartialObjectMetadata;"))));
}

TEST(Reflector, GoesOnFromTheLastVersionAfterACut) {
  Fixture f(1);
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().watches == 1; }));
  f.server_.CutAll();
  f.server_.Set("a");
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_EQ(f.server_.counts().lists, 1);
}

TEST(Reflector, ABookmarkSavesAListAfterCompaction) {
  Fixture f(1);
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().watches == 1; }));
  f.server_.Set("a");
  f.server_.Bookmark();
  ASSERT_TRUE(WaitFor([&] { return f.store_.resource_version() == f.server_.version(); }));
  f.server_.Compact();
  f.server_.CutAll();
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().watches == 2; }));
  f.server_.Set("b");
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_EQ(f.server_.counts().lists, 1);
}

TEST(Reflector, ListsAnewWhenItsVersionIsGone) {
  Fixture f(1);
  f.server_.Set("a");
  f.server_.Set("b");
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().watches == 1; }));
  f.server_.CutAll();
  f.server_.Delete("a");
  f.server_.Compact();
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().lists >= 2 && f.Converged(); }));
  EXPECT_THAT(f.mirror(), ::testing::SizeIs(1))
      << "the deletion was told though no event told of it";
}

TEST(Reflector, NoticesADeadWatch) {
  Fixture f(1);
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().watches == 1; }));
  f.server_.SetFaults({.stall = 1});
  f.server_.Set("a");
  std::this_thread::sleep_for(milliseconds(20));
  f.server_.SetFaults({});
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_EQ(f.server_.counts().lists, 1);
}

TEST(Reflector, WaitsForAResourceThatIsNotInstalledYet) {
  Fixture f(1);
  f.server_.Install(false);
  f.server_.Set("a");
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().lists >= 3; }));
  EXPECT_FALSE(f.store_.synced());
  f.server_.Install(true);
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
}

TEST(Reflector, ARestartIsSyncedByALaterListOnly) {
  Fixture f(1);
  f.server_.Set("a");
  const std::uint64_t first = f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.reflector_->synced_list() >= first; }));
  f.server_.SetFaults({.list_fails = 1});
  const std::uint64_t second = f.reflector_->Restart();
  EXPECT_GT(second, first);
  const int lists = f.server_.counts().lists;
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().lists >= lists + 2; }));
  EXPECT_EQ(f.reflector_->synced_list(), first);
  EXPECT_FALSE(f.store_.synced());
  EXPECT_EQ(f.store_.size(), 1u) << "contents stay readable";
  f.server_.SetFaults({});
  ASSERT_TRUE(WaitFor([&] { return f.reflector_->synced_list() == second; }));
}

TEST(Reflector, ABurstLargerThanTheInboxPausesTheStreamAndLosesNothing) {
  Fixture f(1);
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().watches == 1; }));
  for (int i = 0; i < 500; ++i) f.server_.Set("p" + std::to_string(i));
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_EQ(f.server_.counts().lists, 1);
}

TEST(Reflector, NothingIsWrittenAfterStop) {
  Fixture f(1);
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  f.reflector_->Stop();
  f.server_.Set("late");
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(f.store_.size(), 0u);
}

// Whatever breaks and whenever, in the end store and handlers agree with the server.
TEST(Reflector, ConvergesUnderRandomFaults) {
  for (unsigned seed = 1; seed <= 25; ++seed) {
    Fixture f(seed);
    f.server_.SetFaults({.list_fails = 0.3,
                         .watch_refused = 0.2,
                         .cut = 0.05,
                         .end = 0.05,
                         .error_event = 0.03,
                         .stall = 0.01,
                         .bookmark = 0.1});
    f.reflector_->Restart();
    std::mt19937 random(seed);
    for (int step = 0; step < 300; ++step) {
      const std::string name = "p" + std::to_string(random() % 30);
      const unsigned kind = random() % 100;
      if (kind < 60) {
        f.server_.Set(name);
      } else if (kind < 90) {
        f.server_.Delete(name);
      } else if (kind < 94) {
        f.server_.Compact();
      } else if (kind < 98) {
        f.server_.CutAll();
      } else if (kind == 98) {
        f.reflector_->Restart();
      } else {
        std::this_thread::sleep_for(milliseconds(5));
      }
      if (step % 10 == 0) std::this_thread::sleep_for(milliseconds(1));
    }
    f.server_.SetFaults({});
    ASSERT_TRUE(WaitFor([&] { return f.Converged(); })) << "seed " << seed;
    EXPECT_EQ(f.mirror(), f.server_.objects()) << "seed " << seed;
    EXPECT_EQ(f.inconsistent_, 0) << "seed " << seed;
  }
}

}  // namespace
}  // namespace runtime
