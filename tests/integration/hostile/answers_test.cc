// Any HTTP answer, to writes, reads, watches and the lease, from the API server or from what stands
// before it. None stops an operator, each is over when it is over.

#include <cctype>
#include <ostream>
#include <thread>

#include "tests/integration/hostile/scene.h"

namespace disagg::testing {
namespace {

constexpr const char* kHtml = "<html><body><h1>Bad Gateway</h1></body></html>";

// How long each lasts: the back-off of the first seconds, not that of minutes.
constexpr seconds kLasts{6};
constexpr int kMostHits = 60;

// A wait that the answer asks for is honoured, up to a minute.
seconds HealedAfter(const json& answer) {
  return answer.contains("headers") && answer["headers"].contains("Retry-After")
             ? seconds(60) + kHealed
             : kHealed;
}

int PerMinute(int hits) { return hits * 60 / static_cast<int>(kLasts.count()); }

struct Trouble {
  const char* name;
  json answer;
};

std::ostream& operator<<(std::ostream& out, const Trouble& trouble) { return out << trouble.name; }

const std::vector<Trouble>& Troubles() {
  static const std::vector<Trouble> troubles{
      {"Unauthorized401", {{"status", 401}}},
      {"Forbidden403", {{"status", 403}}},
      {"NotFound404", {{"status", 404}}},
      {"Timeout408", {{"status", 408}, {"body", ""}}},
      {"Conflict409", {{"status", 409}}},
      {"TooLarge413", {{"status", 413}, {"body", kHtml}}},
      {"MediaType415", {{"status", 415}}},
      {"RetryTomorrow429", {{"status", 429}, {"headers", {{"Retry-After", "86400"}}}}},
      {"Internal500", {{"status", 500}}},
      {"Html502", {{"status", 502}, {"body", kHtml}, {"headers", {{"Content-Type", "text/html"}}}}},
      {"Unavailable503", {{"status", 503}, {"headers", {{"Retry-After", "86400"}}}}},
      {"Gateway504", {{"status", 504}, {"body", ""}}},
      {"Redirect302",
       {{"status", 302}, {"body", ""}, {"headers", {{"Location", "https://x.invalid/"}}}}},
      {"Html200", {{"status", 200}, {"body", kHtml}, {"headers", {{"Content-Type", "text/html"}}}}},
      {"CutBody", {{"cutAfter", 20}}},
      {"LostAnswer", {{"abort", true}, {"forward", true}}},
      {"DrippingBody", {{"dripMs", 500}}},
  };
  return troubles;
}

class AnyAnswer : public Scene, public ::testing::WithParamInterface<Trouble> {
 protected:
  static std::string Named(const std::string& prefix) {
    std::string name = prefix;
    for (const char c : std::string(GetParam().name)) name += static_cast<char>(std::tolower(c));
    return name;
  }
};

TEST_P(AnyAnswer, ToWritesDelaysAnApply) {
  json which{{"kind", "write"}};
  which.update(GetParam().answer);
  proxy().Inject("trouble", which);
  Deployment deployment(Named("write-"));
  bool stalled = false;
  for (const auto end = FaultProxy::Now() + 1000 * kLasts.count(); FaultProxy::Now() < end;) {
    stalled |= deployment.Condition("Stalled") == "True";
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  proxy().Lift("trouble");
  EXPECT_GE(proxy().Hits("trouble"), 1) << "no request met the trouble";
  const int hits = proxy().Hits("trouble");
  const double healed = SecondsUntil(
      "Ready", [&] { return deployment.Converged(); }, HealedAfter(GetParam().answer));
  EXPECT_FALSE(stalled) << "no fault of the spec";
  EXPECT_EQ(OwnedPods(deployment).size(), 4u);
  EXPECT_LE(hits, kMostHits);
  Report(std::string("writes are answered ") + GetParam().name, PerMinute(hits), healed);
}

TEST_P(AnyAnswer, ToReadsAndWatchesDelaysWhatIsSeen) {
  Deployment deployment(Named("read-"));
  ASSERT_TRUE(deployment.WaitReady());
  const json lost = deployment.Pods("prefill").at(0)["metadata"];
  proxy().Inject("trouble", [] {
    json which{{"method", "GET"}};
    which.update(GetParam().answer);
    return which;
  }());
  ASSERT_GE(proxy().CutWatches(), 1);
  TheApi().Delete(deployment.Collection("pods") + "/" + lost["name"].get<std::string>());
  std::this_thread::sleep_for(kLasts);
  proxy().Lift("trouble");
  const int hits = proxy().Hits("trouble");
  EXPECT_GE(hits, 1) << "no request met the trouble";
  const double healed = SecondsUntil(
      "the lost pod is replaced",
      [&] {
        const auto pods = OwnedPods(deployment);
        return deployment.Converged() && pods.size() == 4 &&
               !Uids(pods).contains(lost["uid"].get<std::string>());
      },
      HealedAfter(GetParam().answer));
  EXPECT_TRUE(op().Running());
  Report(std::string("reads are answered ") + GetParam().name, PerMinute(hits), healed);
}

INSTANTIATE_TEST_SUITE_P(All, AnyAnswer, ::testing::ValuesIn(Troubles()),
                         [](const auto& test) { return std::string(test.param.name); });

class AnswerToOne : public Scene {};

// A proxy, or a conflict that was over a moment later: the pod lives.
TEST_F(AnswerToOne, ADeletionThatIsAnsweredGoneIsLookedAt) {
  for (const int status : {404, 409}) {
    SCOPED_TRACE(status);
    const std::string name = "deleted-" + std::to_string(status);
    Deployment deployment(name);
    ASSERT_TRUE(deployment.WaitReady());
    proxy().Inject(name,
                   {{"method", "DELETE"}, {"path", "/pods/"}, {"count", 2}, {"status", status}});
    deployment.Patch({{"prefill", {{"replicas", 1}}}});
    const double healed = SecondsUntil("the pod that was said to be gone is",
                                       [&] { return OwnedPods(deployment).size() == 3; });
    EXPECT_GE(proxy().Hits(name), 1);
    EXPECT_TRUE(deployment.WaitReady(kHealed));
    Report("a deletion is answered " + std::to_string(status), 0, healed);
  }
}

TEST_F(AnswerToOne, AStatusThatIsAnsweredNotFoundIsWrittenAgain) {
  proxy().Inject("status",
                 {{"path", "/status$"}, {"kind", "write"}, {"count", 3}, {"status", 404}});
  Deployment deployment("status-404");
  EXPECT_TRUE(deployment.WaitReady(kHealed));
  EXPECT_EQ(proxy().Hits("status"), 3);
}

TEST_F(AnswerToOne, ACreationThatIsAnsweredAlreadyExistsIsLookedAt) {
  proxy().Inject(
      "create",
      {{"method", "POST"},
       {"path", "/pods$"},
       {"kind", "write"},
       {"count", 2},
       {"status", 409},
       {"body", R"({"kind":"Status","apiVersion":"v1","status":"Failure",)"
                R"("reason":"AlreadyExists","message":"pods already exists","code":409})"}});
  Deployment deployment("create-409");
  EXPECT_TRUE(deployment.WaitReady(kHealed));
  EXPECT_EQ(proxy().Hits("create"), 2);
  EXPECT_EQ(OwnedPods(deployment).size(), 4u);
}

// The leader keeps its lease over single bad answers.
TEST_F(AnswerToOne, TheLeaseOutlivesBadAnswers) {
  StartOperator({"--leader-elect=true", "--leader-elect-namespace", "disagg-system"});
  Deployment deployment("lease");
  ASSERT_TRUE(deployment.WaitReady(seconds(120)));
  for (const int status : {401, 404, 429, 500, 502}) {
    const std::string name = "lease-" + std::to_string(status);
    proxy().Inject(name, {{"path", "/leases/"},
                          {"count", 2},
                          {"status", status},
                          {"headers", {{"Retry-After", "86400"}}}});
    EXPECT_TRUE(Eventually("the lease is answered " + std::to_string(status), seconds(20),
                           [&] { return proxy().Hits(name) == 2; }));
    std::this_thread::sleep_for(seconds(3));
    ASSERT_TRUE(op().Running()) << "ended by " << status;
  }
  TheApi().Delete(deployment.Collection("pods") + "/" + deployment.PodNames("prefill").at(0));
  EXPECT_TRUE(Eventually("it still acts", kHealed, [&] {
    return deployment.Converged() && OwnedPods(deployment).size() == 4;
  }));
}

}  // namespace
}  // namespace disagg::testing
