#pragma once

// The protocol by which processes agree on a leader through one coordination.k8s.io Lease, as
// client-go's tools/leaderelection: whoever is named as holder leads until the lease has not been
// renewed for its duration. One attempt per call, synchronous, so that tests drive it with a clock
// of their own. Not thread-safe but for Validity.
//
//   follower:  GET; held by a live other? wait. Else PUT ourselves as holder, with the
//              resourceVersion that was read, so that of several that try at once one succeeds.
//   leader:    PUT a new renewTime; when that fails, GET and PUT. Of a Lease that is answered 404 (it
//              was deleted, or a proxy says so) POST decides: it is lost only to another holder.
//   deleted:   a follower gives the holder that it knew one whole duration from when it misses the
//              Lease, so that the leader creates it again. Only a process that has never seen the
//              Lease creates it at once.
//
// Whether the other is alive is judged by when *we* saw the Lease change, on a clock that never
// jumps; the time stamps in it are for people. Our own validity is counted from before the request
// that renewed it was sent, so that it ends before any other can think so.

#include <chrono>
#include <string>

#include <nlohmann/json.hpp>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/runtime/timings.h"
#include "operator/transport/transport.h"

namespace runtime {

struct LeaseTimings {
  std::chrono::milliseconds duration = kLeaseDuration;
  std::chrono::milliseconds renew_deadline = kRenewDeadline;
  std::chrono::milliseconds retry_period = kRetryPeriod;
  std::chrono::milliseconds write_margin = kWriteMargin;
};

struct LeaseOptions {
  std::string namespace_name = "default";
  std::string name = "disagg-operator";
  std::string identity;
  LeaseTimings timings;
  std::uint64_t seed = 0;  // of the spread of attempts; 0: a random one
};

class LeaseLock {
 public:
  LeaseLock(transport::Transport& transport, const base::Clock& clock, LeaseOptions options);

  // Acquires or renews. True: the Lease is ours, as of valid_until(). Once it was ours and names
  // another holder, or none, it is never taken again. An error: it is not known whose it is.
  base::Result<bool> TryAcquireOrRenew();
  // Gives the Lease up, so that another need not wait for its end.
  base::Status Release();

  // End of the validity that the last success gave; before any, a time in the past.
  base::SteadyTime valid_until() const { return valid_until_; }
  // Who holds the Lease, as last seen; "" when nobody does.
  const std::string& holder() const { return holder_; }

 private:
  base::Result<bool> Renew();
  base::Result<bool> ReadAndTake();
  base::Result<bool> Take(base::SteadyTime sent);
  base::Status Write(transport::Method method, const nlohmann::json& lease, base::SteadyTime sent);
  base::Status Observe(const std::string& body);
  bool HeldByOther() const;
  nlohmann::json Claim() const;

  transport::Transport& transport_;
  const base::Clock& clock_;
  const LeaseOptions options_;
  nlohmann::json lease_;  // as last seen; null when there is none
  bool held_ = false;     // was ours
  bool certain_ = false;  // nothing that we sent since may have changed it
  bool missing_ = false;  // was there when last seen, and is not found since
  std::string holder_;
  base::SteadyTime seen_changed_;  // when the Lease was seen to differ from before
  base::SteadyTime valid_until_;
};

}  // namespace runtime
