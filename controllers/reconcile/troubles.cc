#include "controllers/reconcile/troubles.h"

#include <algorithm>
#include <utility>

#include "controllers/api/labels.h"

namespace disagg::reconcile {
namespace {

using planning::Trouble;
using planning::Write;

std::string RoleOf(const Write& write, const planning::Snapshot& snapshot) {
  const nlohmann::json::json_pointer labels("/metadata/labels");
  if (write.body.is_object() && write.body.contains(labels)) {
    return write.body.at(labels).value(api::kLabelRole, "");
  }
  for (const auto& pod : snapshot.pods) {
    if (pod->meta.uid == write.uid) return pod->meta.label(api::kLabelRole);
  }
  return "";
}

}  // namespace

void Troubles::Settle(const std::string& owner_uid, std::vector<Trouble> failures,
                      const std::function<bool(const Trouble&)>& untried, std::int64_t now) {
  base::MutexLock lock(mutex_);
  std::vector<Trouble>& known = owners_[owner_uid];
  for (Trouble& failure : failures) {
    const auto same = std::find_if(known.begin(), known.end(), [&](const Trouble& trouble) {
      return trouble.what == failure.what;
    });
    failure.since = same != known.end() ? same->since : now;
  }
  for (Trouble& trouble : known) {
    const bool told = std::any_of(failures.begin(), failures.end(), [&](const Trouble& failure) {
      return failure.what == trouble.what;
    });
    if (!told && untried(trouble)) failures.push_back(std::move(trouble));
  }
  std::stable_sort(failures.begin(), failures.end(),
                   [](const Trouble& a, const Trouble& b) { return a.since < b.since; });
  known = std::move(failures);
  if (known.empty()) owners_.erase(owner_uid);
}

std::vector<Trouble> Troubles::Of(const std::string& owner_uid) const {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  return owner == owners_.end() ? std::vector<Trouble>() : owner->second;
}

void Troubles::Forget(const std::string& owner_uid) {
  base::MutexLock lock(mutex_);
  owners_.erase(owner_uid);
}

std::string WhatOf(const Write& write) {
  return ToString(write.verb) + " " + write.resource.kind + " " + write.key.name;
}

Trouble TroubleOf(const Write& write, const base::Error& error,
                  const planning::Snapshot& snapshot) {
  Trouble trouble = TroubleOf(WhatOf(write), error);
  trouble.role = RoleOf(write, snapshot);
  if (write.resource == kube::kPods) trouble.pod = write.key.name;
  return trouble;
}

Trouble TroubleOf(const std::string& what, const base::Error& error) {
  Trouble trouble;
  trouble.what = what;
  trouble.reason = error.reason;
  trouble.message = error.message;
  trouble.retryable = error.retryable();
  return trouble;
}

}  // namespace disagg::reconcile
