#include "operator/runtime/watch_inbox.h"

#include <utility>

namespace runtime {

void WatchInbox::OnHead(int status, const transport::Headers& headers) {
  transport::Response head;
  head.headers = headers;
  const std::string_view type = head.Header("Content-Type");
  base::MutexLock lock(mutex_);
  waiting_.status = status;
  waiting_.json = type.empty() || type.starts_with("application/json");
  waiting_.retry_after = head.Header("Retry-After");
  Announce();
}

bool WatchInbox::OnData(std::string_view bytes) {
  base::MutexLock lock(mutex_);
  waiting_.bytes.append(bytes);
  waiting_.paused = waiting_.bytes.size() >= max_bytes_;
  Announce();
  return !waiting_.paused;
}

void WatchInbox::OnEnd(base::Status status) {
  base::MutexLock lock(mutex_);
  waiting_.end = std::move(status);
  Announce();
}

WatchInbox::Delivery WatchInbox::Take() {
  base::MutexLock lock(mutex_);
  announced_ = false;
  Delivery taken;
  taken.status = waiting_.status;
  taken.json = waiting_.json;
  taken.retry_after = waiting_.retry_after;
  std::swap(taken.bytes, waiting_.bytes);
  std::swap(taken.end, waiting_.end);
  std::swap(taken.paused, waiting_.paused);
  return taken;
}

void WatchInbox::Announce() {
  if (announced_) return;
  announced_ = true;
  arrived_();
}

}  // namespace runtime
