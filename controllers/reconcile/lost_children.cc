#include "controllers/reconcile/lost_children.h"

#include <algorithm>
#include <utility>

#include "controllers/api/labels.h"
#include "controllers/reconcile/live_object.h"
#include "operator/kube/item_decoder.h"

namespace disagg::reconcile {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMost = 4096;
// A pass waits for its looks: what is due beyond that is looked at by the next one.
constexpr int kMostLooks = 32;
constexpr milliseconds kFirstInterval{1'000};
constexpr milliseconds kLongestInterval{30'000};

}  // namespace

void LostChildren::Suspect(const kube::Resource& resource, const kube::ObjectPtr& last_known) {
  const kube::ObjectMeta& meta = last_known->meta;
  Add(meta.controller_uid, meta.uid, {resource, meta.key(), last_known, clock_.Steady(), {}, {}});
}

void LostChildren::Suspect(const std::string& owner_uid, const kube::Resource& resource,
                           const kube::ObjectKey& key, const std::string& uid) {
  Add(owner_uid, uid, {resource, key, nullptr, clock_.Steady(), {}, {}});
}

void LostChildren::Add(const std::string& owner_uid, const std::string& uid, const Entry& entry) {
  if (owner_uid.empty() || uid.empty()) return;
  base::MutexLock lock(mutex_);
  if (size_ >= kMost) return;
  if (owners_[owner_uid].try_emplace(uid, entry).second) ++size_;
}

// A copy of what is still hidden; what a cache shows again is dropped.
LostChildren::Entries LostChildren::TakeShown(const std::string& owner_uid, const IsShown& shown) {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return {};
  size_ -= std::erase_if(
      owner->second, [&](const auto& entry) { return shown(entry.second.resource, entry.first); });
  Entries hidden = owner->second;
  if (hidden.empty()) owners_.erase(owner);
  return hidden;
}

LostChildren::View LostChildren::Look(const std::string& owner_uid, const IsShown& shown) {
  View view;
  int looks = 0;
  for (auto& [uid, entry] : TakeShown(owner_uid, shown)) {
    Entry looked = entry;
    if (looked.due <= clock_.Steady() && looks < kMostLooks) {
      ++looks;
      if (!Refresh(owner_uid, uid, looked)) {
        Drop(owner_uid, uid);
        continue;
      }
      Keep(owner_uid, uid, looked);
    }
    if (looked.error) {
      view.failures.push_back(
          {"look at " + looked.resource.kind + " " + looked.key.name, *looked.error});
    }
    if (looked.last_known != nullptr) view.children.push_back({looked.resource, looked.last_known});
  }
  return view;
}

bool LostChildren::Refresh(const std::string& owner_uid, const std::string& uid, Entry& entry) {
  entry.interval = std::clamp(entry.interval * 2, kFirstInterval, kLongestInterval);
  entry.due = clock_.Steady() + entry.interval;
  const auto live = client_.Get(entry.resource, entry.key);
  if (!live && SaysAbsent(live.error())) return false;
  kube::JsonParser parser;
  auto object = live ? kube::DecodeItem(*live, decoders_(entry.resource), parser) : live.error();
  if (!object) {
    entry.error = object.error();
    return true;
  }
  entry.error.reset();
  const kube::ObjectMeta& meta = (*object)->meta;
  if (meta.uid != uid || meta.controller_uid != owner_uid) return false;
  entry.last_known = std::move(*object);
  return true;
}

void LostChildren::Keep(const std::string& owner_uid, const std::string& uid, const Entry& entry) {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return;
  if (const auto kept = owner->second.find(uid); kept != owner->second.end()) kept->second = entry;
}

bool LostChildren::Holds(const std::string& owner_uid, const std::string& uid) const {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  return owner != owners_.end() && owner->second.contains(uid);
}

std::optional<milliseconds> LostChildren::DueIn(const std::string& owner_uid) const {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end() || owner->second.empty()) return std::nullopt;
  base::SteadyTime due = base::SteadyTime::max();
  for (const auto& [uid, entry] : owner->second) due = std::min(due, entry.due);
  const auto wait = std::chrono::ceil<milliseconds>(due - clock_.Steady());
  return std::max(wait, milliseconds(1));
}

void LostChildren::LookSoon(const std::string& owner_uid, const std::string& uid) {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return;
  if (const auto kept = owner->second.find(uid); kept != owner->second.end()) {
    kept->second.due = clock_.Steady() + kFirstInterval;
    kept->second.interval = kFirstInterval;
  }
}

void LostChildren::Drop(const std::string& owner_uid, const std::string& uid) {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return;
  size_ -= owner->second.erase(uid);
  if (owner->second.empty()) owners_.erase(owner);
}

void LostChildren::Forget(const std::string& owner_uid) {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return;
  size_ -= owner->second.size();
  owners_.erase(owner);
}

void LostChildren::Clear() {
  base::MutexLock lock(mutex_);
  owners_.clear();
  size_ = 0;
}

std::optional<planning::Write> GiveLabelBack(const LostChildren::Child& child,
                                             const kube::ObjectMeta& owner) {
  const kube::ObjectMeta& meta = child.object->meta;
  if (meta.deleting() || meta.label(api::kLabelDeployment) == owner.name) return std::nullopt;
  planning::Write write;
  write.verb = planning::Verb::kMergePatch;
  write.stage = planning::Stage::kRelease;
  write.resource = child.resource;
  write.key = meta.key();
  write.uid = meta.uid;
  write.body = {{"metadata", {{"labels", {{api::kLabelDeployment, owner.name}}}}}};
  write.reason = std::string("give ") + child.resource.kind + " " + meta.name + " its label " +
                 api::kLabelDeployment + " back";
  return write;
}

}  // namespace disagg::reconcile
