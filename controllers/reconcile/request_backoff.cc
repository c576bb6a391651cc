#include "controllers/reconcile/request_backoff.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "controllers/api/labels.h"
#include "operator/base/hash.h"

namespace disagg::reconcile {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstWait{250};
constexpr milliseconds kLongestWait{15'000};
constexpr milliseconds kRefusedWait{30'000};
// A quota is freed by pods that end, of this deployment or another: GPUs wait for nobody's minute.
constexpr milliseconds kQuotaWait{10'000};
constexpr milliseconds kLongestServerWait{60'000};
// So many attempts are made with the whole group, the next ones with one write of it.
constexpr int kWholeAttempts = 3;

constexpr std::chrono::minutes kAcceptedFor{1};
constexpr int kFreeRepetitions = 5;
constexpr std::chrono::minutes kRepetitionWindow{2};
constexpr milliseconds kFirstRepetitionWait{1'000};
constexpr milliseconds kLongestRepetitionWait{30'000};

// first x 2^(n-1), at most `longest`; n from 1.
milliseconds Doubled(milliseconds first, int n, milliseconds longest) {
  return std::min<milliseconds>(longest, first * (1LL << std::clamp(n - 1, 0, 20)));
}

milliseconds WaitAfter(const base::Error& error, int attempts) {
  if (error.reason == "QuotaExceeded") return kQuotaWait;
  if (!error.retryable()) return kRefusedWait;
  const milliseconds asked = error.retry_after.value_or(std::chrono::seconds(0));
  return std::max(Doubled(kFirstWait, attempts, kLongestWait), std::min(asked, kLongestServerWait));
}

// One of the pods of a replica over several nodes.
bool IsRank(const planning::Write& create) {
  const auto labels = nlohmann::json::json_pointer("/metadata/labels");
  return create.body.contains(labels) && create.body.at(labels).contains(api::kLabelPeers);
}

std::string WithoutLastPart(const std::string& name) {
  return name.substr(0, std::min(name.size(), name.find_last_of('-')));
}

// A pod's slot, and its rank where it has one; not its incarnation.
std::string SlotOf(const planning::Write& create) {
  const std::string& name = create.key.name;
  if (!IsRank(create)) return WithoutLastPart(name);
  const std::string rank = name.substr(WithoutLastPart(name).size());
  return WithoutLastPart(WithoutLastPart(name)) + rank;
}

}  // namespace

RequestId IdOf(const planning::Write& write) {
  RequestId id{ToString(write.verb) + " " + write.resource.ToString(), write.key.name};
  if (write.verb == planning::Verb::kCreate && write.resource == kube::kPods) {
    id.id = SlotOf(write);
    return id;
  }
  id.id += "/" + write.uid;
  if (!write.body.is_null()) id.id += "/" + base::ShortHash(write.body.dump());
  return id;
}

void RequestBackoff::Begin(const std::string& owner_uid) {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return;
  for (auto& [name, group] : owner->second.groups) group.waiting = false;
  for (auto& [id, repetition] : owner->second.repetitions) repetition.waiting = false;
}

std::vector<std::optional<base::Error>> RequestBackoff::Admit(
    const std::string& owner_uid, const std::vector<const planning::Write*>& writes) {
  std::vector<std::optional<base::Error>> held(writes.size());
  std::vector<RequestId> ids;
  ids.reserve(writes.size());
  for (const planning::Write* write : writes) ids.push_back(IdOf(*write));
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return held;
  HoldFailures(owner->second, ids, held);
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (!held[i]) held[i] = HoldRepetition(owner->second, ids[i], *writes[i]);
  }
  return held;
}

void RequestBackoff::HoldFailures(Owner& owner, const std::vector<RequestId>& ids,
                                  std::vector<std::optional<base::Error>>& held) const {
  for (auto& [name, group] : owner.groups) {
    // The one that was tried longest ago finds out for the others.
    std::size_t probe = ids.size();
    base::SteadyTime oldest = base::SteadyTime::max();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i].group != name) continue;
      const auto failed = group.failed.find(ids[i].id);
      if (failed == group.failed.end()) continue;
      held[i] = failed->second.error;
      if (failed->second.tried >= oldest) continue;
      oldest = failed->second.tried;
      probe = i;
    }
    if (probe == ids.size()) continue;
    group.waiting = true;
    if (clock_.Steady() < group.due) continue;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool whole = group.attempts < kWholeAttempts;
      if (ids[i].group == name && (whole || i == probe)) held[i].reset();
    }
  }
}

std::optional<base::Error> RequestBackoff::HoldRepetition(Owner& owner, const RequestId& id,
                                                          const planning::Write& write) const {
  const auto found = owner.repetitions.find(id);
  if (found == owner.repetitions.end()) return std::nullopt;
  Repetition& repetition = found->second;
  repetition.waiting = clock_.Steady() < repetition.due;
  if (!repetition.waiting) return std::nullopt;
  return base::MakeError(base::ErrorCode::kConflict, "UndoneAgain",
                         "to " + ToString(write.verb) + " " + write.resource.kind + " " +
                             write.key.name + " succeeded " + std::to_string(repetition.times) +
                             " times in a short time and did not last; find out what changes or "
                             "deletes it");
}

std::optional<base::Error> RequestBackoff::Admit(const std::string& owner_uid,
                                                 const RequestId& id) {
  std::vector<std::optional<base::Error>> held(1);
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner != owners_.end()) HoldFailures(owner->second, {id}, held);
  return held.front();
}

void RequestBackoff::NoteFailure(const std::string& owner_uid, const RequestId& id,
                                 const base::Error& error) {
  const base::SteadyTime now = clock_.Steady();
  base::MutexLock lock(mutex_);
  Group& group = owners_[owner_uid].groups[id.group];
  group.failed[id.id] = {error, now};
  group.waiting = true;
  // Failures of one batch are one attempt.
  if (now < group.due) return;
  ++group.attempts;
  group.due = now + WaitAfter(error, group.attempts);
}

void RequestBackoff::NoteSuccess(const std::string& owner_uid, const RequestId& id) {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return;
  const auto group = owner->second.groups.find(id.group);
  if (group == owner->second.groups.end()) return;
  if (group->second.failed.erase(id.id) > 0) {
    group->second.attempts = 0;
    group->second.due = clock_.Steady();
  }
  if (group->second.failed.empty()) owner->second.groups.erase(group);
}

void RequestBackoff::NoteWritten(const std::string& owner_uid, const planning::Write& write) {
  const RequestId id = IdOf(write);
  NoteSuccess(owner_uid, id);
  const base::SteadyTime now = clock_.Steady();
  base::MutexLock lock(mutex_);
  auto& repetitions = owners_[owner_uid].repetitions;
  std::erase_if(repetitions,
                [&](const auto& entry) { return now - entry.second.last > kRepetitionWindow; });
  Repetition& repetition = repetitions[id];
  repetition.last = now;
  if (++repetition.times < kFreeRepetitions) return;
  repetition.due = now + Doubled(kFirstRepetitionWait, repetition.times - kFreeRepetitions + 1,
                                 kLongestRepetitionWait);
}

void RequestBackoff::NoteAccepted(const std::string& owner_uid, const RequestId& id) {
  NoteSuccess(owner_uid, id);
  const base::SteadyTime now = clock_.Steady();
  base::MutexLock lock(mutex_);
  auto& accepted = owners_[owner_uid].accepted;
  std::erase_if(accepted, [&](const auto& entry) { return now - entry.second > kAcceptedFor; });
  accepted[id] = now;
}

bool RequestBackoff::IsAccepted(const std::string& owner_uid, const RequestId& id) const {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return false;
  const auto accepted = owner->second.accepted.find(id);
  return accepted != owner->second.accepted.end() &&
         clock_.Steady() - accepted->second <= kAcceptedFor;
}

bool RequestBackoff::HasFailed(const std::string& owner_uid, const RequestId& id) const {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return false;
  const auto group = owner->second.groups.find(id.group);
  return group != owner->second.groups.end() && group->second.failed.contains(id.id);
}

bool RequestBackoff::HasFailures(const std::string& owner_uid) const {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  return owner != owners_.end() && !owner->second.groups.empty();
}

void RequestBackoff::Prune(const std::string& owner_uid, const std::vector<planning::Write>& plan) {
  if (!HasFailures(owner_uid)) return;
  std::set<RequestId> planned;
  for (const planning::Write& write : plan) planned.insert(IdOf(write));
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return;
  for (auto& [name, group] : owner->second.groups) {
    std::erase_if(group.failed, [&](const auto& failed) {
      return !planned.contains({name, failed.first});
    });
  }
  std::erase_if(owner->second.groups,
                [](const auto& group) { return group.second.failed.empty(); });
}

std::optional<milliseconds> RequestBackoff::DueIn(const std::string& owner_uid) const {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return std::nullopt;
  base::SteadyTime due = base::SteadyTime::max();
  for (const auto& [name, group] : owner->second.groups) {
    if (group.waiting) due = std::min(due, group.due);
  }
  for (const auto& [id, repetition] : owner->second.repetitions) {
    if (repetition.waiting) due = std::min(due, repetition.due);
  }
  if (due == base::SteadyTime::max()) return std::nullopt;
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(due - clock_.Steady()));
}

void RequestBackoff::TryNow(const std::string& owner_uid) {
  base::MutexLock lock(mutex_);
  const auto owner = owners_.find(owner_uid);
  if (owner == owners_.end()) return;
  for (auto& [name, group] : owner->second.groups) group.due = clock_.Steady();
  owner->second.accepted.clear();
}

void RequestBackoff::Forget(const std::string& owner_uid) {
  base::MutexLock lock(mutex_);
  owners_.erase(owner_uid);
}

}  // namespace disagg::reconcile
