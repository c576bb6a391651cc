#include "controllers/reconcile/accepted_pods.h"

#include <chrono>
#include <iterator>

namespace disagg::reconcile {
namespace {

constexpr std::chrono::minutes kAcceptedFor{1};
constexpr std::chrono::seconds kLongestWait{2};
// A pass that was cut short owes an answer that never comes.
constexpr std::chrono::seconds kAskedFor{15};

}  // namespace

AcceptedPods::Key AcceptedPods::KeyOf(const planning::Write& dry_run) {
  return {dry_run.key.namespace_name, dry_run.likeness};
}

AcceptedPods::Answer AcceptedPods::Find(const Key& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return Answer::kUnknown;
  const auto age = clock_.Steady() - found->second.since;
  if (found->second.accepted) return age <= kAcceptedFor ? Answer::kAccepted : Answer::kUnknown;
  return age <= kAskedFor ? Answer::kAwaited : Answer::kUnknown;
}

AcceptedPods::Answer AcceptedPods::Look(const planning::Write& dry_run) {
  if (dry_run.likeness.empty()) return Answer::kUnknown;
  base::MutexLock lock(mutex_);
  const Key key = KeyOf(dry_run);
  const Answer answer = Find(key);
  if (answer == Answer::kUnknown) {
    MakeRoom();
    entries_[key] = {false, clock_.Steady()};
  }
  return answer;
}

void AcceptedPods::Settle(const planning::Write& dry_run, bool accepted) {
  if (dry_run.likeness.empty()) return;
  base::MutexLock lock(mutex_);
  if (accepted) {
    MakeRoom();
    entries_[KeyOf(dry_run)] = {true, clock_.Steady()};
  } else {
    entries_.erase(KeyOf(dry_run));
  }
  settled_.NotifyAll();
}

bool AcceptedPods::Await(const planning::Write& dry_run) {
  const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
  const Key key = KeyOf(dry_run);
  base::MutexLock lock(mutex_);
  while (Find(key) == Answer::kAwaited) {
    if (!settled_.WaitUntil(mutex_, deadline)) break;
  }
  return Find(key) == Answer::kAccepted;
}

void AcceptedPods::Forget(const std::string& namespace_name) {
  base::MutexLock lock(mutex_);
  std::erase_if(entries_, [&](const auto& entry) { return entry.first.first == namespace_name; });
  settled_.NotifyAll();
}

// What is forgotten is asked again.
void AcceptedPods::MakeRoom() {
  if (entries_.size() < kMost) return;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    entry = Find(entry->first) == Answer::kUnknown ? entries_.erase(entry) : std::next(entry);
  }
  if (entries_.size() >= kMost) entries_.clear();
}

}  // namespace disagg::reconcile
