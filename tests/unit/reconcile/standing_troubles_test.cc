#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "controllers/api/labels.h"
#include "tests/unit/reconcile/small_cluster.h"

namespace disagg::reconcile {
namespace {

using nlohmann::json;
using runtime::Refusal;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using transport::Method;
using transport::Request;
using Answer = SmallCluster::Answer;

constexpr std::size_t kPodsWanted = 4;  // the router among them

bool IsWrite(const Request& request) { return request.method != Method::kGet; }

bool Creates(const Request& request, const std::string& plural) {
  return request.method == Method::kPost && request.target.find("dryRun") == std::string::npos &&
         request.target.find("/" + plural + "?") != std::string::npos;
}

// A fault that answers all requests that `hits` names.
SmallCluster::Fault Answering(std::function<bool(const Request&)> hits, Answer answer) {
  return [hits = std::move(hits),
          answer = std::move(answer)](const Request& request) -> std::optional<Answer> {
    if (!hits(request)) return std::nullopt;
    return answer;
  };
}

Answer Waiting(const std::string& retry_after) {
  transport::Response response = Refusal(429, "TooManyRequests", "later");
  response.headers.push_back({"Retry-After", retry_after});
  return response;
}

struct Trouble {
  std::string name;
  SmallCluster::Fault fault;
  int most_requests = 30;  // a minute
};

std::vector<Trouble> StandingTroubles() {
  const auto creates_pods = [](const Request& request) { return Creates(request, "pods"); };
  const auto dry_runs = [](const Request& request) {
    return request.target.find("dryRun") != std::string::npos;
  };
  const auto status = [](const Request& request) {
    return request.target.find("/status") != std::string::npos;
  };
  const auto patches = [](const Request& request) { return request.method == Method::kPatch; };
  return {
      {"a webhook on pods is dead",
       Answering(creates_pods,
                 Refusal(500, "InternalError", "failed calling webhook guard.example.com"))},
      {"a policy refuses pods", Answering(dry_runs, Refusal(422, "Invalid", "no"))},
      {"a quota is used up",
       Answering(creates_pods, Refusal(403, "Forbidden", "exceeded quota: gpus"))},
      {"the right to create pods is missing",
       Answering(creates_pods,
                 Refusal(403, "Forbidden", R"(User \"x\" cannot create resource pods)"))},
      {"the credential has expired", Answering(IsWrite, Refusal(401, "Unauthorized", "no"))},
      {"a proxy asks for a day", Answering(IsWrite, Waiting("86400"))},
      {"a proxy answers everything with HTML",
       Answering([](const Request&) { return true; },
                 Answer(transport::Response{200, {}, "<html>"})),
       // 24 of them are the sweeps' (six kinds), once for all deployments together.
       40},
      {"revisions cannot be stored",
       Answering([](const Request& request) { return Creates(request, "controllerrevisions"); },
                 Refusal(500, "InternalError", "etcdserver: request is too large"))},
      {"the status cannot be written", Answering(status, Refusal(404, "NotFound", "no"))},
      {"applies are answered 409", Answering(patches, Refusal(409, "Conflict", "no"))},
      {"applies are answered 422", Answering(patches, Refusal(422, "Invalid", "no"))},
      {"names are taken by objects that a look does not show",
       Answering(creates_pods, Refusal(409, "AlreadyExists", "exists"))},
  };
}

TEST(StandingTrouble, CostsFewRequestsAMinuteAndHealsWithinSeconds) {
  for (const Trouble& trouble : StandingTroubles()) {
    SmallCluster cluster;
    cluster.Lead();
    cluster.Break(trouble.fault);
    // Something wakes the deployment every second all the while.
    cluster.Play(minutes(3), seconds(1));
    const int requests = cluster.Play(minutes(1), seconds(1));
    EXPECT_LE(requests, trouble.most_requests) << trouble.name << ": requests in the fourth minute";
    cluster.Break({});
    cluster.Play(seconds(75));
    EXPECT_EQ(cluster.Pods().size(), kPodsWanted) << trouble.name << ": after it is over";
    EXPECT_EQ(cluster.Play(minutes(2), seconds(1)), 0) << trouble.name << ": quiet again";
  }
}

json WithoutLabel() { return {{"metadata", {{"labels", {{api::kLabelDeployment, nullptr}}}}}}; }

TEST(LostLabels, AreGivenBackAndCostNoPod) {
  SmallCluster cluster;
  cluster.Lead();
  cluster.Play(seconds(10));
  const auto pods = cluster.Pods();
  ASSERT_EQ(pods.size(), kPodsWanted);
  cluster.Patch(pods.front(), WithoutLabel());
  cluster.Play(seconds(5));
  EXPECT_EQ(cluster.Pods(), pods);
  EXPECT_TRUE(cluster.Object(pods.front())["metadata"]["labels"].contains(api::kLabelDeployment));
  cluster.Play(minutes(1));  // until it is told that no scheduler looks at the pods
  EXPECT_EQ(cluster.Play(minutes(2), seconds(1)), 0);
}

TEST(LostLabels, AreGivenBackWhileARevisionCannotBeRead) {
  SmallCluster cluster;
  // The answer to its creation is lost, so that it has to be read; a first look shows that it is
  // there.
  cluster.LoseAnswers(
      [](const Request& request) { return Creates(request, "controllerrevisions"); });
  cluster.Break(Answering(
      [looks = 0](const Request& request) mutable {
        return request.target.find("/controllerrevisions/") != std::string::npos && ++looks > 1;
      },
      Refusal(500, "InternalError", "etcdserver: request timed out")));
  cluster.Lead();
  cluster.Play(seconds(10));
  const auto pods = cluster.Pods();
  ASSERT_EQ(pods.size(), kPodsWanted - 1) << "nobody knows what to create the router from";
  cluster.Patch(pods.front(), {{"metadata", {{"labels", {{api::kLabelRole, nullptr}}}}}});
  cluster.Play(seconds(5));
  EXPECT_TRUE(cluster.Object(pods.front())["metadata"]["labels"].contains(api::kLabelRole));
  cluster.Break({});
  cluster.Play(minutes(1));
  EXPECT_EQ(cluster.Pods().size(), kPodsWanted);
}

TEST(LostLabels, OfEveryKindOfChildAreGivenBack) {
  for (const std::string path : {"/api/v1/namespaces/serving/services/minimax-m3",
                                 "/api/v1/namespaces/serving/serviceaccounts/minimax-m3-workers"}) {
    SmallCluster cluster;
    cluster.Lead();
    cluster.Play(seconds(10));
    ASSERT_FALSE(cluster.Object(path).is_null()) << path;
    cluster.Patch(path, WithoutLabel());
    cluster.Play(seconds(5));
    EXPECT_TRUE(cluster.Object(path)["metadata"]["labels"].contains(api::kLabelDeployment)) << path;
  }
}

TEST(LostLabels, DoNotKeepAPodOnItsDevicesWhenTheDeploymentIsSuspended) {
  SmallCluster cluster;
  cluster.Lead();
  cluster.Play(seconds(10));
  // Nobody may write a label for now.
  cluster.Break(Answering(
      [](const Request& request) {
        return request.method == Method::kPatch &&
               request.target.find("/pods/") != std::string::npos;
      },
      Refusal(403, "Forbidden", R"(User \"x\" cannot patch resource)")));
  cluster.Patch(cluster.Pods().front(), WithoutLabel());
  planning::DeploymentBuilder suspended;
  suspended.spec().suspend = true;
  cluster.Spec(suspended.Generation(2));
  cluster.Play(seconds(10));
  EXPECT_EQ(cluster.Pods(), std::vector<std::string>{});
}

TEST(LostLabels, AreFoundWhenNobodyLedWhileTheyWereTakenOff) {
  SmallCluster cluster;
  cluster.Lead();
  cluster.Play(seconds(10));
  const auto pods = cluster.Pods();
  for (const std::string& pod : pods) cluster.Patch(pod, WithoutLabel());
  cluster.Lead();  // forgets what a watch has shown
  cluster.Play(seconds(10));
  EXPECT_EQ(cluster.Pods(), pods);
}

TEST(LostLabels, TakenOffAtCreationByAPolicyAreGivenBackOnce) {
  SmallCluster cluster;
  cluster.Mutate([](json& object) {
    const bool first = !object["metadata"].contains("uid");
    if (object.value("kind", "") == "Pod" && first) {
      object["metadata"]["labels"].erase(api::kLabelDeployment);
    }
  });
  cluster.Lead();
  cluster.Play(seconds(15));
  const auto pods = cluster.Pods();
  EXPECT_EQ(pods.size(), kPodsWanted);
  for (const std::string& pod : pods) {
    EXPECT_TRUE(cluster.Object(pod)["metadata"]["labels"].contains(api::kLabelDeployment)) << pod;
  }
  cluster.Play(minutes(1));  // until it is told that no scheduler looks at the pods
  EXPECT_EQ(cluster.Play(minutes(2), seconds(1)), 0);
}

TEST(LostLabels, TakenOffAgainAndAgainMakeNoLoop) {
  SmallCluster cluster;
  cluster.Mutate([](json& object) {
    if (object.value("kind", "") == "Pod") {
      object["metadata"]["labels"].erase(api::kLabelDeployment);
    }
  });
  cluster.Lead();
  cluster.Play(minutes(3), seconds(1));
  EXPECT_EQ(cluster.Pods().size(), kPodsWanted);
  EXPECT_LE(cluster.Play(minutes(1), seconds(1)), 30);
  cluster.Mutate({});
  cluster.Play(seconds(60));
  EXPECT_EQ(cluster.Pods().size(), kPodsWanted);
  cluster.Play(minutes(1));  // until it is told that no scheduler looks at the pods
  EXPECT_EQ(cluster.Play(minutes(2), seconds(1)), 0);
}

TEST(LaggingCache, IsReportedWithWhatIsDoneMeanwhile) {
  SmallCluster cluster;
  cluster.Lead();
  cluster.Play(seconds(10));
  planning::DeploymentBuilder deployment;
  cluster.freshness().NoteWrite(deployment.Value().meta.uid, kube::kServices, "999999");
  deployment.spec().suspend = true;
  cluster.Spec(deployment.Generation(2));
  cluster.Play(minutes(2));
  EXPECT_EQ(cluster.Pods().size(), 0U) << "GPUs are given back";
  const json problem = cluster.status().at("problems").at(0);
  EXPECT_EQ(problem.at("reason"), "CacheLags");
  const std::string message = problem.at("message");
  EXPECT_NE(message.find("the cache of services does not show the last write of this operator; "
                         "until it does, the operator only deletes pods that the spec does not "
                         "want"),
            std::string::npos)
      << message;
}

TEST(LaggingCache, OfPodsIsNotAskedTwiceForADeletionThatWasAnswered) {
  SmallCluster cluster;
  cluster.Lead();
  cluster.Play(seconds(10));
  cluster.StopWatch(kube::kPods);
  int deletions = 0;
  cluster.Break([&](const Request& request) -> std::optional<Answer> {
    const bool of_pod = request.target.find("/pods/") != std::string::npos;
    if (request.method == Method::kDelete && of_pod) ++deletions;
    return std::nullopt;
  });
  planning::DeploymentBuilder suspended;
  suspended.spec().suspend = true;
  cluster.Spec(suspended.Generation(2));
  cluster.Play(minutes(2), seconds(1));
  EXPECT_EQ(cluster.Pods().size(), 0U);
  EXPECT_EQ(deletions, static_cast<int>(kPodsWanted));
}

TEST(Deletion, AnsweredNotFoundByAProxyIsTriedUntilThePodIsGone) {
  SmallCluster cluster;
  cluster.Lead();
  cluster.Play(seconds(10));
  cluster.Break(Answering([](const Request& request) { return request.method == Method::kDelete; },
                          Refusal(404, "NotFound", "no")));
  planning::DeploymentBuilder suspended;
  suspended.spec().suspend = true;
  cluster.Spec(suspended.Generation(2));
  cluster.Play(seconds(40));
  EXPECT_EQ(cluster.Pods().size(), kPodsWanted);
  cluster.Break({});
  cluster.Play(seconds(20));
  EXPECT_EQ(cluster.Pods().size(), 0U);
}

}  // namespace
}  // namespace disagg::reconcile
