#include "operator/kube/interned_string.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"

namespace kube {

struct InternedString::Entry {
  explicit Entry(std::string_view value) : text(value) {}

  std::atomic<std::uint64_t> users{1};
  const std::string text;
};

// Never destroyed: objects with static storage may hold texts.
class InternedString::Pool {
 public:
  static Pool& Get() {
    static Pool& pool = *new Pool;
    return pool;
  }

  Entry* Intern(std::string_view text) {
    base::MutexLock lock(mutex_);
    if (const auto found = entries_.find(text); found != entries_.end()) {
      found->second->users.fetch_add(1, std::memory_order_relaxed);
      return found->second.get();
    }
    auto made = std::make_unique<Entry>(text);
    Entry* entry = made.get();
    entries_.emplace(entry->text, std::move(made));
    return entry;
  }

  // The last user leaves under the lock, so that nobody finds the entry meanwhile.
  void Release(Entry* entry) {
    std::uint64_t users = entry->users.load(std::memory_order_relaxed);
    while (users > 1) {
      if (entry->users.compare_exchange_weak(users, users - 1, std::memory_order_release)) return;
    }
    base::MutexLock lock(mutex_);
    if (entry->users.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
    entries_.erase(entries_.find(entry->text));
  }

 private:
  base::Mutex mutex_;
  // The keys are views of the texts.
  std::unordered_map<std::string_view, std::unique_ptr<Entry>> entries_ GUARDED_BY(mutex_);
};

InternedString::InternedString(std::string_view text)
    : entry_(text.empty() ? nullptr : Pool::Get().Intern(text)) {}

InternedString::InternedString(const InternedString& other) : entry_(other.entry_) {
  if (entry_ != nullptr) entry_->users.fetch_add(1, std::memory_order_relaxed);
}

InternedString::~InternedString() {
  if (entry_ != nullptr) Pool::Get().Release(entry_);
}

const std::string& InternedString::get() const {
  static const std::string& empty = *new std::string;
  return entry_ == nullptr ? empty : entry_->text;
}

}  // namespace kube
