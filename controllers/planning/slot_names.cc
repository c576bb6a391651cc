#include "controllers/planning/slot_names.h"

#include <algorithm>

namespace disagg::planning {
namespace {

bool IsTaken(const Snapshot& snapshot, const std::string& name) {
  return std::any_of(snapshot.pods.begin(), snapshot.pods.end(),
                     [&](const auto& pod) { return pod->meta.name == name; }) ||
         std::any_of(snapshot.leftovers.begin(), snapshot.leftovers.end(),
                     [&](const Leftover& leftover) {
                       return leftover.resource == kube::kPods && leftover.name == name;
                     });
}

}  // namespace

std::vector<int> VacantSlots(int count, std::set<int> taken, const std::set<int>& older) {
  std::vector<int> vacant;
  const auto add = [&](int replica) {
    const bool more = static_cast<int>(vacant.size()) < count;
    if (more && taken.insert(replica).second) vacant.push_back(replica);
    return more;
  };
  for (const int replica : older) add(replica);
  for (int replica = 0; add(replica); ++replica) {
  }
  return vacant;
}

render::PodIdentity FirstFree(const Snapshot& snapshot, render::PodIdentity identity,
                              const std::string& role_revision) {
  const auto any_is_taken = [&] {
    render::PodIdentity pod = identity;
    for (pod.rank = 0; pod.rank < pod.ranks; ++pod.rank) {
      if (IsTaken(snapshot, render::PodName(snapshot.deployment->meta.name, pod, role_revision))) {
        return true;
      }
    }
    return false;
  };
  while (any_is_taken()) ++identity.incarnation;
  return identity;
}

}  // namespace disagg::planning
