#pragma once

// Kubernetes events (events.k8s.io/v1) about an object: aggregated into series, rate-limited per
// object, sent from a bounded queue by a thread of its own; an event that cannot be sent is counted
// and dropped, never waited for.

#include <cstdint>
#include <string>

#include "operator/kube/object.h"
#include "operator/kube/resource.h"

namespace runtime {

enum class EventKind { kNormal, kWarning };

struct EventNote {
  EventKind kind = EventKind::kNormal;
  std::string reason;   // CamelCase, API
  std::string action;   // CamelCase: what was done or tried
  std::string message;  // at most 1,024 bytes are kept
};

// Thread-safe.
class EventRecorder {
 public:
  virtual ~EventRecorder() = default;
  virtual void Record(const kube::Resource& resource, const kube::ObjectMeta& about,
                      const EventNote& note) = 0;
};

}  // namespace runtime
