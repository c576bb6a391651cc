#include "operator/runtime/reflector_health.h"

#include <utility>

#include "operator/observability/log.h"
#include "operator/runtime/reflector_state.h"

namespace runtime {
namespace {

using observability::Level;

constexpr std::chrono::minutes kTellAgain{1};

}  // namespace

ReflectorHealth::ReflectorHealth(kube::Resource resource, std::chrono::milliseconds grace,
                                 std::shared_ptr<EventLoop> loop, const base::Clock& clock,
                                 observability::Metrics& metrics, ObjectStore& store)
    : resource_(std::move(resource)),
      grace_(grace),
      loop_(std::move(loop)),
      clock_(clock),
      failures_(metrics.GetCounter("cache_failures_total", "Lists and watches that failed",
                                   {{"resource", resource_.ToString()}})),
      skipped_(metrics.GetCounter("cache_skipped_total", "Objects that cannot even be tracked",
                                  {{"resource", resource_.ToString()}})),
      store_(store) {}

void ReflectorHealth::ExpectAnswer() {
  if (std::exchange(expecting_, true)) return;
  loop_->PostAfter(grace_, [weak = weak_from_this(), expectation = ++expectation_] {
    const auto self = weak.lock();
    if (self == nullptr || expectation != self->expectation_ || !self->expecting_) return;
    self->store_.SetTrouble(self->Words());
  });
}

void ReflectorHealth::Answered() {
  expecting_ = false;
  store_.SetTrouble("");
  error_.reset();
  const bool came = std::exchange(absent_, false);
  if (!std::exchange(told_, false) && !came) return;
  observability::Log(Level::kInfo, came ? "served and watched now" : "watched again",
                     {{"resource", resource_.ToString()}});
}

void ReflectorHealth::NotServed() {
  expecting_ = false;
  store_.SetTrouble("");
  error_.reset();
  const bool known = std::exchange(absent_, true);
  if (!std::exchange(told_, false) && known) return;
  observability::Log(Level::kInfo,
                     "not served by the API server: there are no such objects until it is",
                     {{"resource", resource_.ToString()}, {"version", resource_.ApiVersion()}});
}

void ReflectorHealth::Failed(const char* verb, const base::Error& error) {
  failures_.Add();
  error_ = error;
  // A version that is too old is a matter of course.
  const bool routine = error.code == base::ErrorCode::kGone;
  const bool due = IsDue(last_told_[error.code]);
  told_ = told_ || (due && !routine);
  observability::Log(!due      ? Level::kDebug
                     : routine ? Level::kInfo
                               : Level::kWarn,
                     std::string(verb) + " failed, retrying: " + Words(),
                     {{"resource", resource_.ToString()}, {"reason", error.reason}});
  if (!store_.trouble().empty()) store_.SetTrouble(Words());
}

void ReflectorHealth::Check(const kube::ObjectMeta& meta) {
  if (!meta.decode_error.empty()) TellUnread(meta.key().ToString(), meta.decode_error);
}

void ReflectorHealth::Skipped(const base::Error& error) {
  skipped_.Add();
  TellUnread("", error.message);
}

std::string ReflectorHealth::Words() const {
  if (!error_) return "the API server does not answer the watch of " + resource_.ToString();
  if (error_->reason == kNotServed) {
    return "the API server does not serve " + resource_.ToString() + " (" + resource_.ApiVersion() +
           "): install its CustomResourceDefinition; waiting for it";
  }
  // No words at all would mean that there is no trouble.
  return error_->message.empty() ? "an answer without a message" : error_->message;
}

bool ReflectorHealth::IsDue(std::optional<base::SteadyTime>& last) const {
  const base::SteadyTime now = clock_.Steady();
  if (last && now - *last < kTellAgain) return false;
  last = now;
  return true;
}

void ReflectorHealth::TellUnread(const std::string& object, const std::string& why) {
  observability::Log(IsDue(last_unread_) ? Level::kWarn : Level::kDebug,
                     "an object cannot be read: " + why,
                     {{"resource", resource_.ToString()}, {"object", object}});
}

}  // namespace runtime
