#pragma once

// Rule 3: no decision on a cache that is older than our own last write to the objects of that owner (as KEP-5647,
// staleness mitigation for controllers). After each write the writer notes what it made; before each pass the
// reader asks whether the caches have caught up.

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "operator/base/thread_annotations.h"
#include "operator/kube/resource.h"
#include "operator/runtime/store.h"

namespace runtime {

// Orders two resourceVersions of one resource: -1, 0, 1 as decimal integers of any length; nothing where one is not
// decimal (then only a live list helps).
std::optional<int> CompareResourceVersions(const std::string& a, const std::string& b);

// Thread-safe.
class Freshness {
 public:
  void RegisterStore(const kube::Resource& resource, const ObjectStore* store);

  void NoteWrite(const std::string& owner_uid, const kube::Resource& resource, const std::string& resource_version);
  // A delete whose answer held no object: fresh once the store has no such UID.
  void NoteGone(const std::string& owner_uid, const kube::Resource& resource, const std::string& uid);

  // True when every store reflects everything noted for the owner; settled notes are dropped. Otherwise `behind` names the
  // first resource that lags.
  bool IsFresh(const std::string& owner_uid, std::string* behind);

  // The owner is gone for good.
  void Forget(const std::string& owner_uid);
  // All caches were listed anew from etcd.
  void Clear();

 private:
  struct Notes {
    std::map<kube::Resource, std::string> versions;
    std::map<kube::Resource, std::set<std::string>> gone;
  };

  std::mutex mutex_;
  std::map<kube::Resource, const ObjectStore*> stores_ GUARDED_BY(mutex_);
  std::map<std::string, Notes> owners_ GUARDED_BY(mutex_);
};

}  // namespace runtime
