#include "controllers/planning/pod_identity.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "controllers/api/labels.h"
#include "operator/base/parse_number.h"

namespace disagg::planning {
namespace {

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('-', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool Holds(const StoredRevision& stored, const PodIdentity& identity) {
  const auto role = stored.identity.roles.find(identity.slot.role);
  return role != stored.identity.roles.end() && role->second.revision == identity.role_revision;
}

// A pod stays with the revision that it was made for while later ones share its role revision.
const StoredRevision* FindRevision(const PodIdentity& identity, const std::string& named,
                                   const Snapshot& snapshot) {
  const StoredRevision* newest = nullptr;
  for (const StoredRevision& stored : snapshot.revisions) {
    if (!Holds(stored, identity)) continue;
    if (stored.identity.name == named) return &stored;
    if (newest == nullptr || stored.identity.number > newest->identity.number) newest = &stored;
  }
  return newest;
}

// What the pod itself tells where its revision is gone or cannot be read.
void ReadRanks(const kube::Pod& pod, PodIdentity& identity) {
  render::PodIdentity& slot = identity.slot;
  if (slot.ranks == 1) return;
  const auto ranks = base::ParseNumber<int>(pod.meta.annotation(api::kAnnotationRanks));
  if (ranks) slot.ranks = std::clamp(*ranks, slot.ranks, api::kMostNodes);
  identity.registers = slot.rank == 0 || !pod.meta.label(api::kLabelDiscovery).empty();
}

}  // namespace

bool AreOfOneGroup(const PodIdentity& a, const PodIdentity& b) {
  return std::tie(a.slot.role, a.slot.replica, a.slot.incarnation, a.role_revision) ==
         std::tie(b.slot.role, b.slot.replica, b.slot.incarnation, b.role_revision);
}

std::optional<PodIdentity> ParsePodName(std::string_view name, const std::string& deployment) {
  if (!name.starts_with(deployment + "-")) return std::nullopt;
  const auto parts = Split(name.substr(deployment.size() + 1));
  if ((parts.size() != 4 && parts.size() != 5) || parts[1].empty()) return std::nullopt;
  const auto role = api::ParseRoleName(parts[0]);
  const auto replica = base::ParseNumber<int>(parts[2]);
  const auto incarnation = base::ParseNumber<int>(parts[3]);
  if (!role || replica.value_or(-1) < 0 || incarnation.value_or(-1) < 0) return std::nullopt;
  PodIdentity identity{{*role, *replica, *incarnation}, std::string(parts[1]), "", ""};
  if (parts.size() == 5) {
    const auto rank = base::ParseNumber<int>(parts[4]);
    if (rank.value_or(-1) < 0 || *rank >= api::kMostNodes) return std::nullopt;
    identity.slot.rank = *rank;
    identity.slot.ranks = std::max(2, *rank + 1);
  }
  return identity;
}

std::optional<PodIdentity> IdentifyPod(const kube::Pod& pod, const Snapshot& snapshot) {
  auto identity = ParsePodName(pod.meta.name, snapshot.deployment->meta.name);
  if (!identity) return std::nullopt;
  const std::string& named = pod.meta.label(api::kLabelRevision);
  if (const StoredRevision* stored = FindRevision(*identity, named, snapshot)) {
    const render::RoleIdentity& role = stored->identity.roles.at(identity->slot.role);
    identity->contract = stored->identity.contract;
    identity->revision = stored->identity.name;
    // A name with a rank is of a replica of several pods, and the other way round.
    const bool several = role.ranks > 1;
    if (several != (identity->slot.ranks > 1) || identity->slot.rank >= role.ranks) {
      return std::nullopt;
    }
    identity->slot.ranks = role.ranks;
    identity->registers = identity->slot.rank < role.registering;
  } else {
    identity->contract = pod.meta.label(api::kLabelContract);
    identity->revision = named;
    ReadRanks(pod, *identity);
  }
  return identity;
}

std::map<std::string, std::string> LostLabels(const kube::Pod& pod, const PodIdentity& identity,
                                              const Snapshot& snapshot) {
  auto labels = render::SlotLabels(identity.slot, identity.role_revision, identity.revision);
  labels[api::kLabelDeployment] = snapshot.deployment->meta.name;
  labels[api::kLabelRole] = api::ToString(identity.slot.role);
  labels[api::kLabelContract] = identity.contract;
  std::erase_if(labels, [&](const auto& label) {
    return label.second.empty() || pod.meta.label(label.first) == label.second;
  });
  return labels;
}

}  // namespace disagg::planning
