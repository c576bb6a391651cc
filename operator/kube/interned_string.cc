#include "operator/kube/interned_string.h"

#include <mutex>
#include <unordered_map>
#include <utility>

#include "operator/base/thread_annotations.h"

namespace kube {
namespace {

using Text = std::shared_ptr<const std::string>;

class Pool {
 public:
  Text Intern(std::string_view text) {
    std::lock_guard lock(mutex_);
    const auto found = texts_.find(text);
    if (found != texts_.end()) {
      if (Text known = found->second.lock()) return known;
      texts_.erase(found);  // its last user is on the way to Release
    }
    Text made(new std::string(text), [this](const std::string* gone) { Release(gone); });
    texts_.emplace(*made, made);
    return made;
  }

 private:
  // The entry may be that of a successor by now.
  void Release(const std::string* gone) {
    const std::unique_ptr<const std::string> deleted(gone);
    std::lock_guard lock(mutex_);
    const auto found = texts_.find(*gone);
    if (found != texts_.end() && found->first.data() == gone->data()) texts_.erase(found);
  }

  std::mutex mutex_;
  // The keys are views of the texts.
  std::unordered_map<std::string_view, std::weak_ptr<const std::string>> texts_ GUARDED_BY(mutex_);
};

// Never destroyed: objects with static storage may hold texts.
Pool& ThePool() {
  static Pool& pool = *new Pool;
  return pool;
}

const Text& Empty() {
  static const Text& empty = *new Text(std::make_shared<const std::string>());
  return empty;
}

}  // namespace

InternedString::InternedString() : text_(Empty()) {}

InternedString::InternedString(std::string_view text)
    : text_(text.empty() ? Empty() : ThePool().Intern(text)) {}

}  // namespace kube
