#include "tests/unit/planning/scenarios.h"

#include "controllers/api/decode.h"

namespace disagg::planning {

using nlohmann::json;

World Running() {
  World world;
  world.Settle();
  return world;
}

void ChangePrefill(api::DeploymentSpec& spec) {
  spec.roles[kPrefill].args["max-num-seqs"] = Text("8");
}

void ChangeDecode(api::DeploymentSpec& spec) {
  spec.roles[kDecode].args["max-num-seqs"] = Text("256");
}

void ChangeImage(api::DeploymentSpec& spec) { spec.image = "vllm/vllm-openai:2"; }

void Aggregate(api::DeploymentSpec& spec) {
  spec.roles = DeploymentBuilder().Aggregated(2).spec().roles;
}

void MistypeModel(api::DeploymentSpec& spec) { spec.model_ref = "nvidia/MiniMax-M3-NVPF4"; }

void MistypeForLong(World& world) {
  world.Edit(MistypeModel);
  world.RunPass();
  world.Advance(10);
}

void Suspend(api::DeploymentSpec& spec) { spec.suspend = true; }

std::string RefuseAll(const json&) { return "violates PodSecurity \"restricted:latest\""; }

std::optional<base::Error> Accept(const Write&) { return std::nullopt; }

void MakeUnreadable(World& world) {
  world.Annotate(api::kDecodeError, "spec.suspend: must be a boolean, is 3");
  world.Edit([](auto& spec) { spec = {}; });
}

std::string ConditionOf(const World& world, const std::string& type) {
  const api::Condition* condition = world.Condition(type);
  return condition == nullptr ? "absent" : condition->status + " " + condition->reason;
}

std::string MessageOf(const World& world, const std::string& type) {
  const api::Condition* condition = world.Condition(type);
  return condition == nullptr ? "absent" : condition->message;
}

std::string Field(const json& object, const char* key) { return object.value(key, "absent"); }

json RoleStatus(const World& world, const std::string& role) {
  const json status = world.Status();
  for (const json& entry : status.at("roles")) {
    if (entry.at("role") == role) return entry;
  }
  return json::object();
}

}  // namespace disagg::planning
