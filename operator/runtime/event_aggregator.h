#pragma once

// Which events are sent, and as what. The same note about the same object within a while becomes
// one Event with a series whose count grows; each object may have so many Events at once and then a
// few now and then, so that a loop cannot flood etcd. No I/O. Not thread-safe.
//
// Rate: a bucket of `burst` tokens per object, one more every `refill`. A series takes one when it
// begins.

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "operator/base/clock.h"
#include "operator/kube/object.h"
#include "operator/kube/resource.h"
#include "operator/runtime/event_recorder.h"

namespace runtime {

struct EventOptions {
  std::string controller = "disagg.dev/operator";  // reportingController, a qualified name
  std::string instance;                            // reportingInstance
  double burst = 25;
  std::chrono::milliseconds refill{300'000};
  std::chrono::milliseconds series_end{360'000};    // without a repetition
  std::chrono::milliseconds series_update{60'000};  // at most one write per series and interval
  std::size_t max_series = 4096;
  std::size_t max_objects = 4096;
};

// To be sent as a POST of `body`, or as a merge patch of it for a series that exists.
struct EventWrite {
  bool patch = false;
  std::string namespace_name;
  std::string name;
  std::string body;
  std::string series;  // for Forget
};

class EventAggregator {
 public:
  EventAggregator(const base::Clock& clock, EventOptions options);

  // `refused` is set when the object's rate is used up.
  std::optional<EventWrite> Add(const kube::Resource& resource, const kube::ObjectMeta& about,
                                const EventNote& note, bool* refused);
  // Counts that have grown and are due. Call now and then.
  std::vector<EventWrite> Due();
  // The Event of this series is not there: the next such note makes a new one.
  void Forget(const std::string& series);

 private:
  struct Series {
    std::string namespace_name;
    std::string name;
    int count = 1;
    int sent_count = 1;
    base::SystemTime last_seen;
    base::SteadyTime last_seen_steady;
    base::SteadyTime last_sent;
  };
  struct Bucket {
    double tokens = 0;
    base::SteadyTime filled;
  };

  bool TakeToken(const std::string& uid);
  EventWrite Patch(const std::string& key, Series& series);

  const base::Clock& clock_;
  const EventOptions options_;
  std::map<std::string, Series> series_;
  std::map<std::string, Bucket> buckets_;  // by UID
};

}  // namespace runtime
