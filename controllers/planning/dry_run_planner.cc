#include "controllers/planning/dry_run_planner.h"

#include <algorithm>
#include <utility>

#include "controllers/render/objects.h"
#include "operator/base/hash.h"

namespace disagg::planning {
namespace {

bool Covers(const kube::Amounts& held, const kube::Amounts& asked) {
  return std::all_of(asked.begin(), asked.end(), [&](const auto& need) {
    return std::any_of(held.begin(), held.end(), [&](const auto& amount) {
      return amount.first == need.first && amount.second >= need.second;
    });
  });
}

// Whether a pod that is to be deleted holds all devices that the new one asks for.
bool FreesRoomFor(const nlohmann::json& pod, const std::vector<PodState>& states,
                  const std::vector<Write>& planned) {
  const kube::Amounts asked = render::DevicesOf(pod);
  return std::any_of(planned.begin(), planned.end(), [&](const Write& write) {
    if (write.verb != Verb::kDelete || !(write.resource == kube::kPods)) return false;
    const auto deleted = std::find_if(states.begin(), states.end(), [&](const PodState& state) {
      return state.pod->meta.uid == write.uid;
    });
    return deleted != states.end() && Covers(deleted->pod->extended_resources, asked);
  });
}

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string Dump(const nlohmann::json& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The pod with a gap, which no JSON text has, wherever the deployment's name stands. Labels of the
// namespace choose which policies look at it.
std::string LikenessOf(const Snapshot& snapshot, nlohmann::json pod) {
  pod.at("metadata").erase("ownerReferences");
  const std::string text = Replaced(Dump(pod), snapshot.deployment->meta.name, "\n");
  return std::to_string(base::Hash64(text + "\n" + Dump(snapshot.namespace_labels)));
}

}  // namespace

std::vector<Write> PlanDryRuns(const Snapshot& snapshot, const std::vector<PodState>& states,
                               const render::Revision& revision,
                               const std::vector<Write>& planned) {
  const api::DisaggDeployment& deployment = *snapshot.deployment;
  std::vector<Write> writes;
  const auto ask = [&](nlohmann::json body) {
    Write write;
    write.verb = Verb::kDryRun;
    write.stage = Stage::kDryRun;
    write.resource = kube::kPods;
    write.key = {deployment.meta.namespace_name, body.at("metadata").at("name").get<std::string>()};
    write.room_is_freed = FreesRoomFor(body, states, planned);
    if (states.empty()) write.likeness = LikenessOf(snapshot, body);
    write.body = std::move(body);
    write.reason = "ask whether the cluster accepts " + write.key.name;
    writes.push_back(std::move(write));
  };
  for (const auto& [role, identity] : revision.identity.roles) {
    const bool known = std::any_of(states.begin(), states.end(), [&](const PodState& state) {
      return state.role_revision == identity.revision;
    });
    if (known) continue;
    // The ranks behind the first are all alike.
    for (int rank = 0; rank < std::min(2, identity.ranks); ++rank) {
      ask(render::RenderPod(deployment, revision.identity, revision.Template(role, rank),
                            {role, 0, 1, rank, identity.ranks}, {}));
    }
  }
  return writes;
}

}  // namespace disagg::planning
