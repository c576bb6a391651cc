#include "controllers/reconcile/accepted_pods.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/unit/reconcile/fake_cluster.h"

namespace disagg::reconcile {
namespace {

using planning::Verb;
using runtime::Json;
using runtime::Refusal;
using std::chrono::seconds;
using Answer = FakeCluster::Answer;
using Writes = std::vector<planning::Write>;

kube::ObjectMeta OwnerOf(const std::string& uid) {
  kube::ObjectMeta owner = Owner();
  owner.uid = uid;
  return owner;
}

planning::Write Ask(const std::string& likeness, const std::string& namespace_name = "serving") {
  planning::Write write = WriteOf(Verb::kDryRun);
  write.likeness = likeness;
  write.key.namespace_name = namespace_name;
  return write;
}

// One deployment is answered, something happens, and another asks.
struct Case {
  std::string sentence;
  planning::Write first;
  Answer answer;
  Writes meanwhile;  // of a third one, refused
  seconds later{0};
  planning::Write second;
  std::size_t asked = 1;
};

std::vector<Case> Cases() {
  const Answer yes = Json(201, PodJson(kUid, "owner"));
  const Answer no = Refusal(422, "Invalid"), full = Refusal(403, "Forbidden", "exceeded quota: x");
  planning::Write pod = WriteOf(Verb::kCreate);
  planning::Write other = pod;
  other.key.namespace_name = "elsewhere";
  planning::Write service = pod;
  service.resource = kube::kServices;
  return {
      {"a pod like one that was accepted is not asked about",
       Ask("p"),
       yes,
       {},
       seconds(59),
       Ask("p"),
       1},
      {"a minute later it is", Ask("p"), yes, {}, seconds(61), Ask("p"), 2},
      {"a pod of another likeness is", Ask("p"), yes, {}, {}, Ask("d"), 2},
      {"a pod of another namespace is", Ask("p"), yes, {}, {}, Ask("p", "elsewhere"), 2},
      {"a pod without a likeness is", Ask(""), yes, {}, {}, Ask(""), 2},
      {"a refusal is nobody else's", Ask("p"), no, {}, {}, Ask("p"), 2},
      {"nor is a full quota", Ask("p"), full, {}, {}, Ask("p"), 2},
      {"nor is an answer that decides nothing",
       Ask("p"),
       Refusal(503, "ServiceUnavailable"),
       {},
       {},
       Ask("p"),
       2},
      {"a pod that is refused drops what its namespace has accepted",
       Ask("p"),
       yes,
       {pod},
       {},
       Ask("p"),
       2},
      {"a dry run that is refused, too", Ask("p"), yes, {Ask("d")}, {}, Ask("p"), 3},
      {"one of another namespace does not", Ask("p"), yes, {other}, {}, Ask("p"), 1},
      {"nor does a Service", Ask("p"), yes, {service}, {}, Ask("p"), 1},
  };
}

TEST(AcceptedPods, AreNotAskedAboutForAMinute) {
  for (const Case& c : Cases()) {
    FakeCluster cluster;
    cluster.Answers("POST dry", c.answer);
    cluster.Execute({c.first}, OwnerOf("first"));
    cluster.Answers("POST", Refusal(403, "Forbidden", "violates PodSecurity"));
    cluster.Answers("POST dry", Refusal(422, "Invalid"));
    if (!c.meanwhile.empty()) cluster.Execute(c.meanwhile, OwnerOf("third"));
    cluster.clock.Advance(c.later);
    const bool accepted = cluster.Execute({c.second}, OwnerOf("second")).accepted();
    EXPECT_EQ(cluster.CountOf("POST dry"), c.asked) << c.sentence;
    EXPECT_EQ(accepted, c.asked == 1) << c.sentence;
  }
}

TEST(AcceptedPods, AreAwaitedWhereAnotherPassAsks) {
  for (const bool accepted : {true, false}) {
    base::ManualClock clock{base::SystemTime{}};
    AcceptedPods pods(clock);
    ASSERT_EQ(pods.Look(Ask("p")), AcceptedPods::Answer::kUnknown);
    ASSERT_EQ(pods.Look(Ask("p")), AcceptedPods::Answer::kAwaited);
    std::thread asking([&] { pods.Settle(Ask("p"), accepted); });
    EXPECT_EQ(pods.Await(Ask("p")), accepted);
    asking.join();
  }
}

TEST(AcceptedPods, AreAskedAboutAnewWhenTheAnswerNeverCame) {
  base::ManualClock clock{base::SystemTime{}};
  AcceptedPods pods(clock);
  pods.Look(Ask("p"));
  clock.Advance(seconds(16));
  EXPECT_EQ(pods.Look(Ask("p")), AcceptedPods::Answer::kUnknown);
}

TEST(AcceptedPods, AreBounded) {
  base::ManualClock clock{base::SystemTime{}};
  AcceptedPods pods(clock);
  for (std::size_t i = 0; i <= AcceptedPods::kMost; ++i) pods.Settle(Ask(std::to_string(i)), true);
  EXPECT_EQ(pods.Look(Ask("0")), AcceptedPods::Answer::kUnknown);
}

}  // namespace
}  // namespace disagg::reconcile
