#include "controllers/planning/pod_writes.h"

namespace disagg::planning {

// A pod on a dead node is ended by nobody else. Without a Node there is no kubelet that could still
// run it, so grace 0 is safe there and only there; that there is none is asked for once more.
Write DeleteOf(const PodState& state, Stage stage, Gate gate, const std::string& why) {
  Write write;
  write.verb = Verb::kDelete;
  write.stage = stage;
  write.gate = gate;
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
  Write write;
  write.verb = Verb::kMergePatch;
  write.stage = Stage::kRelease;
  write.resource = kube::kPods;
  write.key = state.pod->meta.key();
  write.uid = state.pod->meta.uid;
  write.body["metadata"]["labels"] = state.lost_labels;
  write.reason = "restore labels of " + write.key.name + ":";
  for (const auto& [key, value] : state.lost_labels) write.reason += " " + key + "=" + value;
  return write;
}

}  // namespace disagg::planning
