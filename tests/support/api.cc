#include "tests/support/api.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "operator/transport/beast_transport.h"
#include "operator/transport/config_loader.h"
#include "tests/golden/yaml.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

// The collection that an object of a kind lives in.
std::string CollectionOf(const json& object) {
  static const std::map<std::string, std::string> kPlurals{
      {"DisaggDeployment", "disaggdeployments"},
      {"ServingModel", "servingmodels"},
      {"AcceleratorClass", "acceleratorclasses"},
      {"Namespace", "namespaces"},
      {"Service", "services"},
      {"Pod", "pods"},
      {"ResourceQuota", "resourcequotas"},
      {"LimitRange", "limitranges"}};
  const std::string version = object.at("apiVersion");
  const std::string kind = object.at("kind");
  const json& metadata = object.at("metadata");
  std::string path =
      version.find('/') == std::string::npos ? "/api/" + version : "/apis/" + version;
  if (metadata.contains("namespace"))
    path += "/namespaces/" + metadata.at("namespace").get<std::string>();
  const auto plural = kPlurals.find(kind);
  EXPECT_NE(plural, kPlurals.end()) << "tests/support/api.cc does not know the kind " << kind;
  return path + "/" + (plural == kPlurals.end() ? "?" : plural->second);
}

transport::Request MakeRequest(transport::Method method, std::string path, std::string body = "",
                               const std::string& content_type = "application/json") {
  transport::Request request;
  request.method = method;
  request.target = std::move(path);
  request.total_timeout = std::chrono::seconds(30);
  if (!body.empty()) request.headers = {{"Content-Type", content_type}};
  request.body = std::move(body);
  return request;
}

}  // namespace

Api::Api(const std::string& kubeconfig) {
  auto config = transport::LoadKubeconfig(kubeconfig, "");
  if (!config) {
    ADD_FAILURE() << config.error().message;
    return;
  }
  auto transport = transport::MakeBeastTransport(*config, {});
  if (!transport) {
    ADD_FAILURE() << transport.error().message;
    return;
  }
  transport_ = std::move(*transport);
}

Api::~Api() = default;

Answer Api::Send(transport::Request request) {
  if (transport_ == nullptr) return {};
  auto response = transport::SendAndWait(*transport_, std::move(request));
  if (!response) return {0, {{"message", response.error().message}}};
  return {response->status, json::parse(response->body, nullptr, false)};
}

Answer Api::Get(const std::string& path) {
  return Send(MakeRequest(transport::Method::kGet, path));
}

std::vector<json> Api::List(const std::string& path, const std::string& query) {
  const Answer answer = Get(query.empty() ? path : path + "?" + query);
  if (!answer.ok() || !answer.body.contains("items")) return {};
  return answer.body["items"].get<std::vector<json>>();
}

Answer Api::Create(const std::string& path, const json& object) {
  return Send(MakeRequest(transport::Method::kPost, path, object.dump()));
}

Answer Api::MergePatch(const std::string& path, const json& patch) {
  return Send(
      MakeRequest(transport::Method::kPatch, path, patch.dump(), "application/merge-patch+json"));
}

Answer Api::Delete(const std::string& path, int grace_seconds, const std::string& propagation) {
  json options = {
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", propagation}};
  if (grace_seconds >= 0) options["gracePeriodSeconds"] = grace_seconds;
  return Send(MakeRequest(transport::Method::kDelete, path, options.dump()));
}

Answer Api::ApplyObject(const json& object) {
  const std::string path =
      CollectionOf(object) + "/" + object.at("metadata").at("name").get<std::string>();
  return Send(MakeRequest(transport::Method::kPatch,
                          path + "?fieldManager=test&force=true&fieldValidation=Strict",
                          object.dump(), "application/apply-patch+yaml"));
}

Answer Api::ApplyYaml(const std::string& yaml) {
  Answer last;
  for (const json& object : golden::ParseYaml(yaml)) {
    last = ApplyObject(object);
    if (!last.ok()) return last;
  }
  return last;
}

Answer Api::ApplyFile(const std::string& file) { return ApplyYaml(ReadFile(file)); }

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path << " cannot be read";
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace disagg::testing
