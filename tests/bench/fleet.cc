#include "tests/bench/fleet.h"

#include <chrono>
#include <functional>
#include <iostream>
#include <thread>

#include "tests/bench/loader.h"

namespace disagg::bench {
namespace {

using nlohmann::json;

const std::string kOurs = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Ddisagg-operator";

json Get(transport::Transport& transport, const std::string& path) {
  transport::Request request;
  request.target = path;
  request.total_timeout = std::chrono::seconds(60);
  auto response = transport::SendAndWait(transport, std::move(request));
  return response ? json::parse(response->body, nullptr, false) : json::object();
}

transport::Request Post(const std::string& path, const json& object) {
  transport::Request request;
  request.method = transport::Method::kPost;
  request.target = path;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = object.dump();
  return request;
}

void Report(const char* what, const LoadResult& result) {
  if (result.failed > 0)
    std::cerr << what << ": " << result.failed << " requests failed: " << result.first_failure
              << "\n";
}

// The number of objects of a collection without reading them: one item and what the server says
// remains.
std::int64_t Count(transport::Transport& transport, const std::string& path) {
  const json page =
      Get(transport, path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=1");
  if (!page.contains("items")) return -1;
  return static_cast<std::int64_t>(page["items"].size()) +
         page["metadata"].value("remainingItemCount", 0);
}

void WaitUntil(const std::function<bool()>& done) {
  while (!done()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

json Spec(const BenchOptions& options) {
  json spec = json::parse(R"({
    "model": {"ref": "nvidia/Tiny-NVFP4"}, "container": {"image": "registry.example/mocker:1"}, "precision": "fp4",
    "accelerator": "b200", "engine": {"type": "mocker"}, "prefill": {}, "decode": {}})");
  spec["prefill"]["replicas"] = options.prefill;
  spec["decode"]["replicas"] = options.decode;
  return spec;
}

}  // namespace

std::vector<json> ListAll(transport::Transport& transport, const std::string& path) {
  std::vector<json> items;
  std::string token;
  do {
    const std::string query = std::string(path.find('?') == std::string::npos ? "?" : "&") +
                              "limit=500" + (token.empty() ? "" : "&continue=" + token);
    json page = Get(transport, path + query);
    for (json& item : page["items"]) items.push_back(std::move(item));
    token = page["metadata"].value("continue", "");
  } while (!token.empty());
  return items;
}

void Fleet::MakeNamespaces() {
  std::vector<transport::Request> requests;
  for (int i = 0; i < kNamespaces; ++i) {
    requests.push_back(
        Post("/api/v1/namespaces",
             {{"apiVersion", "v1"},
              {"kind", "Namespace"},
              {"metadata",
               {{"name", NamespaceOf(i)},
                {"labels", {{"pod-security.kubernetes.io/enforce", "privileged"}}}}}}));
  }
  SendAll(transport_, std::move(requests), 1);
  for (int i = 0; i < kNamespaces; ++i) {
    WaitUntil([&] {
      return Get(transport_, "/api/v1/namespaces/" + NamespaceOf(i) + "/serviceaccounts/default")
                 .value("kind", "") == "ServiceAccount";
    });
  }
}

void Fleet::MakeDeployments() {
  std::vector<transport::Request> requests;
  for (int i = 0; i < size_; ++i) {
    const json object = {
        {"apiVersion", "disagg.dev/v1alpha1"},
        {"kind", "DisaggDeployment"},
        {"metadata", {{"name", "d-" + std::to_string(i)}, {"namespace", NamespaceOf(i)}}},
        {"spec", Spec(options_)}};
    requests.push_back(Post(
        "/apis/disagg.dev/v1alpha1/namespaces/" + NamespaceOf(i) + "/disaggdeployments", object));
  }
  Report("deployments", SendAll(transport_, std::move(requests), options_.concurrency));
}

void Fleet::Delete() {
  std::vector<transport::Request> requests;
  for (int i = 0; i < size_; ++i) {
    transport::Request request;
    request.method = transport::Method::kDelete;
    request.target = "/apis/disagg.dev/v1alpha1/namespaces/" + NamespaceOf(i) +
                     "/disaggdeployments/d-" + std::to_string(i);
    requests.push_back(std::move(request));
  }
  Report("delete", SendAll(transport_, std::move(requests), options_.concurrency));
  for (const char* collection :
       {"/api/v1/pods", "/api/v1/services", "/apis/apps/v1/controllerrevisions",
        "/apis/policy/v1/poddisruptionbudgets",
        "/apis/rbac.authorization.k8s.io/v1/rolebindings"}) {
    WaitUntil([&] { return Count(transport_, std::string(collection) + "?" + kOurs) == 0; });
  }
}

void Fleet::WaitReady() {
  WaitUntil([&] {
    int ready = 0;
    for (const json& object : ListAll(transport_, "/apis/disagg.dev/v1alpha1/disaggdeployments")) {
      const json status = object.value("status", json::object());
      for (const json& condition : status.value("conditions", json::array())) {
        if (condition["type"] == "FullyAvailable" && condition["status"] == "True") ++ready;
      }
    }
    if (ready < size_) std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return ready >= size_;
  });
}

std::vector<Fleet::Owned> Fleet::Dump() {
  std::vector<Owned> dump;
  const std::vector<std::pair<std::string, std::string>> kinds{
      {"/apis/apps/v1", "controllerrevisions"},
      {"/api/v1", "serviceaccounts"},
      {"/apis/rbac.authorization.k8s.io/v1", "rolebindings"},
      {"/api/v1", "pods"},
      {"/api/v1", "services"},
      {"/apis/policy/v1", "poddisruptionbudgets"}};
  for (const auto& [group, plural] : kinds) {
    for (json& object : ListAll(transport_, group + "/" + plural + "?" + kOurs)) {
      json& metadata = object["metadata"];
      if (!metadata.contains("ownerReferences") ||
          metadata["ownerReferences"][0]["kind"] != "DisaggDeployment")
        continue;
      const std::string namespace_name = metadata["namespace"];
      const std::string owner =
          namespace_name + "/" + metadata["ownerReferences"][0]["name"].get<std::string>();
      for (const char* field :
           {"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"})
        metadata.erase(field);
      object.erase("status");
      if (object.contains("spec")) {
        for (const char* field : {"nodeName", "clusterIP", "clusterIPs"})
          object["spec"].erase(field);
      }
      dump.push_back(
          {group + "/namespaces/" + namespace_name + "/" + plural, owner, std::move(object)});
    }
  }
  return dump;
}

}  // namespace disagg::bench
