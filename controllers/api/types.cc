#include "controllers/api/types.h"

#include <algorithm>

#include "controllers/api/program_facts.h"

namespace disagg::api {
namespace {

bool Matches(const LabelSelectorRequirement& requirement,
             const std::map<std::string, std::string>& labels) {
  const auto label = labels.find(requirement.key);
  const bool present = label != labels.end();
  const auto& values = requirement.values;
  const bool listed =
      present && std::find(values.begin(), values.end(), label->second) != values.end();
  if (requirement.op == "In") return listed;
  if (requirement.op == "NotIn") return !listed;
  if (requirement.op == "Exists") return present;
  if (requirement.op == "DoesNotExist") return !present;
  return false;  // an operator of a newer Kubernetes must not open what it was meant to close
}

}  // namespace

std::string_view ToString(RoleName role) {
  switch (role) {
    case RoleName::kPrefill:
      return "prefill";
    case RoleName::kDecode:
      return "decode";
    case RoleName::kAggregated:
      return "aggregated";
    case RoleName::kRouter:
      return "router";
  }
  return "";
}

std::optional<RoleName> ParseRoleName(std::string_view text) {
  for (const RoleName role : kWorkerRoles) {
    if (ToString(role) == text) return role;
  }
  return text == ToString(RoleName::kRouter) ? std::optional(RoleName::kRouter) : std::nullopt;
}

std::string_view ToString(EngineType type) { return FactsOf(type).name; }

std::string_view ToString(RouterType type) { return FactsOf(type).name; }

std::string_view ToString(KvBackend backend) { return backend == KvBackend::kTcp ? "tcp" : "rdma"; }

int Parallelism::gpus() const {
  std::int64_t gpus = 1;
  for (const int width : {tensor, pipeline, data, context}) {
    gpus = std::clamp<std::int64_t>(gpus * width, 0, kMaxGpus);
  }
  return static_cast<int>(gpus);
}

int Parallelism::nodes(int gpus_per_node) const {
  return gpus_per_node < 1 ? 1 : std::max(1, gpus() / gpus_per_node);
}

const PodTemplate& DeploymentSpec::pod_template(RoleName role) const {
  return role == RoleName::kRouter ? router.pod_template : roles.at(role).pod_template;
}

bool DeploymentSpec::uses_rdma() const {
  return !roles.contains(RoleName::kAggregated) && kv_backend == KvBackend::kRdma;
}

const Condition* StatusView::Find(std::string_view type) const {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

bool LabelSelector::Matches(const std::map<std::string, std::string>& labels) const {
  for (const auto& [key, value] : match_labels) {
    const auto label = labels.find(key);
    if (label == labels.end() || label->second != value) return false;
  }
  return std::all_of(match_expressions.begin(), match_expressions.end(),
                     [&](const auto& requirement) { return api::Matches(requirement, labels); });
}

}  // namespace disagg::api
