#include "controllers/reconcile/revision_payloads.h"

namespace disagg::reconcile {

base::Result<RevisionPayloads::Ptr> RevisionPayloads::Get(const std::string& uid,
                                                          const kube::ObjectKey& key) {
  if (auto kept = Recall(uid)) return std::make_shared<const render::Revision>(std::move(*kept));
  const base::Result<std::string> json = client_.Get(kube::kControllerRevisions, key);
  if (!json) return json.error();
  auto revision = render::RevisionOf(*json);
  if (!revision) {
    return base::MakeError(
        base::ErrorCode::kInvalid, "DamagedRevision",
        "ControllerRevision " + key.ToString() +
            " does not hold what this operator wrote; delete it and set spec.restart.token");
  }
  Keep(uid, *json);
  return std::make_shared<const render::Revision>(std::move(*revision));
}

void RevisionPayloads::Keep(const std::string& uid, const std::string& json) {
  kube::PackedText text = packer_.Pack(json);
  base::MutexLock lock(mutex_);
  if (const auto known = by_uid_.find(uid); known != by_uid_.end()) recent_.erase(known->second);
  recent_.emplace_front(uid, std::move(text));
  by_uid_[uid] = recent_.begin();
  while (recent_.size() > capacity_) {
    by_uid_.erase(recent_.back().first);
    recent_.pop_back();
  }
}

std::optional<render::Revision> RevisionPayloads::Recall(const std::string& uid) {
  const std::optional<kube::PackedText> text = RecallText(uid);
  return text ? render::RevisionOf(text->Unpack()) : std::nullopt;
}

std::optional<kube::PackedText> RevisionPayloads::RecallText(const std::string& uid) {
  base::MutexLock lock(mutex_);
  const auto found = by_uid_.find(uid);
  if (found == by_uid_.end()) return std::nullopt;
  recent_.splice(recent_.begin(), recent_, found->second);
  return recent_.front().second;
}

}  // namespace disagg::reconcile
