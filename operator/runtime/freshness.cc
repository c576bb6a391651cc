#include "operator/runtime/freshness.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace runtime {
namespace {

// Without leading zeros; nothing for what is not a decimal integer.
std::optional<std::string_view> Digits(std::string_view text) {
  const bool decimal = !text.empty() && std::all_of(text.begin(), text.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
  if (!decimal) return std::nullopt;
  const auto first = std::min(text.find_first_not_of('0'), text.size() - 1);
  return text.substr(first);
}

}  // namespace

std::optional<int> CompareResourceVersions(const std::string& a, const std::string& b) {
  const auto x = Digits(a);
  const auto y = Digits(b);
  if (!x || !y) return std::nullopt;
  if (x->size() != y->size()) return x->size() < y->size() ? -1 : 1;
  const int order = x->compare(*y);
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

void Freshness::RegisterStore(const kube::Resource& resource, const ObjectStore* store,
                              Relist relist) {
  base::MutexLock lock(mutex_);
  caches_[resource] = {store, std::move(relist)};
}

void Freshness::NoteWrite(const std::string& owner_uid, const kube::Resource& resource,
                          const std::string& resource_version) {
  base::MutexLock lock(mutex_);
  if (!caches_.contains(resource)) return;  // nothing is decided on what is not cached
  Note& note = owners_[owner_uid][resource];
  // Answers to writes that ran side by side come in any order.
  if (CompareResourceVersions(resource_version, note.version) == -1) return;
  note.version = resource_version;
  note.relisted = nullptr;
}

void Freshness::NoteGone(const std::string& owner_uid, const kube::Resource& resource,
                         const std::string& uid) {
  base::MutexLock lock(mutex_);
  if (caches_.contains(resource)) owners_[owner_uid][resource].gone.insert(uid);
}

bool Freshness::IsFresh(const std::string& owner_uid, std::string* behind) {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return true;
  for (auto& [resource, note] : owner->second) {
    if (Settle(note, caches_.at(resource))) continue;
    if (behind != nullptr) *behind = resource.ToString();
    return false;
  }
  owners_.erase(owner);
  return true;
}

void Freshness::Forget(const std::string& owner_uid) {
  base::MutexLock lock(mutex_);
  owners_.erase(owner_uid);
}

void Freshness::Clear() {
  base::MutexLock lock(mutex_);
  owners_.clear();
}

bool Freshness::Settle(Note& note, const Cache& cache) {
  if (!Reached(note, cache)) return false;
  note.version.clear();
  note.relisted = nullptr;
  // Only now: before, an object of this UID may not even have been seen to come.
  std::erase_if(note.gone, [&](const std::string& uid) { return !cache.store->HasUid(uid); });
  return note.gone.empty();
}

bool Freshness::Reached(Note& note, const Cache& cache) {
  if (note.version.empty()) return true;
  const std::string seen = cache.store->resource_version();
  if (seen == note.version) return true;
  if (const auto order = CompareResourceVersions(seen, note.version); order) return *order >= 0;
  // A store that was never listed has the version "".
  if (!cache.relist || seen.empty()) return false;
  if (!note.relisted) note.relisted = cache.relist();
  return note.relisted();
}

}  // namespace runtime
