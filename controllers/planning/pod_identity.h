#pragma once

// Who a pod is, worker or router. Its owner reference says that it is ours and its name says which
// slot it is; its labels are everybody's to change, so nothing is decided by them that the name or
// the stored revisions tell.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "controllers/planning/snapshot.h"
#include "controllers/render/objects.h"

namespace disagg::planning {

struct PodIdentity {
  render::PodIdentity slot;
  std::string role_revision;
  // Of the stored revisions that hold this role revision; of the labels where none does any more.
  std::string contract, revision;
  bool registers = true;  // with the router; other ranks only work for those
};

// Ranks of one incarnation of one replica.
bool AreOfOneGroup(const PodIdentity& a, const PodIdentity& b);

// What <ddep>-<role>-<role revision>-<replica>-<incarnation>[-<rank>] tells; nothing for another
// name. Of the number of ranks a name tells only that there is one more than its own.
std::optional<PodIdentity> ParsePodName(std::string_view name, const std::string& deployment);

// Nothing for a name that this operator would not give to a pod of the deployment.
std::optional<PodIdentity> IdentifyPod(const kube::Pod& pod, const Snapshot& snapshot);

// The labels by which our watches, our Services and our routers find the pod, as far as somebody
// took or changed them. Not kLabelDiscovery: taking that one off is how a person drains a pod.
std::map<std::string, std::string> LostLabels(const kube::Pod& pod, const PodIdentity& identity,
                                              const Snapshot& snapshot);

}  // namespace disagg::planning
