#include "controllers/reconcile/node_readiness.h"

namespace disagg::reconcile {

void NodeReadiness::See(const kube::Node& node, std::int64_t now) {
  base::MutexLock lock(mutex_);
  if (node.ready) {
    seen_.erase(node.meta.name);
    return;
  }
  const auto [seen, first] = seen_.try_emplace(node.meta.name, Seen{now, node.ready_changed_at});
  if (!first && seen->second.changed_at != node.ready_changed_at) {
    seen->second = {now, node.ready_changed_at};
  }
}

void NodeReadiness::Drop(const std::string& name) {
  base::MutexLock lock(mutex_);
  seen_.erase(name);
}

std::optional<std::int64_t> NodeReadiness::NotReadySince(const std::string& name) const {
  base::MutexLock lock(mutex_);
  const auto seen = seen_.find(name);
  if (seen == seen_.end()) return std::nullopt;
  return seen->second.since;
}

}  // namespace disagg::reconcile
