#pragma once

// Rule 3: no decision on a cache that is older than our own last write to the objects of that owner
// (as KEP-5647, staleness mitigation for controllers). After each write the writer notes what it
// made; before each pass the reader asks whether the caches have caught up.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/kube/resource.h"
#include "operator/runtime/store.h"

namespace runtime {

// Orders two resourceVersions of one resource: -1, 0, 1 as decimal integers of any length; nothing
// where one is not decimal (then only a live list helps).
std::optional<int> CompareResourceVersions(const std::string& a, const std::string& b);

// Starts a list from etcd; the function that it returns says whether the cache reflects that list
// yet.
using Relist = std::function<std::function<bool()>()>;

// Thread-safe.
class Freshness {
 public:
  // `relist` is called, under the lock, where resourceVersions cannot be compared; without it only
  // equal ones settle a note.
  void RegisterStore(const kube::Resource& resource, const ObjectStore* store, Relist relist = {});

  void NoteWrite(const std::string& owner_uid, const kube::Resource& resource,
                 const std::string& resource_version);
  // A delete whose answer held no object: fresh once the store has no such UID.
  void NoteGone(const std::string& owner_uid, const kube::Resource& resource,
                const std::string& uid);

  // True when every store reflects everything noted for the owner; settled notes are dropped.
  // Otherwise `behind` names the first resource that lags.
  bool IsFresh(const std::string& owner_uid, std::string* behind);

  // The owner is gone for good.
  void Forget(const std::string& owner_uid);
  // All caches were listed anew from etcd.
  void Clear();

 private:
  struct Cache {
    const ObjectStore* store = nullptr;
    Relist relist;
  };
  // What one owner's objects of one resource still have to show.
  struct Note {
    std::string version;             // "" when reached
    std::set<std::string> gone;      // UIDs
    std::function<bool()> relisted;  // set once a list was asked for
  };

  static bool Settle(Note& note, const Cache& cache);
  static bool Reached(Note& note, const Cache& cache);

  base::Mutex mutex_;
  std::map<kube::Resource, Cache> caches_ GUARDED_BY(mutex_);
  std::map<std::string, std::map<kube::Resource, Note>> owners_ GUARDED_BY(mutex_);
};

}  // namespace runtime
