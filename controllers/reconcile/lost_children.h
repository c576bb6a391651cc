#pragma once

// Children of ours that no watch shows. Watches select by a label, and anybody can take a label off
// an object, or set a policy that takes it off at creation; the object stays ours by its owner
// reference. Whoever notices that one may be hidden (a DELETED event, the answer to a write, the
// sweep) says so with Suspect, and the next pass over its owner looks at it live. What is found is
// part of the snapshot like a cached object, until a cache shows it again or it is gone.
//
// Bounded; what does not fit is found by a later sweep. Thread-safe; looks block, one pass per
// owner at a time.

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/base/thread_annotations.h"
#include "operator/kube/decode.h"
#include "operator/kube/object.h"
#include "operator/kube/resource.h"
#include "operator/runtime/api_client.h"

namespace disagg::reconcile {

class LostChildren {
 public:
  using DecoderOf = std::function<kube::Decoder(const kube::Resource&)>;
  // Whether a cache holds an object.
  using IsShown = std::function<bool(const kube::Resource&, const std::string& uid)>;

  struct Child {
    kube::Resource resource;
    kube::ObjectPtr object;
  };
  struct Failure {
    std::string what;  // "look at Pod minimax-m3-decode-w7c3h5dn-0-1"
    base::Error error;
  };
  struct View {
    std::vector<Child> children;
    // Looks that failed. What was last known of such an object stands in `children`: not knowing
    // is not absence.
    std::vector<Failure> failures;
  };

  // `client` and `clock` outlive this.
  LostChildren(runtime::ApiClient& client, const base::Clock& clock, DecoderOf decoders)
      : client_(client), clock_(clock), decoders_(std::move(decoders)) {}

  // A watch has lost sight of `last_known`, which was not being deleted.
  void Suspect(const kube::Resource& resource, const kube::ObjectPtr& last_known);
  // An object of `owner_uid` may be there without being shown.
  void Suspect(const std::string& owner_uid, const kube::Resource& resource,
               const kube::ObjectKey& key, const std::string& uid);

  // Those of an owner, looked at again where it is time: at once, then after 1 s, doubled up to
  // 30 s.
  View Look(const std::string& owner_uid, const IsShown& shown);
  bool Holds(const std::string& owner_uid, const std::string& uid) const;
  // How long until Look has to look again; nothing while there is nothing to look at.
  std::optional<std::chrono::milliseconds> DueIn(const std::string& owner_uid) const;

  // An object was changed by us, or is gone.
  void LookSoon(const std::string& owner_uid, const std::string& uid);
  void Drop(const std::string& owner_uid, const std::string& uid);
  void Forget(const std::string& owner_uid);
  void Clear();

 private:
  struct Entry {
    kube::Resource resource;
    kube::ObjectKey key;
    kube::ObjectPtr last_known;  // null: never seen
    base::SteadyTime due{};
    std::chrono::milliseconds interval{0};
    std::optional<base::Error> error;  // of the last look
  };
  using Entries = std::map<std::string, Entry>;  // by UID

  void Add(const std::string& owner_uid, const std::string& uid, const Entry& entry);
  Entries TakeShown(const std::string& owner_uid, const IsShown& shown);
  // Looks at one; false: it is gone, or not of this owner.
  bool Refresh(const std::string& owner_uid, const std::string& uid, Entry& entry);
  void Keep(const std::string& owner_uid, const std::string& uid, const Entry& entry);

  runtime::ApiClient& client_;
  const base::Clock& clock_;
  const DecoderOf decoders_;
  mutable base::Mutex mutex_;
  std::map<std::string, Entries> owners_ GUARDED_BY(mutex_);
  std::size_t size_ GUARDED_BY(mutex_) = 0;
};

// Gives a lost child back the label that our watches select by; nothing where it has it.
std::optional<planning::Write> GiveLabelBack(const LostChildren::Child& child,
                                             const kube::ObjectMeta& owner);

}  // namespace disagg::reconcile
