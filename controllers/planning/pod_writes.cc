#include "controllers/planning/pod_writes.h"

#include "controllers/render/objects.h"

namespace disagg::planning {
namespace {

Write Restore(const kube::Resource& resource, const kube::ObjectKey& key, const std::string& uid,
              const std::map<std::string, std::string>& labels) {
  Write write;
  write.verb = Verb::kMergePatch;
  write.stage = Stage::kRelease;
  write.resource = resource;
  write.key = key;
  write.uid = uid;
  write.body["metadata"]["labels"] = labels;
  write.reason = "restore labels of " + key.name + ":";
  for (const auto& [label, value] : labels) write.reason += " " + label + "=" + value;
  return write;
}

}  // namespace

// A pod on a dead node is ended by nobody else. Without a Node there is no kubelet that could still
// run it, so grace 0 is safe there and only there; that there is none is asked for once more.
Write DeleteOf(const PodState& state, Stage stage, const std::string& why) {
  Write write;
  write.verb = Verb::kDelete;
  write.stage = stage;
  write.resource = kube::kPods;
  write.key = state.pod->meta.key();
  write.uid = state.pod->meta.uid;
  write.reason = why;
  if (state.node_gone) write.grace_seconds = 0;
  if (state.node_absent) write.because_absent = {kube::kNodes, {"", state.pod->node_name}, ""};
  return write;
}

// Grace 0 is the last word: what is still there then is held by a finalizer.
bool CanBeDeleted(const PodState& state) {
  const kube::ObjectMeta& meta = state.pod->meta;
  return !state.released && (!meta.deleting() || (state.node_gone && meta.deletion_grace > 0));
}

Write RestoreLabels(const PodState& state) {
  const kube::ObjectMeta& meta = state.pod->meta;
  return Restore(kube::kPods, meta.key(), meta.uid, state.lost_labels);
}

Write RestoreLabels(const DamagedRevision& revision, const Snapshot& snapshot) {
  const kube::ObjectMeta& owner = snapshot.deployment->meta;
  return Restore(kube::kControllerRevisions,
                 {owner.namespace_name, render::RevisionName(owner.name, revision.name)},
                 revision.uid, revision.lost_labels);
}

}  // namespace disagg::planning
