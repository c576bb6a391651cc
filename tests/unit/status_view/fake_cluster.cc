#include "tests/unit/status_view/fake_cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace kubectl_disagg::testing {
namespace {

using nlohmann::json;

constexpr std::size_t kPage = 2;  // small, so that readers have to turn it

std::string Decoded(const std::string& text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    decoded += escape ? static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)) : text[i];
    if (escape) i += 2;
  }
  return decoded;
}

std::string QueryValue(const std::string& query, const std::string& name) {
  const std::size_t at = ("&" + query).find("&" + name + "=");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 1;
  return Decoded(query.substr(begin, query.find('&', begin) - begin));
}

transport::Response StatusOf(int code, const std::string& reason, const std::string& message) {
  const json status{{"kind", "Status"},
                    {"status", "Failure"},
                    {"code", code},
                    {"reason", reason},
                    {"message", message}};
  return {code, {}, status.dump()};
}

bool Selected(const json& object, const std::string& selector) {
  if (selector.empty()) return true;
  const std::size_t equals = selector.find('=');
  const json labels = object["metadata"].value("labels", json::object());
  if (equals == std::string::npos) return labels.contains(selector);
  return labels.value(selector.substr(0, equals), "") == selector.substr(equals + 1);
}

std::string LastPart(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool IsOfAllNamespaces(const std::string& collection) {
  return collection.find("/namespaces/") == std::string::npos;
}

}  // namespace

void FakeCluster::Send(transport::Request request, Callback callback) {
  EXPECT_EQ(request.method, transport::Method::kGet) << "the plugin writes: " << request.target;
  if (connected_) return callback(Answer(request.target));
  callback(
      base::MakeError(base::ErrorCode::kConnection, "ConnectionRefused", "connection refused"));
}

std::shared_ptr<transport::StreamHandle> FakeCluster::Stream(
    transport::Request request, std::shared_ptr<transport::StreamSink>) {
  ADD_FAILURE() << "the plugin watches: " << request.target;
  return nullptr;
}

// Collections of one namespace, or of all: "/api/v1/pods" holds "/api/v1/namespaces/*/pods".
std::vector<json> FakeCluster::Collection(const std::string& path) const {
  std::vector<json> found;
  for (const auto& [collection, objects] : objects_) {
    const bool all = LastPart(collection) == LastPart(path) && IsOfAllNamespaces(path);
    if (collection == path || all) found.insert(found.end(), objects.begin(), objects.end());
  }
  return found;
}

transport::Response FakeCluster::Answer(const std::string& target) const {
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string path = target.substr(0, mark),
                    query = target.substr(std::min(mark + 1, target.size()));
  const bool is_list = !query.empty();
  const std::string collection = is_list ? path : path.substr(0, path.rfind('/'));
  if (forbidden_.contains(LastPart(collection)) ||
      (IsOfAllNamespaces(collection) && forbidden_everywhere_.contains(LastPart(collection)))) {
    return StatusOf(403, "Forbidden",
                    LastPart(collection) + " is forbidden: User \"tenant\" cannot read them");
  }
  const std::vector<json> objects = Collection(collection);
  if (!is_list) {
    for (const json& object : objects) {
      if (object["metadata"]["name"] == LastPart(path)) return {200, {}, object.dump()};
    }
    return StatusOf(404, "NotFound",
                    LastPart(collection) + " \"" + LastPart(path) + "\" not found");
  }
  json items = json::array();
  for (const json& object : objects) {
    if (Selected(object, QueryValue(query, "labelSelector"))) items.push_back(object);
  }
  const std::string token = QueryValue(query, "continue");
  const std::size_t begin = token.empty() ? 0 : std::stoul(token),
                    end = std::min(begin + kPage, items.size());
  json page{{"kind", "List"}, {"metadata", {{"resourceVersion", "9"}}}, {"items", json::array()}};
  for (std::size_t i = begin; i < end; ++i) page["items"].push_back(items[i]);
  if (end < items.size()) page["metadata"]["continue"] = std::to_string(end);
  return {200, {}, page.dump()};
}

}  // namespace kubectl_disagg::testing
