#pragma once

// The times that have to fit together: how long a write may take, how long a lease is valid, when
// writes stop before its end, how long a process takes to stop.
//
//   a write, from its sending                    a lease, from the sending of its last renewal
//     10 s  what admission may need                 2 s  the next renewal
//     12 s  the server gives up                    16 s  no write begins any more
//     13 s  we give up                             24 s  without a renewal, this process ends
//     14 s  the margin of the fence                30 s  another process may lead
//
// A write that begins in the last moment before the margin has ended, at the server too, before
// another process may lead.

#include <chrono>

namespace runtime {

// What webhooks and policies together may need for one write: the default of timeoutSeconds of a
// webhook.
inline constexpr std::chrono::seconds kAdmission{10};
// Each write tells the server how long it may work on it (`?timeout=`).
inline constexpr std::chrono::seconds kServerWriteTimeout{12};
inline constexpr std::chrono::seconds kWriteTimeout{13};
inline constexpr std::chrono::seconds kReadTimeout{10};
// How soon a write that is too large is tried again: a proxy says so of what fits, too.
inline constexpr std::chrono::seconds kTooLargeRetry{15};
// After this, what is left of a batch of writes is not sent; the next pass decides anew.
inline constexpr std::chrono::seconds kBatchTimeout{60};

inline constexpr std::chrono::seconds kLeaseDuration{30};
inline constexpr std::chrono::seconds kRenewDeadline{24};
inline constexpr std::chrono::seconds kRetryPeriod{2};
inline constexpr std::chrono::seconds kWriteMargin{14};  // no write begins with less validity left
// Requests about the lease, which pass admission as well, are given up after half the deadline.
inline constexpr std::chrono::seconds kLeaseRequest = kRenewDeadline / 2;

// A stop: passes under way, then events, then the lease: a renewal under way, then its release.
inline constexpr std::chrono::seconds kPassesEnd{15};
inline constexpr std::chrono::seconds kEventsEnd{2};
inline constexpr std::chrono::seconds kEventRequest{4};
// terminationGracePeriodSeconds of the chart (tests/packaging compares them).
inline constexpr std::chrono::seconds kGracePeriod{60};

static_assert(kServerWriteTimeout >= kAdmission + std::chrono::seconds(2));
static_assert(kWriteTimeout > kServerWriteTimeout, "the server says that it gave up");
static_assert(kWriteMargin > kWriteTimeout, "no write of ours is left when another may lead");
static_assert(kLeaseRequest > kAdmission, "a renewal passes a slow admission chain");
static_assert(kLeaseDuration - kWriteMargin >
                  kRetryPeriod + kLeaseRequest - std::chrono::seconds(1),
              "one slow renewal stops no write");
static_assert(kRenewDeadline > 2 * kRetryPeriod + kLeaseRequest, "one lost renewal loses no lease");
static_assert(kRenewDeadline < kLeaseDuration);
static_assert(kPassesEnd > kWriteTimeout, "writes under way at a stop are waited for");
static_assert(kPassesEnd + kEventsEnd + kEventRequest + 2 * kLeaseRequest < kGracePeriod);

}  // namespace runtime
