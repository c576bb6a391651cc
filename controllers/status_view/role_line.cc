#include "controllers/status_view/role_line.h"

#include <set>
#include <vector>

#include "controllers/api/decode.h"
#include "controllers/status_view/text.h"

namespace disagg::status_view {
namespace {

using planning::GroupState;

// "NIXL over rdma/ib"
std::string Transfer(const Facts& facts, const std::string& accelerator) {
  if (facts.deployment->spec.kv_backend == api::KvBackend::kTcp) return "NIXL over TCP";
  const auto found = facts.classes.find(accelerator);
  const bool known = found != facts.classes.end() && found->second->rdma;
  return "NIXL over " + (known ? found->second->rdma->resource_name : "RDMA (?)");
}

// "DEP2, 2 GPUs each, NIXL over rdma/ib"
std::string Shape(const Facts& facts, api::RoleName role, int desired) {
  const api::DeploymentSpec& spec = facts.deployment->spec;
  const auto found = spec.roles.find(role);
  // Of a spec that cannot be decoded, no more than its replicas is known.
  if (!api::DecodeErrorOf(facts.deployment->meta).empty()) return "?";
  if (found == spec.roles.end()) return "no longer in the spec";
  const api::RoleSpec& of_role = found->second;
  std::string shape = Layout(of_role.parallelism) + ", " + Count(of_role.parallelism.gpus(), "GPU");
  const std::string& accelerator =
      of_role.accelerator.empty() ? spec.accelerator : of_role.accelerator;
  const auto klass = facts.classes.find(accelerator);
  const int nodes =
      klass == facts.classes.end() ? 1 : of_role.parallelism.nodes(klass->second->gpus_per_node);
  if (nodes > 1) shape += " on " + std::to_string(nodes) + " nodes";
  if (desired > 1) shape += " each";
  if (accelerator != spec.accelerator) shape += " of class " + accelerator;
  return role == api::RoleName::kAggregated ? shape : shape + ", " + Transfer(facts, accelerator);
}

// "revision w7c3h5dn", and during a change "revision p2r8t6vz -> w7c3h5dn (1 old, 1 new starting:
// loading weights 4m of at most 60m)".
std::string Revision(const RoleStatus& status, const std::optional<RolePods>& pods) {
  if (status.revision.empty()) return "nothing accepted yet";
  std::set<std::string> older;
  std::vector<GroupState> renewed;
  int old = 0, ready = 0;
  for (const GroupState& group :
       pods ? planning::FoldGroups(pods->states) : std::vector<GroupState>()) {
    if (!group.alive() && !group.crash_looping()) continue;
    if (group.role_revision() == status.revision) {
      renewed.push_back(group);
      ready += group.ready ? 1 : 0;
    } else {
      older.insert(group.role_revision());
      ++old;
    }
  }
  if (old == 0) return "revision " + status.revision;
  std::string text = "revision ";
  for (const std::string& revision : older) {
    text += (revision == *older.begin() ? "" : ", ") + revision;
  }
  text += " -> " + status.revision + " (" + std::to_string(old) + " old";
  if (ready > 0) text += ", " + std::to_string(ready) + " new";
  const std::string waits = WhatIsWaitedFor(*pods, renewed);
  return text + (waits.empty() ? "" : ", " + waits) + ")";
}

}  // namespace

Row RoleLine(const Facts& facts, api::RoleName role, const RoleStatus& status,
             const std::optional<RolePods>& pods) {
  return {{std::string(api::ToString(role))},
          Readiness(status, pods),
          {Shape(facts, role, status.desired)},
          {Revision(status, pods)}};
}

Cell Readiness(const RoleStatus& status, const std::optional<RolePods>& pods) {
  const int ready = pods ? ReadyReplicas(pods->states) : status.ready;
  return {std::to_string(ready) + "/" + std::to_string(status.desired),
          ready >= status.desired ? Tone::kPlain : Tone::kWaiting};
}

}  // namespace disagg::status_view
