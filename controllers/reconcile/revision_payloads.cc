#include "controllers/reconcile/revision_payloads.h"

namespace disagg::reconcile {

base::Result<RevisionPayloads::Ptr> RevisionPayloads::Get(const std::string& uid,
                                                          const kube::ObjectKey& key) {
  const std::optional<kube::PackedText> kept = Recall(uid);
  base::Result<std::string> json = kept ? base::Result<std::string>(kept->Unpack())
                                        : client_.Get(kube::kControllerRevisions, key);
  if (!json) return json.error();
  auto revision = render::RevisionOf(*json);
  if (!revision) {
    return base::MakeError(
        base::ErrorCode::kInvalid, "DamagedRevision",
        "ControllerRevision " + key.ToString() +
            " does not hold what this operator wrote; delete it and set spec.restart.token");
  }
  if (!kept) Remember(uid, packer_.Pack(*json));
  return std::make_shared<const render::Revision>(std::move(*revision));
}

std::optional<kube::PackedText> RevisionPayloads::Recall(const std::string& uid) {
  base::MutexLock lock(mutex_);
  const auto found = by_uid_.find(uid);
  if (found == by_uid_.end()) return std::nullopt;
  recent_.splice(recent_.begin(), recent_, found->second);
  return recent_.front().second;
}

void RevisionPayloads::Remember(const std::string& uid, const kube::PackedText& json) {
  base::MutexLock lock(mutex_);
  if (by_uid_.contains(uid)) return;
  recent_.emplace_front(uid, json);
  by_uid_[uid] = recent_.begin();
  while (recent_.size() > capacity_) {
    by_uid_.erase(recent_.back().first);
    recent_.pop_back();
  }
}

}  // namespace disagg::reconcile
