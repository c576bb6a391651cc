#pragma once

// The small typed structs in which the caches hold API objects: only what decisions need, a few
// hundred bytes to a few KB each. Never sent back to the API server, so nothing of a user's object
// can be lost through them. Plain values, immutable once in a cache (held as shared_ptr<const T>).

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operator/kube/interned_string.h"
#include "operator/kube/packed_text.h"
#include "operator/kube/string_map.h"

namespace kube {

struct ObjectKey {
  std::string namespace_name;  // empty for cluster-scoped objects
  std::string name;

  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
  // "serving/minimax-m3", or "b200" for a cluster-scoped object.
  std::string ToString() const {
    return namespace_name.empty() ? name : namespace_name + "/" + name;
  }
};

struct ObjectMeta {
  std::string name;
  std::string namespace_name;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  std::int64_t creation_time = 0;             // Unix seconds
  std::optional<std::int64_t> deletion_time;  // when the grace period ends, Unix seconds
  std::int64_t deletion_grace = 0;            // of its deletion, seconds
  InternedString finalizers;                  // that hold its deletion up, "a, b"
  StringMap labels;
  StringMap annotations;
  // Of the owner reference with controller=true; empty when nobody controls the object.
  InternedString controller_uid;
  InternedString controller_group;  // API group, without the version
  InternedString controller_kind;
  InternedString controller_name;
  // Why the rest of this object could not be read; empty: it could. Nothing but the metadata of
  // such an object is known.
  InternedString decode_error;

  ObjectKey key() const { return {namespace_name, name}; }
  bool deleting() const { return deletion_time.has_value(); }
  // The value, or "" when the label is not set.
  const std::string& label(const std::string& key) const;
  const std::string& annotation(const std::string& key) const;
};

// Base of everything a cache holds.
struct Object {
  virtual ~Object() = default;
  ObjectMeta meta;
};
using ObjectPtr = std::shared_ptr<const Object>;

// Metadata only, for kinds whose payload is read live when it is needed.
struct MetadataObject : Object {};

// The whole object as compact JSON without managedFields and status: for children that are compared
// with what is wanted, field by field.
struct RawObject : Object {
  PackedText json;
};

enum class PodPhase { kPending, kRunning, kSucceeded, kFailed, kUnknown };

// What a pod's containers (init containers included) tell that is worth telling a person.
struct ContainerState {
  InternedString name;
  bool init = false;
  bool running = false;
  std::int64_t started_at = 0;  // of the running container, Unix seconds
  int restarts = 0;
  InternedString waiting_reason;  // ImagePullBackOff, CrashLoopBackOff, ...
  InternedString waiting_message;
  InternedString last_termination_reason;  // OOMKilled, Error, ... of the last run, or of the
                                           // current one if it ended
  InternedString last_termination_message;
  int last_exit_code = 0;
  std::int64_t last_started_at = 0;  // Unix seconds, as the next one
  std::int64_t last_finished_at = 0;
};

// Of resources, ordered by name.
using Amounts = std::vector<std::pair<InternedString, std::int64_t>>;

struct Pod : Object {
  InternedString node_name;
  PodPhase phase = PodPhase::kPending;
  InternedString reason;  // status.reason: Evicted, UnexpectedAdmissionError, NodeLost, ...
  InternedString message;
  bool ready = false;             // condition Ready
  std::int64_t ready_since = 0;   // lastTransitionTime of Ready, Unix seconds
  bool scheduled = false;         // condition PodScheduled
  std::int64_t scheduled_at = 0;  // its lastTransitionTime, Unix seconds
  // Condition PodReadyToStartContainers is False: volumes or the network are not there.
  bool sandbox_missing = false;
  InternedString unschedulable_message;  // of PodScheduled=False, reason Unschedulable
  InternedString scheduler_name;         // empty or "default-scheduler": the cluster's own
  InternedString scheduling_gates;       // names, "a, b"
  std::vector<ContainerState> containers;
  // Sum over containers of the extended resources (a name with a "/" outside kubernetes.io) it asks
  // for.
  Amounts extended_resources;
};

struct Taint {
  std::string key, value, effect;
};

struct Node : Object {
  bool ready = false;
  std::int64_t ready_changed_at = 0;  // lastTransitionTime of the condition Ready, Unix seconds
  bool unschedulable = false;
  std::vector<Taint> taints;
  std::map<std::string, std::int64_t> allocatable;  // extended resources only
};

}  // namespace kube
