#pragma once

// How well one cache follows its resource, for people and for decisions: logs each kind of trouble
// once a minute, counts, and says in the store when the watch has not answered for too long. Used
// on the reflector's loop only.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/kube/object.h"
#include "operator/kube/resource.h"
#include "operator/observability/metrics.h"
#include "operator/runtime/event_loop.h"
#include "operator/runtime/store.h"

namespace runtime {

class ReflectorHealth : public std::enable_shared_from_this<ReflectorHealth> {
 public:
  // What is passed by reference outlives this. `grace`: how long a watch may be without an answer
  // while its cache is live.
  ReflectorHealth(kube::Resource resource, std::chrono::milliseconds grace,
                  std::shared_ptr<EventLoop> loop, const base::Clock& clock,
                  observability::Metrics& metrics, ObjectStore& store);

  // No watch is open from now on, until Answered.
  void ExpectAnswer();
  void Answered();
  // The API server says that it does not serve the resource, and need not: the cache is live
  // without a watch, until the next ExpectAnswer.
  void NotServed();
  // `verb`: "list" or "watch".
  void Failed(const char* verb, const base::Error& error);

  // Says so when the object was read in part only.
  void Check(const kube::ObjectMeta& meta);
  // An object that cannot even be tracked.
  void Skipped(const base::Error& error);

  // The store is not touched any more.
  void Stop() { ++expectation_; }

 private:
  // The trouble in the words of the server.
  std::string Words() const;
  // Whether a minute has passed since `last`, which is then now.
  bool IsDue(std::optional<base::SteadyTime>& last) const;
  void TellUnread(const std::string& object, const std::string& why);

  const kube::Resource resource_;
  const std::chrono::milliseconds grace_;
  const std::shared_ptr<EventLoop> loop_;
  const base::Clock& clock_;
  const observability::Counter failures_, skipped_;
  ObjectStore& store_;
  bool expecting_ = false;
  std::uint64_t expectation_ = 0;     // numbers them
  std::optional<base::Error> error_;  // not over yet
  bool told_ = false;                 // of the trouble that is not over
  bool absent_ = false;               // NotServed was told, and no watch since
  std::map<base::ErrorCode, std::optional<base::SteadyTime>> last_told_;
  std::optional<base::SteadyTime> last_unread_;
};

}  // namespace runtime
