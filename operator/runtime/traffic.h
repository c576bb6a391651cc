#pragma once

// What the calls of an ApiClient and the transport's callbacks share: the places for writes, the
// pauses that the server asked for, and answers on their way. Shared ownership: a callback may come
// after its client is gone. Thread-safe.
//
// Places are shared fairly by flows, so that a flow whose writes take long (a slow webhook looks at
// them) holds up itself only: first come, first served among the flows that may take one. Any flow
// may take its first place while there is one; more of them, up to `writes_per_flow`, only while
// more than half of all is free. Of 64 places, 32 flows whose writes hang take 62 at most: two that
// came early 16 each, the others one. (A Controller works on no more slow keys at a time than
// that.)

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/cond_var.h"
#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/base/thread_annotations.h"
#include "operator/runtime/api_client.h"
#include "operator/transport/transport.h"

namespace runtime {

using Answer = base::Result<transport::Response>;

// Requests that are throttled together: writes of one owner, reads of one namespace.
struct Flow {
  enum class Kind { kRead, kWrite };
  Kind kind = Kind::kRead;
  std::string name;

  auto operator<=>(const Flow&) const = default;
};

// Requests that one call has sent and waits for.
struct Batch {
  explicit Batch(std::size_t size) : answers(size) {}
  std::vector<std::optional<Answer>> answers;
  std::size_t open = 0;  // sent and not answered
  base::CondVar done;
};

struct TrafficLimits {
  int writes = 64;
  int writes_per_flow = 16;
};

class Traffic {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Traffic(const base::Clock& clock, TrafficLimits limits) : clock_(clock), limits_(limits) {}

  // Before a request is sent: for a write, waits for a place until `deadline`. An error means that
  // it must not be sent.
  base::Status Enter(const Flow& flow, Time deadline);
  // Either Leave, or Opened, the send, and Deliver from its callback.
  void Leave(const Flow& flow);
  void Opened(Batch& batch);
  void Deliver(const Flow& flow, Batch& batch, std::size_t index, Answer answer);
  // Instead of an answer.
  void Refuse(Batch& batch, std::size_t index, base::Error error);
  // Returns when all that was sent is answered, or soon after Shutdown; what is missing then is
  // kCancelled.
  std::vector<Answer> Wait(Batch& batch);

  // What `gate` says, which is not asked any more after Shutdown.
  bool MayWrite(const WriteGate& gate) const;

  void Shutdown();
  int writes() const;

 private:
  // A call that waits for a place.
  struct Waiter {
    const std::string& flow;
    base::CondVar wake;
  };

  bool MayTake(const std::string& flow) const REQUIRES(mutex_);
  Waiter* Next() const REQUIRES(mutex_);
  bool WaitForPlace(Waiter& waiter, Time deadline) REQUIRES(mutex_);
  void WakeNext() REQUIRES(mutex_);
  void FreePlace(const Flow& flow) REQUIRES(mutex_);
  std::optional<base::Error> Refusal(const Flow& flow) const REQUIRES(mutex_);
  void HonourRetryAfter(const Flow& flow, const Answer& answer) REQUIRES(mutex_);

  const base::Clock& clock_;
  const TrafficLimits limits_;
  mutable base::Mutex mutex_;
  int writes_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> writes_of_ GUARDED_BY(mutex_);    // flow -> places taken, if any
  std::map<std::uint64_t, Waiter*> queue_ GUARDED_BY(mutex_);  // by arrival
  std::uint64_t next_ticket_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::map<Flow, base::SteadyTime> paused_until_ GUARDED_BY(mutex_);
  std::set<Batch*> waiting_ GUARDED_BY(mutex_);
};

}  // namespace runtime
