#include "operator/runtime/reflector_state.h"

#include <algorithm>
#include <cmath>

#include "operator/transport/transport.h"

namespace runtime {
namespace {

using base::ErrorCode;

// A server that was restarted, or another of several, may lag behind the version that we have seen;
// it catches up within moments. One that does not has lost history (etcd was restored), and only a
// new list helps.
constexpr int kMostFutureVersions = 3;

bool IsFutureVersion(const base::Error& error) {
  return error.message.find("Too large resource version") != std::string::npos;
}

// The page may not have come because of what is in it: the API server gives up a request after a
// minute, a gateway sooner, and some cut it. Pages that come grow again.
bool TookTooLong(const base::Error& error) {
  return error.code == ErrorCode::kTimeout || error.code == ErrorCode::kConnection ||
         (error.code == ErrorCode::kUnavailable &&
          (error.reason == "Timeout" || error.reason == "Http504"));
}

// The version is of no use any more, or the request will never be answered as it is.
bool NeedsList(ErrorCode code) {
  switch (code) {
    case ErrorCode::kGone:
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kProtocol:
    case ErrorCode::kTooLarge:
    case ErrorCode::kInternal:
      return true;
    default:
      return false;
  }
}

}  // namespace

ReflectorAction ReflectorState::Start() { return List({}); }

ReflectorAction ReflectorState::OnPage(const std::string& resource_version,
                                       const std::string& continue_token, std::size_t bytes) {
  page_size_.Took(bytes);
  absent_since_.reset();
  continue_token_ = continue_token;
  without_contents_ = false;
  if (!continue_token.empty()) return Page({});
  resource_version_ = resource_version;
  future_versions_ = 0;
  heard_at_.reset();
  return Watch({});
}

ReflectorAction ReflectorState::OnListFailed(const base::Error& error, base::SteadyTime now) {
  if (error.reason != kNotServed) absent_since_.reset();
  if (error.code == ErrorCode::kTooLarge && !without_contents_) {
    if (page_size_.Shrink()) return Page({});
    // Of one object alone only our own bound says that it is what is too large. Whoever else
    // answers 413 may not a moment later.
    without_contents_ = error.reason == transport::kBodyTooLarge;
    if (without_contents_) return Page({});
  }
  const std::chrono::milliseconds delay = Backoff(error, now);
  if (TookTooLong(error) && page_size_.Shrink()) return Page(delay);
  // A continue token that has expired (410) needs nothing special: the list begins anew.
  return List(delay);
}

std::optional<ReflectorAction> ReflectorState::OnNotServed(bool holds_objects,
                                                           base::SteadyTime now) {
  if (!absent_since_) absent_since_ = now;
  if (holds_objects && now - *absent_since_ < timings_.absence_proof) return std::nullopt;
  return List(Between(timings_.absent_least, timings_.absent_most));
}

void ReflectorState::OnWatchStarted(base::SteadyTime now) {
  watch_started_ = now;
  watch_events_ = 0;
  if (!heard_at_) heard_at_ = now;
}

void ReflectorState::OnEvent(const std::string& resource_version, base::SteadyTime now) {
  resource_version_ = resource_version;
  heard_at_ = now;
  ++watch_events_;
  future_versions_ = 0;
}

ReflectorAction ReflectorState::OnWatchEnded(const base::Status& status, base::SteadyTime now) {
  // Whoever accepts watches and brings nothing in them would leave the cache as it is for ever.
  const bool silent = heard_at_ && now - *heard_at_ >= timings_.silence;
  if (status.ok()) {
    const bool in_order = watch_events_ > 0 || now - watch_started_ >= timings_.short_watch;
    const auto delay =
        in_order ? std::chrono::milliseconds(0)
                 : Backoff(base::MakeError(ErrorCode::kUnavailable, "ShortWatch", ""), now);
    return silent ? List(delay) : Watch(delay);
  }
  const base::Error& error = status.error();
  const std::chrono::milliseconds delay = Backoff(error, now);
  if (IsFutureVersion(error)) {
    return ++future_versions_ < kMostFutureVersions ? Watch(delay) : List(delay);
  }
  return silent || NeedsList(error.code) ? List(delay) : Watch(delay);
}

std::chrono::seconds ReflectorState::WatchDuration() {
  return std::chrono::duration_cast<std::chrono::seconds>(
      Between(timings_.watch_least, timings_.watch_most));
}

std::chrono::milliseconds ReflectorState::Between(std::chrono::milliseconds least,
                                                  std::chrono::milliseconds most) {
  const auto range = static_cast<double>((most - least).count());
  return least + std::chrono::milliseconds(static_cast<std::int64_t>(range * Random()));
}

ReflectorAction ReflectorState::List(std::chrono::milliseconds delay) {
  resource_version_.clear();
  continue_token_.clear();
  without_contents_ = false;
  return Page(delay);
}

ReflectorAction ReflectorState::Page(std::chrono::milliseconds delay) const {
  return {ReflectorAction::Kind::kList,
          "",
          continue_token_,
          page_size_.limit(),
          without_contents_,
          delay};
}

ReflectorAction ReflectorState::Watch(std::chrono::milliseconds delay) {
  return {ReflectorAction::Kind::kWatch, resource_version_, "", 0, false, delay};
}

std::chrono::milliseconds ReflectorState::Backoff(const base::Error& error, base::SteadyTime now) {
  if (failures_ > 0 && now - last_failure_ > timings_.healthy) failures_ = 0;
  last_failure_ = now;
  const int doublings = std::min(failures_++ - 1, 30);
  const double whole =
      doublings < 0
          ? static_cast<double>(timings_.first_retry.count())
          : std::min(std::ldexp(static_cast<double>(timings_.backoff_base.count()), doublings),
                     static_cast<double>(timings_.backoff_max.count()));
  const auto delay =
      std::chrono::milliseconds(static_cast<std::int64_t>(whole * (0.5 + 0.5 * Random())));
  // A write that is too large has to wait; a smaller page has not.
  const bool waits = error.retry_after && error.code != ErrorCode::kTooLarge;
  if (!waits) return delay;
  return std::max<std::chrono::milliseconds>(delay,
                                             std::min(*error.retry_after, timings_.longest_wait));
}

}  // namespace runtime
