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
  Candidate candidate{stored->identity, nullptr, stored->router_template.Unpack(), true};
  const auto payload = snapshot.payloads.find(stored->identity.name);
  if (payload != snapshot.payloads.end()) candidate.payload = payload->second;
  return candidate;
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
  return {made->identity, made, made->rendered.at("router").dump(),
          Named(snapshot, made->identity.name) != nullptr};
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
    return state.revision == revision && !state.pod->meta.deleting();
  });
}

std::optional<Candidate> AcceptedRevision(const Snapshot& snapshot,
                                          const std::vector<PodState>& states) {
  const auto told = Named(snapshot, snapshot.deployment->status.target_revision);
  if (told != nullptr) return FromStored(snapshot, told);
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
