#pragma once

// The cache of one resource: what a reflector has seen of it, with indexes. Thread-safe; readers
// get snapshots (shared_ptr<const T>) and hold no lock while they look at them.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/kube/interned_string.h"
#include "operator/kube/object.h"

namespace runtime {

// What changed; `before` is null for an addition, `after` for a deletion.
struct Change {
  kube::ObjectPtr before;
  kube::ObjectPtr after;
};

// Called after the store holds the change, in the order of the stream, from the decoding thread.
// Must not block.
using ChangeHandler = std::function<void(const Change&)>;

// Called when the cache begins or ceases to be live, from the decoding thread. Must not block.
using LivenessHandler = std::function<void()>;

// Names under which an object can be found, e.g. its controller's UID or its node.
using IndexFunction = std::function<std::vector<std::string>(const kube::Object&)>;

// Type-erased store, what a reflector writes into.
class ObjectStore {
 public:
  // Only before the reflector starts.
  void AddIndex(const std::string& name, IndexFunction function);
  void AddHandler(ChangeHandler handler);
  void AddLivenessHandler(LivenessHandler handler);

  // One writer at a time. `resource_version` is the list's or the event's. Replace diffs: handlers
  // see deletions of what is gone and nothing of what has not changed. An object that was read in
  // part changes when the same version of it comes whole.
  void Replace(std::vector<kube::ObjectPtr> objects, const std::string& resource_version);
  void Upsert(const kube::ObjectPtr& object, const std::string& resource_version);
  void Remove(const kube::ObjectKey& key, const std::string& resource_version);
  void Bookmark(const std::string& resource_version);
  // The reflector lost its place; contents stay readable, synced() is false until the next Replace.
  void MarkUnsynced();
  // Why the cache is not live; "": it is, once it has been listed.
  void SetTrouble(std::string why);

  bool synced() const;
  // Whether absence in this cache proves anything: it was listed, and its watch answers, or has not
  // for a few seconds only (ReflectorTimings::live_grace). `trouble` is why it is not live ("nodes
  // is forbidden: ..."); empty while it is.
  bool live() const;
  std::string trouble() const;
  // Objects with a decode_error.
  std::size_t incomplete() const;
  // The newest resourceVersion that this cache is known to reflect; "" before the first list.
  std::string resource_version() const;
  std::size_t size() const;

  kube::ObjectPtr GetObject(const kube::ObjectKey& key) const;
  std::vector<kube::ObjectPtr> AllObjects() const;  // ordered by key
  std::vector<kube::ObjectPtr> ObjectsByIndex(const std::string& index,
                                              const std::string& value) const;
  bool HasUid(const std::string& uid) const;
  // Bumped at every change, so that readers can tell whether anything moved.
  std::uint64_t revision() const;

 private:
  // Objects ordered by their own key, so that no cache holds a name twice.
  struct ByKey {
    using is_transparent = void;
    bool operator()(const kube::ObjectPtr& a, const kube::ObjectPtr& b) const {
      return Less(a->meta.namespace_name, a->meta.name, b->meta.namespace_name, b->meta.name);
    }
    bool operator()(const kube::ObjectPtr& a, const kube::ObjectKey& b) const {
      return Less(a->meta.namespace_name, a->meta.name, b.namespace_name, b.name);
    }
    bool operator()(const kube::ObjectKey& a, const kube::ObjectPtr& b) const {
      return Less(a.namespace_name, a.name, b->meta.namespace_name, b->meta.name);
    }
    static bool Less(const std::string& namespace_a, const std::string& a,
                     const std::string& namespace_b, const std::string& b) {
      const int order = namespace_a.compare(namespace_b);
      return order != 0 ? order < 0 : a < b;
    }
  };
  using ObjectSet = std::set<kube::ObjectPtr, ByKey>;

  struct IndexEntry {
    kube::InternedString value;
    kube::ObjectPtr object;
  };
  // Ordered by value, then by the object's key.
  struct ByValue {
    using is_transparent = void;
    bool operator()(const IndexEntry& a, const IndexEntry& b) const {
      return a.value == b.value ? ByKey()(a.object, b.object) : a.value.get() < b.value.get();
    }
    bool operator()(const IndexEntry& a, std::string_view b) const { return a.value.get() < b; }
    bool operator()(std::string_view a, const IndexEntry& b) const { return a < b.value.get(); }
  };
  struct Index {
    IndexFunction function;
    std::set<IndexEntry, ByValue> entries;
  };

  // Put returns what has changed: nothing, one change, or, when another object
  // has taken the name, two.
  void Put(const kube::ObjectPtr& object, std::vector<Change>& changes) REQUIRES(mutex_);
  void Take(const kube::ObjectPtr& object, std::vector<Change>& changes) REQUIRES(mutex_);
  void Insert(const kube::ObjectPtr& object) REQUIRES(mutex_);
  void Erase(const kube::ObjectPtr& object) REQUIRES(mutex_);
  bool IsLive() const REQUIRES_SHARED(mutex_) { return listed_ && trouble_.empty(); }
  void Notify(const std::vector<Change>& changes) const EXCLUDES(mutex_);
  void NotifyLiveness() const EXCLUDES(mutex_);

  mutable base::SharedMutex mutex_;
  ObjectSet objects_ GUARDED_BY(mutex_);
  std::map<std::string, Index> indexes_ GUARDED_BY(mutex_);
  std::unordered_set<std::string_view> uids_ GUARDED_BY(mutex_);  // views of the objects' own
  std::string resource_version_ GUARDED_BY(mutex_);
  bool synced_ GUARDED_BY(mutex_) = false;
  bool listed_ GUARDED_BY(mutex_) = false;
  std::string trouble_ GUARDED_BY(mutex_);
  std::size_t incomplete_ GUARDED_BY(mutex_) = 0;
  std::uint64_t revision_ GUARDED_BY(mutex_) = 0;
  std::vector<ChangeHandler> handlers_;
  std::vector<LivenessHandler> liveness_handlers_;
};

inline constexpr char kByController[] = "controller-uid";

// The typed view of an ObjectStore whose decoder makes T. A view, not an owner.
template <typename T>
class Store {
 public:
  using Ptr = std::shared_ptr<const T>;

  explicit Store(const ObjectStore& objects) : objects_(&objects) {}

  Ptr Get(const kube::ObjectKey& key) const { return Cast(objects_->GetObject(key)); }
  std::vector<Ptr> All() const { return Cast(objects_->AllObjects()); }
  std::vector<Ptr> ByController(const std::string& uid) const {
    return ByIndex(kByController, uid);
  }
  std::vector<Ptr> ByIndex(const std::string& index, const std::string& value) const {
    return Cast(objects_->ObjectsByIndex(index, value));
  }
  const ObjectStore& objects() const { return *objects_; }

 private:
  static Ptr Cast(const kube::ObjectPtr& object) {
    return std::static_pointer_cast<const T>(object);
  }
  static std::vector<Ptr> Cast(const std::vector<kube::ObjectPtr>& objects) {
    std::vector<Ptr> typed;
    typed.reserve(objects.size());
    for (const auto& object : objects) typed.push_back(Cast(object));
    return typed;
  }

  const ObjectStore* objects_;
};

}  // namespace runtime
