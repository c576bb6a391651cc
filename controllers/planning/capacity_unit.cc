#include "controllers/planning/capacity_unit.h"

#include <algorithm>

#include "controllers/planning/rank_fate.h"
#include "controllers/planning/times.h"
#include "controllers/planning/unschedulable.h"

namespace disagg::planning {
namespace {

std::string Plural(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

class Look {
 public:
  Look(const Snapshot& snapshot, const api::Resolution& resolution)
      : snapshot_(snapshot), resolution_(resolution) {}

  void At(const UnitMember& member) {
    if (member.group == nullptr) {
      AtMissing(member);
      return;
    }
    for (const PodState& rank : member.group->ranks) AtPod(member, rank);
    if (!MissingRanks(member.group->ranks).empty()) AtMissing(member);
  }

  PlacementOf Result() {
    if (unknown_) return {};
    found_.placement = unbound_ == 0 ? Placement::kPlaced
                       : bound_ == 0 ? Placement::kUnbound
                                     : Placement::kPartly;
    return std::move(found_);
  }

 private:
  void AtPod(const UnitMember& member, const PodState& rank) {
    const kube::Pod& pod = *rank.pod;
    if (rank.unread) unknown_ = true;
    found_.since = std::max(found_.since, pod.meta.creation_time);
    if (pod.scheduled) {
      ++bound_;
      found_.since = std::max(found_.since, BoundAt(pod, snapshot_.now));
      return;
    }
    Lacks(member, WhyUnbound(pod, std::string(api::ToString(member.role))));
  }

  // What waits for its back-off, or is refused for another reason, lacks no capacity.
  void AtMissing(const UnitMember& member) {
    const Trouble* refusal = QuotaRefusal(snapshot_, member.role);
    if (refusal == nullptr) {
      unknown_ = true;
      return;
    }
    found_.since = std::max(found_.since, refusal->since);
    Lacks(member, " is kept out by a quota: " + refusal->message);
  }

  void Lacks(const UnitMember& member, const std::string& why) {
    if (unbound_++ > 0) return;
    found_.lacking = SlotName(member.role, member.replica);
    found_.why = found_.lacking + why;
  }

  std::string WhyUnbound(const kube::Pod& pod, const std::string& role) const {
    if (!pod.scheduling_gates.empty()) {
      return " waits for its scheduling gates: " + pod.scheduling_gates;
    }
    if (pod.unschedulable_message.empty()) return " has no node, and no scheduler says why";
    return ExplainUnschedulable(snapshot_, resolution_, pod, role);
  }

  const Snapshot& snapshot_;
  const api::Resolution& resolution_;
  PlacementOf found_;
  int bound_ = 0, unbound_ = 0;
  bool unknown_ = false;
};

std::int64_t GpusOf(const PodState& rank, const api::Resolution& resolution) {
  const auto resolved = resolution.roles.find(rank.role);
  if (resolved == resolution.roles.end()) return 0;
  std::int64_t gpus = 0;
  for (const auto& [resource, count] : rank.pod->extended_resources) {
    if (resource.get() == resolved->second.accelerator->gpu_resource) gpus += count;
  }
  return gpus;
}

}  // namespace

PlacementOf LookAt(const Snapshot& snapshot, const api::Resolution& resolution,
                   const std::vector<UnitMember>& members) {
  Look look(snapshot, resolution);
  for (const UnitMember& member : members) look.At(member);
  return look.Result();
}

int BoundPods(const GroupState& group) {
  return static_cast<int>(std::count_if(group.ranks.begin(), group.ranks.end(),
                                        [](const auto& rank) { return rank.pod->scheduled; }));
}

std::string HeldBy(const std::vector<const GroupState*>& groups,
                   const api::Resolution& resolution) {
  std::int64_t gpus = 0;
  int pods = 0;
  for (const GroupState* group : groups) {
    for (const PodState& rank : group->ranks) {
      if (!rank.pod->scheduled) continue;
      ++pods;
      gpus += GpusOf(rank, resolution);
    }
  }
  return gpus == 0 ? "the devices of " + Plural(pods, "pod")
                   : Plural(gpus, "GPU") + " of " + Plural(pods, "pod");
}

const Trouble* QuotaRefusal(const Snapshot& snapshot, api::RoleName role) {
  const auto refused =
      std::find_if(snapshot.troubles.begin(), snapshot.troubles.end(), [&](const Trouble& trouble) {
        return trouble.role == api::ToString(role) && trouble.reason == "QuotaExceeded";
      });
  return refused == snapshot.troubles.end() ? nullptr : &*refused;
}

}  // namespace disagg::planning
