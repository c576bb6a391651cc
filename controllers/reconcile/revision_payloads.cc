#include "controllers/reconcile/revision_payloads.h"

namespace disagg::reconcile {

base::Result<RevisionPayloads::Ptr> RevisionPayloads::Get(const std::string& uid,
                                                          const kube::ObjectKey& key) {
  {
    std::lock_guard lock(mutex_);
    if (const auto found = by_uid_.find(uid); found != by_uid_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return recent_.front().second;
    }
  }
  auto json = client_.Get(kube::kControllerRevisions, key);
  if (!json) return json.error();
  auto revision = render::RevisionOf(*json);
  if (!revision) {
    return base::MakeError(
        base::ErrorCode::kInvalid, "DamagedRevision",
        "ControllerRevision " + key.ToString() +
            " does not hold what this operator wrote; delete it and set spec.restart.token");
  }
  auto payload = std::make_shared<const render::Revision>(std::move(*revision));
  Remember(uid, payload);
  return payload;
}

void RevisionPayloads::Remember(const std::string& uid, Ptr payload) {
  std::lock_guard lock(mutex_);
  if (by_uid_.contains(uid)) return;
  recent_.emplace_front(uid, std::move(payload));
  by_uid_[uid] = recent_.begin();
  while (recent_.size() > capacity_) {
    by_uid_.erase(recent_.back().first);
    recent_.pop_back();
  }
}

}  // namespace disagg::reconcile
