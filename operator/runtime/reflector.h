#pragma once

// Keeps one ObjectStore equal to what the API server holds of one resource: lists it in pages,
// watches it from there, and goes on after whatever breaks (reflector_state.h). Decodes on an
// EventLoop that it may share with others, and calls the store's handlers there. A resource that
// the server does not serve (its CRD is not installed) is asked for again until it appears, and is
// empty until then where WatchSpec::may_be_absent says so. An object that cannot be read, or is too
// large, is in the store with its metadata and a decode_error. Says in the store whether it is
// live. Thread-safe.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "operator/base/clock.h"
#include "operator/kube/decode.h"
#include "operator/kube/resource.h"
#include "operator/observability/metrics.h"
#include "operator/runtime/event_loop.h"
#include "operator/runtime/reflector_state.h"
#include "operator/runtime/store.h"
#include "operator/transport/transport.h"

namespace runtime {

struct WatchSpec {
  kube::Resource resource;
  kube::Decoder decoder;
  std::string label_selector;  // "" for all
  std::string namespace_name;  // "" for all namespaces
  bool metadata_only = false;  // asks for PartialObjectMetadata
  // Controllers start also while this resource cannot be listed; whoever decides on it asks
  // ObjectStore::live() first.
  bool optional = false;
  // Not every cluster has this resource, in this version: while the API server says that it does
  // not serve it, its cache is synced, live and empty. That word is at most
  // ReflectorTimings::absent_most old. Not for what is installed with the operator, whose absence
  // is a trouble.
  bool may_be_absent = false;
};

// All outlive the reflector.
struct ReflectorContext {
  transport::Transport& transport;
  std::shared_ptr<EventLoop> loop;
  const base::Clock& clock;
  observability::Metrics& metrics;
};

struct ReflectorOptions {
  ReflectorTimings timings;
  int page_size = 500;
  std::size_t max_inbox_bytes = 1u << 20;  // of a watch, not decoded yet
  // One event. An etcd value is at most 1.5 MiB, which six times as many bytes of JSON stand for
  // where all of it is escaped.
  std::size_t max_line_bytes = 12u << 20;
  std::uint64_t seed = 0;  // of the back-off; 0: a random one
};

class Reflector {
 public:
  // `on_synced` is called from the loop after each complete list; it must not block.
  Reflector(WatchSpec spec, ReflectorContext context, ReflectorOptions options, ObjectStore& store,
            std::function<void()> on_synced);
  ~Reflector();  // Stop

  // Begins, or begins anew, with a list from etcd that is sent after this call. Returns its number.
  std::uint64_t Restart();
  // The number of the newest such list that is in the store.
  std::uint64_t synced_list() const;

  // Nothing is written into the store after this.
  void Stop();

  const WatchSpec& spec() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace runtime
