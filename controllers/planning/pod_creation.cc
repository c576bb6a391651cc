#include "controllers/planning/pod_creation.h"

#include <algorithm>
#include <utility>

#include "controllers/planning/node_bans.h"
#include "controllers/planning/role_policy.h"
#include "controllers/planning/slot_names.h"
#include "controllers/planning/succession.h"

namespace disagg::planning {

std::optional<PodSource> SourceOf(const std::string& revision, const PodGoal& goal,
                                  const Snapshot& snapshot) {
  if (revision == goal.revision.name) return PodSource{goal.revision, goal.payload};
  const auto stored =
      std::find_if(snapshot.revisions.begin(), snapshot.revisions.end(),
                   [&](const StoredRevision& other) { return other.identity.name == revision; });
  if (stored == snapshot.revisions.end()) return std::nullopt;
  const auto payload = snapshot.payloads.find(revision);
  return PodSource{stored->identity,
                   payload == snapshot.payloads.end() ? nullptr : payload->second.get()};
}

bool Continues(const GroupState& before, const PodSource& source) {
  return before.role_revision() == source.RoleRevision(before.role);
}

void PodCreator::CompleteGroup(const GroupState& group, const std::vector<int>& ranks) {
  const PodState& first = group.ranks.front();
  const std::optional<PodSource> source = SourceOf(first.revision, goal_, snapshot_);
  if (!source) return;
  if (source->payload == nullptr) {
    plan_.needs_payloads.insert(first.revision);
    return;
  }
  render::PodIdentity identity{role_, group.replica, group.incarnation, 0, first.ranks};
  for (const int rank : ranks) {
    identity.rank = rank;
    Create(identity, HistoryLike(first, snapshot_.now), "", *source);
  }
}

void PodCreator::CreateGroup(render::PodIdentity identity, const GroupState* before,
                             const PodSource& source) {
  render::PodHistory history;
  if (before != nullptr && Continues(*before, source)) {
    history = HistoryAfter(*before->worst, snapshot_.now);
  }
  const std::string cause = before == nullptr ? "" : Cause(*before);
  // The leader of several ranks comes when the others are there; see rank_fate.h.
  identity.rank = identity.ranks > 1 ? 1 : 0;
  for (; identity.rank < identity.ranks; ++identity.rank) {
    Create(identity, history, cause, source);
  }
}

void PodCreator::Create(const render::PodIdentity& identity, const render::PodHistory& history,
                        const std::string& cause, const PodSource& source) {
  Write write;
  write.verb = Verb::kCreate;
  write.stage = PolicyOf(role_).stage;
  write.resource = kube::kPods;
  write.key = {
      snapshot_.deployment->meta.namespace_name,
      render::PodName(snapshot_.deployment->meta.name, identity, source.RoleRevision(role_))};
  write.body = Render(identity, history, source);
  write.reason = "create " + SlotName(role_, identity.replica) + " (incarnation " +
                 std::to_string(identity.incarnation) +
                 (identity.ranks > 1 ? ", rank " + std::to_string(identity.rank) : "") + ")" +
                 (cause.empty() ? "" : ": " + cause);
  plan_.writes.push_back(std::move(write));
}

nlohmann::json PodCreator::Render(const render::PodIdentity& identity, render::PodHistory history,
                                  const PodSource& source) {
  const nlohmann::json& pod = source.payload->Template(role_, identity.rank);
  if (!history.avoid_nodes.empty()) {
    history.avoid_strictly = AnotherNodeFits(snapshot_.capacity, pod.at("spec"),
                                             render::DevicesOf(pod), history.avoid_nodes);
    plan_.explanations.push_back(
        {SlotName(role_, identity.replica), BanClause(history.faults, snapshot_.now), ""});
  }
  return render::RenderPod(*snapshot_.deployment, source.revision, pod, identity, history);
}

std::string PodCreator::Cause(const GroupState& before) const {
  if (!before.why().empty()) return before.why();
  return before.life == Life::kEnding ? "its pod was deleted"
                                      : "revision " + goal_.revision.roles.at(role_).revision;
}

}  // namespace disagg::planning
