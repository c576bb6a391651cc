#include "tests/integration/hostile/scene.h"

#include <algorithm>
#include <atomic>
#include <iomanip>
#include <iostream>
#include <thread>
#include <utility>

namespace disagg::testing {

void Scene::SetUp() { StartOperator(); }

void Scene::StartOperator(const std::vector<std::string>& flags) {
  static std::atomic<int> count{0};
  if (op_) {
    op_->Kill();
    op_->WaitForEnd(seconds(10));
  }
  op_.reset();
  proxy_ =
      FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                        ChartEnvironment::cluster().dir() + "/scene-" + std::to_string(++count));
  ASSERT_NE(proxy_, nullptr);
  op_ = std::make_unique<Operator>(proxy_->kubeconfig(), flags);
}

void Scene::RestartOperator() { op_ = std::make_unique<Operator>(proxy_->kubeconfig()); }

std::vector<json> Scene::RequestsDuring(seconds window) {
  const auto since = FaultProxy::Now();
  std::this_thread::sleep_for(window);
  auto requests = proxy_->Requests({{"since", since}, {"until", since + window.count() * 1000}});
  std::erase_if(requests, [](const json& request) {
    return request["kind"] == "watch" ||
           request["path"].get<std::string>().find("/leases") != std::string::npos;
  });
  return requests;
}

int Scene::RequestsPerMinute(seconds window) {
  return static_cast<int>(static_cast<std::int64_t>(RequestsDuring(window).size()) * 60 /
                          window.count());
}

double Scene::SecondsUntil(const std::string& sentence, const std::function<bool()>& condition,
                           seconds limit) {
  const auto start = std::chrono::steady_clock::now();
  Eventually(sentence, limit, condition);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Scene::Report(const std::string& trouble, int per_minute, double seconds_to_heal) {
  std::cout << "SCENE | " << trouble << " | " << per_minute << " | " << std::fixed
            << std::setprecision(1) << seconds_to_heal << " |\n";
}

void MakeNamespace(const std::string& deployment, const json& labels) {
  json all{{"pod-security.kubernetes.io/enforce", "privileged"}};
  all.update(labels);
  const Answer made = TheApi().Create(
      "/api/v1/namespaces", {{"apiVersion", "v1"},
                             {"kind", "Namespace"},
                             {"metadata", {{"name", "test-" + deployment}, {"labels", all}}}});
  ASSERT_TRUE(made.ok()) << made.message();
}

namespace {

bool HasEnded(const json& object) {
  const json status = object.value("status", json::object());  // a ControllerRevision has none
  const std::string phase = status.is_object() ? status.value("phase", "") : "";
  return object["metadata"].contains("deletionTimestamp") || phase == "Failed" ||
         phase == "Succeeded";
}

bool IsControlledBy(const json& object, const Deployment& deployment) {
  for (const json& owner : object["metadata"].value("ownerReferences", json::array())) {
    if (owner.value("kind", "") == "DisaggDeployment" &&
        owner.value("name", "") == deployment.name())
      return true;
  }
  return false;
}

}  // namespace

std::vector<json> Owned(const Deployment& deployment, const std::string& resource) {
  std::vector<json> owned;
  for (json& object : TheApi().List(deployment.Collection(resource))) {
    if (!HasEnded(object) && IsControlledBy(object, deployment)) owned.push_back(std::move(object));
  }
  return owned;
}

std::vector<json> OwnedPods(const Deployment& deployment) { return Owned(deployment, "pods"); }

std::string PodPath(const Deployment& deployment, const json& pod) {
  return deployment.Collection("pods") + "/" + pod["metadata"]["name"].get<std::string>();
}

std::string Told(const Deployment& deployment) {
  const json status = deployment.Status();
  std::string told = status.value("summary", json::object()).dump();
  for (const char* list : {"conditions", "problems"}) {
    for (const json& entry : status.value(list, json::array())) {
      told += "\n" + entry.value("type", "") + " " + entry.value("reason", "") + ": " +
              entry.value("message", "");
    }
  }
  return told;
}

void ExpectTold(const Deployment& deployment, const std::string& words) {
  EXPECT_TRUE(Eventually("status says \"" + words + "\"", kTold, [&] {
    return Told(deployment).find(words) != std::string::npos;
  })) << Told(deployment);
}

Object::Object(std::string collection, const json& object)
    : path_(std::move(collection) + "/" + object["metadata"]["name"].get<std::string>()) {
  const Answer made = TheApi().Create(path_.substr(0, path_.rfind('/')), object);
  EXPECT_TRUE(made.ok()) << made.message();
}

void Object::Remove() {
  if (std::exchange(removed_, true)) return;
  TheApi().Delete(path_);
}

}  // namespace disagg::testing
