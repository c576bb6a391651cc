#pragma once

// The calendar of the API server, whose times creation, transition and deletion timestamps are:
// they are compared with this clock, never with our own. Thread-safe.
//
// Each answer says in its Date header what time it was at the server, to the second, between the
// sending of the request and the arrival of the answer:
//
//   Date - received  <=  offset of the server's calendar to our steady clock  <  Date + 1 s - sent
//
// Each answer narrows that interval; the middle is what is used. An answer that contradicts it (the
// server's clock was set, another server answers, a Date is not the server's own) counts once three
// in a row agree with each other. Before any answer, it is our own calendar.

#include <cstdint>
#include <optional>

#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/transport/transport.h"

namespace runtime {

class ServerClock : public base::Clock {
 public:
  // `local` outlives this.
  explicit ServerClock(const base::Clock& local) : local_(local) {}

  // Of an answer whose request was sent at `sent`, arriving now. Ignored unless it comes from the
  // API server itself (a proxy's own answer bears no Audit-Id), within 5 s, with a readable Date.
  void Observe(const transport::Headers& headers, base::SteadyTime sent);

  // The time at the server.
  base::SystemTime Now() const override;
  // Our own steady clock.
  base::SteadyTime Steady() const override { return local_.Steady(); }

 private:
  using Milliseconds = std::int64_t;
  // Of the offset: Unix time of the server minus our steady time.
  struct Interval {
    Milliseconds least = 0;
    Milliseconds most = 0;
  };

  static std::optional<Interval> Both(const Interval& a, const Interval& b);

  const base::Clock& local_;
  mutable base::Mutex mutex_;
  std::optional<Interval> offset_ GUARDED_BY(mutex_);
  std::optional<Interval> contrary_ GUARDED_BY(mutex_);  // what answers say that contradict it
  int contradictions_ GUARDED_BY(mutex_) = 0;            // in a row
};

// "Sun, 06 Nov 1994 08:49:37 GMT" in Unix seconds; nothing for anything else.
std::optional<std::int64_t> ParseHttpDate(std::string_view text);

}  // namespace runtime
