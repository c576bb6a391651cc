#include "operator/runtime/traffic.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "operator/kube/status_error.h"

namespace runtime {
namespace {

base::Error Cancelled(bool sent) {
  base::Error error =
      base::MakeError(base::ErrorCode::kCancelled, "ShuttingDown", "the operator is shutting down");
  error.outcome_unknown = sent;
  return error;
}

std::size_t Index(RequestClass kind) { return kind == RequestClass::kRead ? 0 : 1; }

}  // namespace

base::Status Traffic::Enter(RequestClass kind) {
  std::unique_lock lock(mutex_);
  if (kind == RequestClass::kWrite) {
    places_.wait(lock, [this] { return stopped_ || writes_ < max_writes_; });
  }
  if (auto refusal = Refusal(kind)) {
    places_.notify_one();  // the place that this wake-up was for is still free
    return *refusal;
  }
  if (kind == RequestClass::kWrite) ++writes_;
  return {};
}

void Traffic::Leave(RequestClass kind) {
  std::lock_guard lock(mutex_);
  if (kind != RequestClass::kWrite) return;
  --writes_;
  places_.notify_one();
}

void Traffic::Opened(Batch& batch) {
  std::lock_guard lock(mutex_);
  ++batch.open;
}

void Traffic::Refuse(Batch& batch, std::size_t index, base::Error error) {
  std::lock_guard lock(mutex_);
  batch.answers[index] = std::move(error);
}

void Traffic::Deliver(RequestClass kind, Batch& batch, std::size_t index, Answer answer) {
  std::lock_guard lock(mutex_);
  HonourRetryAfter(kind, answer);
  batch.answers[index] = std::move(answer);
  if (--batch.open == 0) batch.done.notify_all();
  if (kind != RequestClass::kWrite) return;
  --writes_;
  places_.notify_one();
}

std::vector<Answer> Traffic::Wait(Batch& batch) {
  std::unique_lock lock(mutex_);
  waiting_.insert(&batch);
  batch.done.wait(lock, [&] { return stopped_ || batch.open == 0; });
  waiting_.erase(&batch);
  // Moved out: a late callback writes into the batch, not into what its caller reads.
  std::vector<Answer> answers;
  answers.reserve(batch.answers.size());
  for (auto& answer : batch.answers) {
    answers.push_back(answer ? std::move(*answer) : Answer(Cancelled(true)));
  }
  return answers;
}

void Traffic::Shutdown() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  places_.notify_all();
  for (Batch* batch : waiting_) batch->done.notify_all();
}

int Traffic::writes() const {
  std::lock_guard lock(mutex_);
  return writes_;
}

std::optional<base::Error> Traffic::Refusal(RequestClass kind) const {
  if (stopped_) return Cancelled(false);
  const base::SteadyTime until = paused_until_[Index(kind)];
  const base::SteadyTime now = clock_.Steady();
  if (now >= until) return std::nullopt;
  base::Error error = base::MakeError(base::ErrorCode::kTooManyRequests, "RetryAfter",
                                      "not sent: the API server asked to wait");
  error.retry_after = std::chrono::ceil<std::chrono::seconds>(until - now);
  return error;
}

void Traffic::HonourRetryAfter(RequestClass kind, const Answer& answer) {
  if (!answer || answer->status < 429) return;
  const std::string_view header = answer->Header("Retry-After");
  if (header.empty()) return;
  const auto wait = kube::ErrorFromResponse(answer->status, answer->body, header).retry_after;
  if (!wait) return;
  base::SteadyTime& until = paused_until_[Index(kind)];
  until = std::max(until, clock_.Steady() + *wait);
}

}  // namespace runtime
