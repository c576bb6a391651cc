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

// One in so many places is left to flows that have none.
constexpr int kReservedPart = 2;

base::Error NoPlace() {
  return base::MakeError(base::ErrorCode::kTimeout, "WritesUnderWay",
                         "not sent: the writes before it have taken too long");
}

}  // namespace

base::Status Traffic::Enter(const Flow& flow, Time deadline) {
  base::MutexLock lock(mutex_);
  bool place = true;
  if (flow.kind == Flow::Kind::kWrite) {
    Waiter waiter{flow.name, {}};
    const auto queued = queue_.emplace(next_ticket_++, &waiter).first;
    place = WaitForPlace(waiter, deadline);
    queue_.erase(queued);
  }
  if (auto refusal = Refusal(flow)) {
    WakeNext();  // the place that this one was woken for is still free
    return *refusal;
  }
  if (!place) return NoPlace();
  if (flow.kind == Flow::Kind::kWrite) {
    ++writes_;
    ++writes_of_[flow.name];
    WakeNext();  // there may be a place for another flow
  }
  return {};
}

bool Traffic::MayTake(const std::string& flow) const {
  if (writes_ >= limits_.writes) return false;
  const auto taken = writes_of_.find(flow);
  if (taken == writes_of_.end()) return true;
  return taken->second < limits_.writes_per_flow &&
         limits_.writes - writes_ > limits_.writes / kReservedPart;
}

// The first in the queue of those that may take a place; null when there is none.
Traffic::Waiter* Traffic::Next() const {
  for (const auto& [ticket, waiter] : queue_) {
    if (MayTake(waiter->flow)) return waiter;
  }
  return nullptr;
}

// False: there was none until `deadline`. True after Shutdown, too.
bool Traffic::WaitForPlace(Waiter& waiter, Time deadline) {
  while (!stopped_ && Next() != &waiter) {
    if (!waiter.wake.WaitUntil(mutex_, deadline)) return stopped_ || Next() == &waiter;
  }
  return true;
}

void Traffic::WakeNext() {
  if (Waiter* const next = Next()) next->wake.NotifyOne();
}

void Traffic::FreePlace(const Flow& flow) {
  if (flow.kind != Flow::Kind::kWrite) return;
  --writes_;
  const auto taken = writes_of_.find(flow.name);
  if (--taken->second == 0) writes_of_.erase(taken);
  WakeNext();
}

void Traffic::Leave(const Flow& flow) {
  base::MutexLock lock(mutex_);
  FreePlace(flow);
}

void Traffic::Opened(Batch& batch) {
  base::MutexLock lock(mutex_);
  ++batch.open;
}

void Traffic::Refuse(Batch& batch, std::size_t index, base::Error error) {
  base::MutexLock lock(mutex_);
  batch.answers[index] = std::move(error);
}

void Traffic::Deliver(const Flow& flow, Batch& batch, std::size_t index, Answer answer) {
  base::MutexLock lock(mutex_);
  HonourRetryAfter(flow, answer);
  batch.answers[index] = std::move(answer);
  if (--batch.open == 0) batch.done.NotifyAll();
  FreePlace(flow);
}

std::vector<Answer> Traffic::Wait(Batch& batch) {
  base::MutexLock lock(mutex_);
  waiting_.insert(&batch);
  while (!stopped_ && batch.open > 0) batch.done.Wait(mutex_);
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
  base::MutexLock lock(mutex_);
  stopped_ = true;
  for (const auto& [ticket, waiter] : queue_) waiter->wake.NotifyOne();
  for (Batch* batch : waiting_) batch->done.NotifyAll();
}

int Traffic::writes() const {
  base::MutexLock lock(mutex_);
  return writes_;
}

bool Traffic::MayWrite(const WriteGate& gate) const {
  base::MutexLock lock(mutex_);
  return !stopped_ && gate.MayWrite();
}

std::optional<base::Error> Traffic::Refusal(const Flow& flow) const {
  if (stopped_) return Cancelled(false);
  const auto pause = paused_until_.find(flow);
  const base::SteadyTime now = clock_.Steady();
  if (pause == paused_until_.end() || now >= pause->second) return std::nullopt;
  base::Error error = base::MakeError(base::ErrorCode::kTooManyRequests, "RetryAfter",
                                      "not sent: the API server asked to wait");
  error.retry_after = std::chrono::ceil<std::chrono::seconds>(pause->second - now);
  return error;
}

void Traffic::HonourRetryAfter(const Flow& flow, const Answer& answer) {
  if (!answer || answer->status < 429) return;
  const std::string_view header = answer->Header("Retry-After");
  if (header.empty()) return;
  const auto wait = kube::ErrorFromResponse(answer->status, answer->body, header).retry_after;
  if (!wait) return;
  const base::SteadyTime now = clock_.Steady();
  std::erase_if(paused_until_, [&](const auto& pause) { return pause.second <= now; });
  base::SteadyTime& until = paused_until_[flow];
  until = std::max(until, now + *wait);
}

}  // namespace runtime
