#include "controllers/planning/target_revision.h"

#include <algorithm>
#include <functional>

namespace disagg::planning {
namespace {

using Predicate = std::function<bool(const render::RevisionIdentity&)>;

const StoredRevision* Newest(const Snapshot& snapshot, const Predicate& fits) {
  const StoredRevision* newest = nullptr;
  for (const StoredRevision& revision : snapshot.revisions) {
    const bool newer = newest == nullptr || revision.identity.number > newest->identity.number;
    if (newer && fits(revision.identity)) newest = &revision;
  }
  return newest;
}

const StoredRevision* Named(const Snapshot& snapshot, const std::string& name) {
  return Newest(snapshot, [&](const auto& identity) { return identity.name == name; });
}

std::optional<Candidate> FromStored(const Snapshot& snapshot, const StoredRevision* stored) {
  if (stored == nullptr) return std::nullopt;
  Candidate candidate{stored->identity, nullptr, true};
  const auto payload = snapshot.payloads.find(stored->identity.name);
  if (payload != snapshot.payloads.end()) candidate.payload = payload->second;
  return candidate;
}

bool IsThere(const PodState& state) { return !state.pod->meta.deleting(); }

Candidate FromDamaged(const DamagedRevision& damaged, const std::vector<PodState>& states) {
  Candidate candidate;
  candidate.identity.name = damaged.name;
  candidate.stored = candidate.damaged = true;
  for (const PodState& state : states) {
    if (!IsThere(state)) continue;
    const bool own = state.revision == damaged.name;
    std::string& contract = candidate.identity.contract;
    std::string& role_revision = candidate.identity.roles[state.role].revision;
    if (own || contract.empty()) contract = state.contract;
    if (own || role_revision.empty()) role_revision = state.role_revision;
  }
  return candidate;
}

// The damaged revision that status names, or else one that has pods. Where only a later one has
// pods, the status has not followed yet.
std::optional<Candidate> DamagedOf(const Snapshot& snapshot, const std::vector<PodState>& states) {
  if (std::none_of(states.begin(), states.end(), IsThere)) return std::nullopt;
  const StoredRevision* later =
      Newest(snapshot, [&](const auto& identity) { return HasPods(states, identity.name); });
  const DamagedRevision* found = nullptr;
  for (const DamagedRevision& damaged : snapshot.damaged) {
    const bool runs = HasPods(states, damaged.name);
    const bool told = damaged.name == snapshot.deployment->status.target_revision;
    if (told && (runs || later == nullptr)) {
      found = &damaged;
      break;
    }
    if (found == nullptr && runs) found = &damaged;
  }
  return found == nullptr ? std::nullopt : std::optional(FromDamaged(*found, states));
}

Candidate MakeNew(const Snapshot& snapshot, const api::Resolution& resolution,
                  const render::Revision* previous) {
  std::int64_t newest = 0;
  std::map<std::string, std::string> taken;
  for (const StoredRevision& revision : snapshot.revisions) {
    taken[revision.identity.name] = revision.identity.inputs_hash;
    newest = std::max(newest, revision.identity.number);
  }
  auto made = std::make_shared<render::Revision>(
      render::MakeRevision(*snapshot.deployment, resolution, previous, taken, newest + 1));
  return {made->identity, made, Named(snapshot, made->identity.name) != nullptr};
}

// A pod that could not be read may have.
bool HasRun(const PodState& state) {
  if (state.unread) return true;
  const auto& containers = state.pod->containers;
  return std::any_of(containers.begin(), containers.end(), [](const auto& container) {
    return !container.init &&
           (container.running || container.restarts > 0 || container.last_finished_at > 0);
  });
}

}  // namespace

bool HasPods(const std::vector<PodState>& states, const std::string& revision) {
  return std::any_of(states.begin(), states.end(), [&](const PodState& state) {
    return state.revision == revision && IsThere(state);
  });
}

std::optional<Candidate> AcceptedRevision(const Snapshot& snapshot,
                                          const std::vector<PodState>& states) {
  const auto told = Named(snapshot, snapshot.deployment->status.target_revision);
  if (told != nullptr) return FromStored(snapshot, told);
  if (auto damaged = DamagedOf(snapshot, states)) return damaged;
  return FromStored(snapshot, Newest(snapshot, [&](const auto& identity) {
                      return HasPods(states, identity.name);
                    }));
}

std::optional<Candidate> TargetRevision(const Snapshot& snapshot,
                                        const std::vector<PodState>& states,
                                        const api::Resolution& resolution,
                                        const std::optional<Candidate>& accepted) {
  const api::DisaggDeployment& deployment = *snapshot.deployment;
  const bool nothing_ran = deployment.status.current_revision.empty() &&
                           std::none_of(states.begin(), states.end(), HasRun);
  if (accepted && accepted->damaged && !nothing_ran) {
    const Candidate again = MakeNew(snapshot, resolution, nullptr);
    return again.identity.name == accepted->identity.name ? again : *accepted;
  }
  const std::string spec_hash = render::HashSpec(deployment).spec;
  const std::string resolved_hash = nothing_ran ? render::HashResolved(deployment, resolution) : "";
  const auto fits = [&](const render::RevisionIdentity& identity) {
    return identity.spec_hash == spec_hash &&
           (!nothing_ran || identity.resolved_hash == resolved_hash);
  };
  if (accepted && fits(accepted->identity)) return accepted;
  if (auto stored = FromStored(snapshot, Newest(snapshot, fits))) return stored;
  if (nothing_ran) return MakeNew(snapshot, resolution, nullptr);
  if (accepted && !accepted->payload) return std::nullopt;
  return MakeNew(snapshot, resolution, accepted ? accepted->payload.get() : nullptr);
}

}  // namespace disagg::planning
