#pragma once

// What the calls of an ApiClient and the transport's callbacks share: the bound on writes in
// flight, the pauses that the server asked for, and answers on their way. Shared ownership: a
// callback may come after its client is gone. Thread-safe.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/base/thread_annotations.h"
#include "operator/transport/transport.h"

namespace runtime {

using Answer = base::Result<transport::Response>;

// Requests that are throttled separately.
enum class RequestClass { kRead, kWrite };

// Requests that one call has sent and waits for.
struct Batch {
  explicit Batch(std::size_t size) : answers(size) {}
  std::vector<std::optional<Answer>> answers;
  std::size_t open = 0;  // sent and not answered
  std::condition_variable done;
};

class Traffic {
 public:
  Traffic(const base::Clock& clock, int max_writes) : clock_(clock), max_writes_(max_writes) {}

  // Before a request is sent: for a write, waits for a place. An error means that it must not be
  // sent. The wait is bounded by the time-outs of the writes under way.
  base::Status Enter(RequestClass kind);
  // Either Leave, or Opened, the send, and Deliver from its callback.
  void Leave(RequestClass kind);
  void Opened(Batch& batch);
  void Deliver(RequestClass kind, Batch& batch, std::size_t index, Answer answer);
  // Instead of an answer.
  void Refuse(Batch& batch, std::size_t index, base::Error error);
  // Returns when all that was sent is answered, or soon after Shutdown; what is missing then is
  // kCancelled.
  std::vector<Answer> Wait(Batch& batch);

  void Shutdown();
  int writes() const;

 private:
  std::optional<base::Error> Refusal(RequestClass kind) const;
  void HonourRetryAfter(RequestClass kind, const Answer& answer);

  const base::Clock& clock_;
  const int max_writes_;
  mutable std::mutex mutex_;
  std::condition_variable places_;
  int writes_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
  base::SteadyTime paused_until_[2] GUARDED_BY(mutex_) = {};
  std::set<Batch*> waiting_ GUARDED_BY(mutex_);
};

}  // namespace runtime
