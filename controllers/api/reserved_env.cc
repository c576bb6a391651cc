#include "controllers/api/reserved_env.h"

#include <algorithm>
#include <vector>

#include "controllers/api/program_facts.h"

namespace disagg::api {
namespace {

constexpr std::string_view kDevices = "a container sees the GPUs that Kubernetes gave it";
constexpr std::string_view kOffline = "nothing is downloaded; weights come from the ServingModel";
constexpr std::string_view kRanks = "the ranks of a replica find each other by it";

// Whatever the engine and the router.
constexpr ReservedVariable kCommon[] = {
    {"CUDA_VISIBLE_DEVICES", kDevices}, {"DISAGG_DATA_START_RANK", kRanks},
    {"DISAGG_LEADER_ADDRESS", kRanks},  {"DISAGG_RANK", kRanks},
    {"HF_HUB_OFFLINE", kOffline},       {"NVIDIA_VISIBLE_DEVICES", kDevices},
    {"TRANSFORMERS_OFFLINE", kOffline},
};

std::vector<ReservedVariable> Sorted(std::vector<ReservedVariable> variables) {
  std::sort(variables.begin(), variables.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return variables;
}

void Append(std::span<const ReservedVariable> more, std::vector<ReservedVariable>* variables) {
  variables->insert(variables->end(), more.begin(), more.end());
}

std::string_view WhyIn(std::span<const ReservedVariable> variables, std::string_view name) {
  for (const ReservedVariable& variable : variables) {
    if (variable.name == name) return variable.why;
  }
  return "";
}

}  // namespace

std::span<const ReservedVariable> ReservedEnv() {
  static const std::vector<ReservedVariable> kReserved = [] {
    std::vector<ReservedVariable> variables(std::begin(kCommon), std::end(kCommon));
    for (const EngineFacts* engine : Engines()) Append(engine->reserved, &variables);
    for (const RouterFacts* router : Routers()) Append(router->reserved, &variables);
    return Sorted(std::move(variables));
  }();
  return kReserved;
}

std::string_view WhyReserved(std::string_view name) { return WhyIn(ReservedEnv(), name); }

std::span<const ReservedVariable> ReservedOverNodes() {
  static const std::vector<ReservedVariable> kOverNodes = [] {
    std::vector<ReservedVariable> variables;
    for (const EngineFacts* engine : Engines()) Append(engine->reserved_over_nodes, &variables);
    return Sorted(std::move(variables));
  }();
  return kOverNodes;
}

std::string_view WhyReservedOverNodes(std::string_view name) {
  return WhyIn(ReservedOverNodes(), name);
}

}  // namespace disagg::api
