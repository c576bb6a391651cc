#include <csignal>
#include <thread>

#include "tests/integration/hostile/soak.h"
#include "tests/support/nodes.h"
#include "tests/support/webhook_server.h"

namespace disagg::testing {

const std::vector<SoakScene::Act>& SoakScene::AllActs() {
  static const std::vector<Act> acts{{"scale", 6, &SoakScene::Scale},
                                     {"change arguments", 4, &SoakScene::Change},
                                     {"suspend", 3, &SoakScene::Suspend},
                                     {"misspell the model", 3, &SoakScene::Misspell},
                                     {"delete and apply again", 2, &SoakScene::ApplyAgain},
                                     {"delete a pod", 6, &SoakScene::DeletePod},
                                     {"relabel a pod", 6, &SoakScene::Relabel},
                                     {"delete a child", 3, &SoakScene::DeleteChild},
                                     {"patch a selector", 3, &SoakScene::PatchSelector},
                                     {"kill a webhook", 3, &SoakScene::KillWebhook},
                                     {"taint a node", 2, &SoakScene::TaintNode},
                                     {"answer badly", 8, &SoakScene::AnswerBadly},
                                     {"cut watches", 4, &SoakScene::CutWatches},
                                     {"kill the operator", 1, &SoakScene::KillOperator},
                                     {"stop the operator", 1, &SoakScene::StopOperator},
                                     {"restart the API server", 1, &SoakScene::RestartApiServer}};
  return acts;
}

std::string SoakScene::RandomPod(const Member& member) {
  const auto pods = OwnedPods(*member.deployment);
  if (pods.empty()) return "";
  const json& pod = pods[static_cast<std::size_t>(Random(static_cast<int>(pods.size())))];
  return PodPath(*member.deployment, pod);
}

void SoakScene::Scale(Member& member) {
  member.prefill = 1 + Random(3);
  member.decode = 1 + Random(2);
  member.deployment->Patch(
      {{"prefill", {{"replicas", member.prefill}}}, {"decode", {{"replicas", member.decode}}}});
}

void SoakScene::Change(Member& member) {
  member.deployment->Patch({{"decode", {{"args", {{"max-num-seqs", 64 + Random(4)}}}}}});
}

void SoakScene::Suspend(Member& member) {
  member.suspended = !member.suspended;
  member.deployment->Patch({{"suspend", member.suspended}});
}

void SoakScene::Misspell(Member& member) {
  member.deployment->Patch({{"model", {{"ref", "nvidia/misspelt"}}}});
  Later(20, [&member] { member.deployment->Patch({{"model", {{"ref", "nvidia/Tiny-NVFP4"}}}}); });
}

void SoakScene::ApplyAgain(Member& member) {
  const Deployment& deployment = *member.deployment;
  json spec = deployment.Object()["spec"];
  TheApi().Delete(deployment.path());
  Eventually("the old one is gone", seconds(60),
             [&] { return TheApi().Get(deployment.path()).status == 404; });
  const Answer made = TheApi().Create(
      deployment.Collection("disaggdeployments"),
      {{"apiVersion", "disagg.dev/v1alpha1"},
       {"kind", "DisaggDeployment"},
       {"metadata", {{"name", deployment.name()}, {"namespace", deployment.namespace_name()}}},
       {"spec", std::move(spec)}});
  EXPECT_TRUE(made.ok()) << made.message();
}

void SoakScene::DeletePod(Member& member) {
  if (const std::string pod = RandomPod(member); !pod.empty()) TheApi().Delete(pod, Random(2) - 1);
}

void SoakScene::Relabel(Member& member) {
  static const std::vector<std::pair<const char*, json>> changes{
      {"app.kubernetes.io/managed-by", nullptr},
      {"app.kubernetes.io/managed-by", "platform"},
      {"disagg.dev/deployment", nullptr},
      {"disagg.dev/role", nullptr},
      {"disagg.dev/role", "router"},
      {"disagg.dev/replica", "9"}};
  const std::string pod = RandomPod(member);
  if (pod.empty()) return;
  const auto& [label, value] = changes[static_cast<std::size_t>(Random(6))];
  TheApi().MergePatch(pod, {{"metadata", {{"labels", {{label, value}}}}}});
}

void SoakScene::DeleteChild(Member& member) {
  static const std::vector<const char*> resources{"services", "poddisruptionbudgets",
                                                  "rolebindings", "serviceaccounts"};
  const char* resource = resources[static_cast<std::size_t>(Random(4))];
  const auto owned = Owned(*member.deployment, resource);
  if (owned.empty()) return;
  TheApi().Delete(member.deployment->Collection(resource) + "/" +
                  owned.front()["metadata"]["name"].get<std::string>());
}

void SoakScene::PatchSelector(Member& member) {
  TheApi().MergePatch(member.deployment->Collection("services") + "/" + member.deployment->name(),
                      {{"spec", {{"selector", {{"color", "blue"}}}}}});
}

void SoakScene::KillWebhook(Member& member) {
  const std::string scene = member.deployment->name();
  const std::string collection =
      "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
  TheApi().Create(collection,
                  PodWebhook("ValidatingWebhookConfiguration", scene, "CREATE", DeadService()));
  Later(40, [collection, scene] { TheApi().Delete(collection + "/" + scene); });
}

void SoakScene::TaintNode(Member&) {
  const std::string node = NodePath("b200-" + std::to_string(Random(kB200Nodes)));
  // Of two that overlap neither may bring back the other's taint.
  const auto set = [node](bool out) {
    json taints = json::array();
    for (const json& taint : TheApi().Get(node).body["spec"].value("taints", json::array())) {
      if (taint["key"] != "node.kubernetes.io/out-of-service") taints.push_back(taint);
    }
    if (out) {
      taints.push_back({{"key", "node.kubernetes.io/out-of-service"},
                        {"value", "nodeshutdown"},
                        {"effect", "NoExecute"}});
    }
    TheApi().MergePatch(node, {{"spec", {{"taints", taints}}}});
  };
  set(true);
  Later(15, [set] { set(false); });
}

void SoakScene::AnswerBadly(Member&) {
  static const std::vector<int> statuses{401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504};
  static const std::vector<const char*> kinds{"write", "read", "watch", "other"};
  const std::string name = "soak-" + std::to_string(++faults_);
  json rule{{"kind", kinds[static_cast<std::size_t>(Random(4))]}};
  switch (Random(4)) {
    case 0:
      rule.update({{"abort", true}, {"forward", Random(2) == 0}});
      break;
    case 1:
      rule.update({{"cutAfter", Random(200)}});
      break;
    default:
      rule.update({{"status", statuses[static_cast<std::size_t>(Random(11))]},
                   {"headers", {{"Retry-After", "86400"}}}});
  }
  proxy().Inject(name, rule);
  Later(15, [this, name] { proxy().Lift(name); });
}

void SoakScene::CutWatches(Member&) {
  if (Random(2) == 0) proxy().ExpireWatches();
  proxy().CutWatches();
}

void SoakScene::KillOperator(Member&) {
  op().Kill();
  op().WaitForEnd(seconds(10));
  RestartOperator();
}

void SoakScene::StopOperator(Member&) {
  op().Signal(SIGSTOP);
  std::this_thread::sleep_for(seconds(1 + Random(20)));
  op().Signal(SIGCONT);
}

void SoakScene::RestartApiServer(Member&) {
  if (Random(2) == 0) {
    EXPECT_EQ(ChartEnvironment::cluster().Ctl({"compact"}).exit_code, 0);
  }
  EXPECT_EQ(ChartEnvironment::cluster().Ctl({"restart", "kube-apiserver"}).exit_code, 0);
}

}  // namespace disagg::testing
