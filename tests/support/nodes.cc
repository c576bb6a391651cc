#include "tests/support/nodes.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>

#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

Api& TheApi() { return ChartEnvironment::api(); }

// KWOK plays its kubelet until the label "type" is taken away.
json LikeB200(const std::string& name) {
  const json node = TheApi().Get(NodePath("b200-0")).body;
  json fresh = {{"apiVersion", "v1"},
                {"kind", "Node"},
                {"metadata", {{"name", name}, {"labels", node["metadata"]["labels"]}}},
                {"spec", {{"taints", node["spec"]["taints"]}}}};
  fresh["metadata"]["labels"]["kubernetes.io/hostname"] = name;
  fresh["metadata"]["labels"]["test-pool"] = name;
  return fresh;
}

bool IsReady(const json& node) {
  for (const json& condition : node["status"].value("conditions", json::array())) {
    if (condition["type"] == "Ready") return condition["status"] == "True";
  }
  return false;
}

void PlayKubelet(const std::string& node, const json& player) {
  TheApi().MergePatch(NodePath(node), {{"metadata", {{"labels", {{"type", player}}}}}});
}

}  // namespace

std::string NodePath(const std::string& name) { return "/api/v1/nodes/" + name; }

void AddNode(const std::string& name) {
  ASSERT_TRUE(TheApi().Create("/api/v1/nodes", LikeB200(name)).ok());
  const json status = TheApi().Get(NodePath("b200-0")).body["status"];
  TheApi().MergePatch(
      NodePath(name) + "/status",
      {{"status", {{"capacity", status["capacity"]}, {"allocatable", status["allocatable"]}}}});
  ASSERT_TRUE(Eventually(name + " is Ready", std::chrono::seconds(20),
                         [&] { return IsReady(TheApi().Get(NodePath(name)).body); }));
}

Cordon::Cordon(std::vector<std::string> nodes) : nodes_(std::move(nodes)) { Set(true); }
Cordon::~Cordon() { Set(nullptr); }

void Cordon::Set(const json& unschedulable) {
  for (const std::string& node : nodes_) {
    TheApi().MergePatch(NodePath(node), {{"spec", {{"unschedulable", unschedulable}}}});
  }
}

std::vector<std::string> B200Nodes(int count) {
  std::vector<std::string> nodes;
  for (int i = 0; i < count; ++i) nodes.push_back("b200-" + std::to_string(i));
  return nodes;
}

DeadKubelet::DeadKubelet(std::string node) : node_(std::move(node)) {
  PlayKubelet(node_, nullptr);
  std::this_thread::sleep_for(std::chrono::seconds(1));
}
DeadKubelet::~DeadKubelet() { PlayKubelet(node_, "kwok"); }

}  // namespace disagg::testing
