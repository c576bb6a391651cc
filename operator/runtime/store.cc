#include "operator/runtime/store.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace runtime {
namespace {

// Of one version of an object: what is known as a whole is not given up for a part of it.
bool IsReadBetter(const kube::ObjectMeta& now, const kube::ObjectMeta& before) {
  return !before.decode_error.empty() && now.decode_error != before.decode_error;
}

}  // namespace

void ObjectStore::AddIndex(const std::string& name, IndexFunction function) {
  base::WriterLock lock(mutex_);
  indexes_[name].function = std::move(function);
}

void ObjectStore::AddHandler(ChangeHandler handler) { handlers_.push_back(std::move(handler)); }

void ObjectStore::AddLivenessHandler(LivenessHandler handler) {
  liveness_handlers_.push_back(std::move(handler));
}

void ObjectStore::Replace(std::vector<kube::ObjectPtr> objects,
                          const std::string& resource_version) {
  std::vector<Change> changes;
  bool became_live = false;
  {
    base::WriterLock lock(mutex_);
    ObjectSet listed(std::make_move_iterator(objects.begin()),
                     std::make_move_iterator(objects.end()));
    std::vector<kube::ObjectPtr> vanished;
    for (const kube::ObjectPtr& object : objects_) {
      if (!listed.contains(object)) vanished.push_back(object);
    }
    for (const kube::ObjectPtr& object : vanished) Take(object, changes);
    for (const kube::ObjectPtr& object : listed) Put(object, changes);
    resource_version_ = resource_version;
    synced_ = true;
    const bool was_live = IsLive();
    listed_ = true;
    became_live = IsLive() && !was_live;
  }
  Notify(changes);
  if (became_live) NotifyLiveness();
}

void ObjectStore::Upsert(const kube::ObjectPtr& object, const std::string& resource_version) {
  std::vector<Change> changes;
  {
    base::WriterLock lock(mutex_);
    Put(object, changes);
    resource_version_ = resource_version;
  }
  Notify(changes);
}

void ObjectStore::Remove(const kube::ObjectKey& key, const std::string& resource_version) {
  std::vector<Change> changes;
  {
    base::WriterLock lock(mutex_);
    if (const auto found = objects_.find(key); found != objects_.end()) {
      Take(kube::ObjectPtr(*found), changes);
    }
    resource_version_ = resource_version;
  }
  Notify(changes);
}

void ObjectStore::Bookmark(const std::string& resource_version) {
  base::WriterLock lock(mutex_);
  resource_version_ = resource_version;
}

void ObjectStore::MarkUnsynced() {
  base::WriterLock lock(mutex_);
  synced_ = false;
}

void ObjectStore::SetTrouble(std::string why) {
  bool changed = false;
  {
    base::WriterLock lock(mutex_);
    const bool was_live = IsLive();
    trouble_ = std::move(why);
    changed = IsLive() != was_live;
  }
  if (changed) NotifyLiveness();
}

bool ObjectStore::live() const {
  base::ReaderLock lock(mutex_);
  return IsLive();
}

std::string ObjectStore::trouble() const {
  base::ReaderLock lock(mutex_);
  return trouble_.empty() && !listed_ ? "not listed yet" : trouble_;
}

std::size_t ObjectStore::incomplete() const {
  base::ReaderLock lock(mutex_);
  return incomplete_;
}

bool ObjectStore::synced() const {
  base::ReaderLock lock(mutex_);
  return synced_;
}

std::string ObjectStore::resource_version() const {
  base::ReaderLock lock(mutex_);
  return resource_version_;
}

std::size_t ObjectStore::size() const {
  base::ReaderLock lock(mutex_);
  return objects_.size();
}

kube::ObjectPtr ObjectStore::GetObject(const kube::ObjectKey& key) const {
  base::ReaderLock lock(mutex_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : *found;
}

std::vector<kube::ObjectPtr> ObjectStore::AllObjects() const {
  base::ReaderLock lock(mutex_);
  return {objects_.begin(), objects_.end()};
}

std::vector<kube::ObjectPtr> ObjectStore::ObjectsByIndex(const std::string& index,
                                                         const std::string& value) const {
  base::ReaderLock lock(mutex_);
  const auto named = indexes_.find(index);
  if (named == indexes_.end()) return {};
  const auto [begin, end] = named->second.entries.equal_range(std::string_view{value});
  std::vector<kube::ObjectPtr> objects;
  std::transform(begin, end, std::back_inserter(objects),
                 [](const IndexEntry& entry) { return entry.object; });
  return objects;
}

bool ObjectStore::HasUid(const std::string& uid) const {
  base::ReaderLock lock(mutex_);
  return uids_.contains(uid);
}

std::uint64_t ObjectStore::revision() const {
  base::ReaderLock lock(mutex_);
  return revision_;
}

void ObjectStore::Put(const kube::ObjectPtr& object, std::vector<Change>& changes) {
  const auto found = objects_.find(object);
  if (found == objects_.end()) {
    Insert(object);
    changes.push_back({nullptr, object});
    return;
  }
  const kube::ObjectPtr before = *found;
  if (before->meta.uid != object->meta.uid) {
    Take(before, changes);
    Insert(object);
    changes.push_back({nullptr, object});
    return;
  }
  if (before->meta.resource_version == object->meta.resource_version &&
      !IsReadBetter(object->meta, before->meta)) {
    return;
  }
  Erase(before);
  Insert(object);
  changes.push_back({before, object});
}

void ObjectStore::Take(const kube::ObjectPtr& object, std::vector<Change>& changes) {
  Erase(object);
  changes.push_back({object, nullptr});
}

void ObjectStore::Insert(const kube::ObjectPtr& object) {
  objects_.insert(object);
  uids_.insert(object->meta.uid);
  if (!object->meta.decode_error.empty()) ++incomplete_;
  ++revision_;
  for (auto& [name, index] : indexes_) {
    for (const std::string& value : index.function(*object)) {
      index.entries.insert({kube::InternedString(value), object});
    }
  }
}

void ObjectStore::Erase(const kube::ObjectPtr& object) {
  for (auto& [name, index] : indexes_) {
    for (const std::string& value : index.function(*object)) {
      index.entries.erase({kube::InternedString(value), object});
    }
  }
  uids_.erase(object->meta.uid);
  if (!object->meta.decode_error.empty()) --incomplete_;
  objects_.erase(object);
  ++revision_;
}

void ObjectStore::Notify(const std::vector<Change>& changes) const {
  for (const Change& change : changes) {
    for (const ChangeHandler& handler : handlers_) handler(change);
  }
}

void ObjectStore::NotifyLiveness() const {
  for (const LivenessHandler& handler : liveness_handlers_) handler();
}

}  // namespace runtime
