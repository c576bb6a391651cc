#include "operator/runtime/reflector.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <thread>

#include "operator/base/system_clock.h"
#include "operator/runtime/freshness.h"
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
  options.timings.refusal = milliseconds(50);
  options.timings.live_grace = milliseconds(50);
  options.timings.absent_least = milliseconds(5);
  options.timings.absent_most = milliseconds(10);
  options.timings.absence_proof = milliseconds(20);
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
  const std::shared_ptr<EventLoop> loop_ = std::make_shared<ThreadLoop>();
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

WatchSpec MayBeAbsent() {
  WatchSpec spec = Fixture::Pods();
  spec.may_be_absent = true;
  return spec;
}

TEST(Reflector, AResourceThatNeedNotBeThereIsEmptyUntilItComes) {
  Fixture f(1, Quick(), MayBeAbsent());
  f.server_.Install(false);
  const std::uint64_t list = f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.reflector_->synced_list() == list && f.store_.live(); }));
  EXPECT_TRUE(f.store_.synced());
  EXPECT_EQ(f.store_.size(), 0u);
  EXPECT_EQ(f.server_.counts().watches, 0);
  f.server_.Set("a");
  f.server_.Install(true);
  ASSERT_TRUE(WaitFor([&] { return f.Converged() && f.server_.counts().watches == 1; }));
  EXPECT_TRUE(f.store_.live());
}

TEST(Reflector, ObjectsOfAResourceThatIsTakenAwayAreGone) {
  Fixture f(1, Quick(), MayBeAbsent());
  f.server_.Set("a");
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.Converged() && f.store_.live(); }));
  f.server_.Install(false);
  f.server_.CutAll();
  ASSERT_TRUE(WaitFor([&] { return f.store_.size() == 0; }));
  ASSERT_TRUE(WaitFor([&] { return f.store_.live() && f.store_.synced(); }));
  f.server_.Install(true);
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_EQ(f.mirror(), f.server_.objects()) << "handlers were told of its end and of its return";
}

// Only an API server's own word says that there are no objects.
TEST(Reflector, AnAnswerOfSomebodyElseIsNoAbsence) {
  const struct {
    const char* what;
    FakeWatchServer::Answer answer;
  } kCases[] = {
      {"a proxy", {404, {}, "404 page not found\n"}},
      {"an aggregated API that is down", {503, {{"Audit-Id", "b1a4e0a6"}}, "service unavailable"}},
      {"a missing right", {403, {{"Audit-Id", "b1a4e0a6"}}, ""}},
  };
  for (const auto& c : kCases) {
    Fixture f(1, Quick(), MayBeAbsent());
    f.server_.AnswerLists(c.answer);
    f.reflector_->Restart();
    ASSERT_TRUE(WaitFor([&] { return f.server_.counts().lists >= 5; })) << c.what;
    EXPECT_FALSE(f.store_.live()) << c.what;
    f.server_.AnswerLists({});
    f.server_.Install(false);
    ASSERT_TRUE(WaitFor([&] { return f.store_.live(); })) << c.what;
    f.server_.AnswerLists(c.answer);
    ASSERT_TRUE(WaitFor([&] { return !f.store_.live(); })) << c.what << ", after an absence";
    EXPECT_FALSE(f.store_.synced()) << c.what;
  }
}

TEST(Reflector, WritesOfOursAreSettledWhenTheirResourceIsTakenAway) {
  Fixture f(1, Quick(), MayBeAbsent());
  f.server_.Set("a");
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  Freshness freshness;
  freshness.RegisterStore(kube::kPods, &f.store_, [&] {
    const std::uint64_t list = f.reflector_->Restart();
    return [&f, list] { return f.reflector_->synced_list() >= list; };
  });
  freshness.NoteWrite("owner", kube::kPods, "1000");
  EXPECT_FALSE(freshness.IsFresh("owner", nullptr));
  f.server_.Install(false);
  f.server_.CutAll();
  ASSERT_TRUE(WaitFor([&] { return freshness.IsFresh("owner", nullptr); }));
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

WatchSpec WholePods() { return {kube::kPods, kube::RawDecoder({}), "", "ns", false}; }

// What one tenant stores may not hide the objects of the others, in a list or in a watch.
TEST(Reflector, AnObjectThatCannotBeReadIsItsOwnTroubleOnly) {
  const std::string deep = std::string(9000, '[') + std::string(9000, ']');
  Fixture f(1, Quick(), WholePods());
  f.server_.SetContents("deep", R"(,"spec":)" + deep);
  f.server_.SetContents("float", R"(,"spec":{"seed":18446744073709552000})");
  for (const char* name : {"a", "deep", "float", "z"}) f.server_.Set(name);
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_TRUE(f.store_.live());
  EXPECT_EQ(f.store_.incomplete(), 1u);
  for (const char* name : {"deep", "float", "a", "new"}) f.server_.Set(name);
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_EQ(f.server_.counts().lists, 1);
  EXPECT_THAT(f.store_.GetObject({"ns", "deep"})->meta.decode_error.get(), HasSubstr("nested"));
  EXPECT_EQ(f.store_.GetObject({"ns", "float"})->meta.decode_error, "");
}

TEST(Reflector, PagesShrinkUntilTheyFit) {
  Fixture f(1, Quick(), WholePods());
  for (int i = 0; i < 20; ++i) {
    const std::string name = "p" + std::to_string(i);
    f.server_.SetContents(name, R"(,"spec":")" + std::string(1000, 'x') + "\"");
    f.server_.Set(name);
  }
  f.server_.SetContents("p5", R"(,"spec":")" + std::string(9000, 'x') + "\"");
  f.server_.SetMaxPage(3000);
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_EQ(f.server_.counts().lists, 3) << "limits 7, 3 and 1 of the first page";
  EXPECT_THAT(f.store_.GetObject({"ns", "p5"})->meta.decode_error.get(), HasSubstr("too large"));
  EXPECT_EQ(f.store_.incomplete(), 1u) << "only the one that does not fit alone";
}

TEST(Reflector, AnEventThatIsTooLargeIsReadInPart) {
  ReflectorOptions options = Quick();
  options.max_line_bytes = 5000;
  Fixture f(1, options, WholePods());
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().watches == 1; }));
  f.server_.SetContents("large", R"(,"spec":")" + std::string(50'000, 'x') + "\"");
  for (const char* name : {"a", "large", "b"}) f.server_.Set(name);
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  EXPECT_EQ(f.server_.counts().lists, 1);
  EXPECT_THAT(f.store_.GetObject({"ns", "large"})->meta.decode_error.get(),
              HasSubstr("larger than 5000 bytes"));
}

// Whatever answers in place of the API server is waited out, and told while it lasts.
TEST(Reflector, AnyAnswerIsWaitedOutAndTold) {
  const char* const status =
      R"({"kind":"Status","reason":"Forbidden","message":"pods is forbidden: no"})";
  const struct {
    const char* what;
    FakeWatchServer::Answer answer;
    const char* words;
  } kCases[] = {
      {"401", {401, {}, status, false}, "pods is forbidden: no"},
      {"403", {403, {}, status, false}, "pods is forbidden: no"},
      {"404 of a proxy", {404, {}, "<html>not here</html>", false}, "<html>not here"},
      {"408", {408, {}, "", false}, "HTTP 408"},
      {"410", {410, {}, "", false}, "HTTP 410"},
      {"413", {413, {}, "", false}, "HTTP 413"},
      {"500", {500, {}, "", false}, "HTTP 500"},
      {"503", {503, {}, "upstream is down", false}, "upstream is down"},
      {"a redirect", {302, {{"Location", "https://login"}}, "", false}, "HTTP 302"},
      {"a page of HTML", {200, {{"Content-Type", "text/html"}}, "<html>log in</html>", false}, ""},
      {"a body that never ends", {403, {}, status, true}, "pods is forbidden: no"},
  };
  for (const auto& c : kCases) {
    Fixture f(1);
    f.server_.Set("a");
    f.reflector_->Restart();
    ASSERT_TRUE(WaitFor([&] { return f.Converged() && f.store_.live(); })) << c.what;
    f.server_.AnswerWatches(c.answer);
    FakeWatchServer::Answer list = c.answer;
    list.open = false;
    f.server_.AnswerLists(list);
    f.server_.CutAll();
    ASSERT_TRUE(WaitFor([&] { return !f.store_.live(); })) << c.what;
    ASSERT_TRUE(WaitFor([&] { return f.store_.trouble().find(c.words) != std::string::npos; }))
        << c.what << ": " << f.store_.trouble();
    EXPECT_EQ(f.store_.size(), 1u) << "contents stay readable";
    f.server_.Set("b");
    f.server_.AnswerWatches({});
    f.server_.AnswerLists({});
    ASSERT_TRUE(WaitFor([&] { return f.Converged() && f.store_.live(); })) << c.what;
    EXPECT_EQ(f.store_.trouble(), "");
  }
}

void ExpectHalfEventsAreGivenUp(Fixture& f) {
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.store_.live(); }));
  f.server_.AnswerWatches({200, {}, "{\"type\":", true});
  f.server_.CutAll();
  const int watches = f.server_.counts().watches;
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().watches >= watches + 3; }));
}

TEST(Reflector, AWatchThatDripsWithoutAnEventIsGivenUp) {
  Fixture f(1);
  ExpectHalfEventsAreGivenUp(f);
}

TEST(Reflector, HalfAnEventIsNotWaitedForUntilTheWatchIsIdle) {
  ReflectorOptions options = Quick();
  options.timings.idle = milliseconds(60'000);
  options.timings.event = milliseconds(50);
  Fixture f(1, options);
  ExpectHalfEventsAreGivenUp(f);
}

// A proxy that accepts watches and brings nothing, or cuts them at once.
TEST(Reflector, WatchesWithoutEventsAreNoReasonToTrustAnOldCache) {
  ReflectorOptions options = Quick();
  options.timings.silence = milliseconds(100);
  for (const bool open : {true, false}) {
    Fixture f(1, options);
    f.reflector_->Restart();
    ASSERT_TRUE(WaitFor([&] { return f.store_.live(); }));
    f.server_.AnswerWatches({200, {}, "", open});
    f.server_.CutAll();
    f.server_.Set("a");
    ASSERT_TRUE(WaitFor([&] { return f.Converged(); })) << "by a list";
    f.server_.AnswerLists({500, {}, "", false});
    ASSERT_TRUE(WaitFor([&] { return !f.store_.live(); }));
    f.server_.AnswerLists({});
    f.server_.AnswerWatches({});
    f.server_.Set("b");
    ASSERT_TRUE(WaitFor([&] { return f.Converged() && f.store_.live(); }));
  }
}

TEST(Reflector, AShortBreakOfTheWatchIsNoTrouble) {
  ReflectorOptions options = Quick();
  options.timings.live_grace = seconds(60);
  Fixture f(1, options);
  f.reflector_->Restart();
  ASSERT_TRUE(WaitFor([&] { return f.Converged(); }));
  f.server_.AnswerWatches({500, {}, "", false});
  f.server_.CutAll();
  const int watches = f.server_.counts().watches;
  ASSERT_TRUE(WaitFor([&] { return f.server_.counts().watches >= watches + 2; }));
  EXPECT_TRUE(f.store_.live());
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
