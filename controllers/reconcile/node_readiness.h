#pragma once

// Since when this process has seen a node NotReady without a break: the one observation of a node's
// loss that no clock but ours is part of. Thread-safe.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/kube/object.h"

namespace disagg::reconcile {

class NodeReadiness {
 public:
  // A node as the cache has it now; `now` as Snapshot::now. A node whose condition has changed in
  // between (the watch may not have shown it Ready) counts anew.
  void See(const kube::Node& node, std::int64_t now);
  void Drop(const std::string& name);

  std::optional<std::int64_t> NotReadySince(const std::string& name) const;

 private:
  struct Seen {
    std::int64_t since = 0;
    std::int64_t changed_at = 0;
  };
  mutable base::Mutex mutex_;
  std::map<std::string, Seen> seen_ GUARDED_BY(mutex_);
};

}  // namespace disagg::reconcile
