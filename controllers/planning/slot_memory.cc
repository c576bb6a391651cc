#include "controllers/planning/slot_memory.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "controllers/planning/pod_identity.h"

namespace disagg::planning {
namespace {

// As much of a pod that was created a moment ago as its successor has to know.
std::shared_ptr<const kube::Pod> PodOf(const Write& create, std::int64_t now) {
  kube::Pod pod;
  pod.meta.name = create.key.name;
  pod.meta.namespace_name = create.key.namespace_name;
  pod.meta.creation_time = now;
  const auto& metadata = create.body.at("metadata");
  for (const auto& [key, value] : metadata.at("labels").items()) {
    pod.meta.labels.Set(key, value.get<std::string>());
  }
  for (const auto& [key, value] : metadata.at("annotations").items()) {
    pod.meta.annotations.Set(key, value.get<std::string>());
  }
  return std::make_shared<const kube::Pod>(std::move(pod));
}

}  // namespace

void SlotMemory::Keep(const Snapshot& snapshot, std::shared_ptr<const kube::Pod> pod) {
  const auto identity = IdentifyPod(*pod, snapshot);
  if (!identity) return;
  Slot& slot = newest_[{identity->slot.role, identity->slot.replica, identity->slot.rank}];
  // Numbers begin anew with another role revision: the younger pod is the newer one then.
  const bool older = slot.pod.pod != nullptr && slot.pod.pod->meta.name != pod->meta.name &&
                     std::pair(pod->meta.creation_time, identity->slot.incarnation) <
                         std::pair(slot.pod.pod->meta.creation_time, slot.incarnation);
  if (older) return;
  // Names come back: only the UID tells whether it is still the pod that was released.
  const bool same =
      slot.pod.pod != nullptr && !pod->meta.uid.empty() && slot.pod.pod->meta.uid == pod->meta.uid;
  slot = {identity->slot.incarnation, {std::move(pod), same && slot.pod.released}};
}

void SlotMemory::Recall(Snapshot& snapshot) {
  for (const auto& pod : snapshot.pods) Keep(snapshot, pod);
  for (const auto& [key, slot] : newest_) {
    const bool there =
        std::any_of(snapshot.pods.begin(), snapshot.pods.end(),
                    [&](const auto& pod) { return pod->meta.name == slot.pod.pod->meta.name; });
    if (!there) snapshot.gone.push_back(slot.pod);
  }
}

void SlotMemory::ForgetRanksOf(const Snapshot& snapshot, const kube::Pod& created) {
  const auto begun = IdentifyPod(created, snapshot);
  if (!begun || begun->slot.ranks == 1) return;
  const auto is_of_it = [&](const kube::Pod& pod) {
    const auto other = IdentifyPod(pod, snapshot);
    return other && AreOfOneGroup(*other, *begun);
  };
  const bool is_there = std::any_of(snapshot.pods.begin(), snapshot.pods.end(),
                                    [&](const auto& pod) { return is_of_it(*pod); });
  if (is_there) return;
  std::erase_if(newest_, [&](const auto& entry) { return is_of_it(*entry.second.pod.pod); });
}

void SlotMemory::Note(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome) {
  std::vector<std::shared_ptr<const kube::Pod>> created;
  for (const Write& write : plan.writes) {
    if (!(write.resource == kube::kPods) || !WasCarriedOut(write, outcome)) continue;
    if (write.verb == Verb::kCreate) created.push_back(PodOf(write, snapshot.now));
    const bool releases =
        write.verb == Verb::kDelete && write.stage == Stage::kRelease && !write.is_replaced;
    if (!releases) continue;
    for (auto& [key, slot] : newest_) {
      if (slot.pod.pod->meta.name == write.key.name) slot.pod.released = true;
    }
  }
  for (const auto& pod : created) ForgetRanksOf(snapshot, *pod);
  for (const auto& pod : created) Keep(snapshot, pod);
}

}  // namespace disagg::planning
