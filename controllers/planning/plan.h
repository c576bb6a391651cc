#pragma once

// What one pass wants done: ordered writes, and what to say about them.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/api/resolution.h"
#include "controllers/planning/capacity_waits.h"
#include "controllers/planning/explanation.h"
#include "controllers/render/revision.h"
#include "operator/base/result.h"
#include "operator/kube/object.h"
#include "operator/kube/resource.h"

namespace disagg::planning {

// kMergePatch gives back to an existing object of ours what somebody took from it (its labels); the
// body is a JSON merge patch.
enum class Verb { kCreate, kApply, kMergePatch, kDelete, kDryRun };

// "create", "apply", "patch", "delete", "dry-run"
std::string ToString(Verb verb);

// Stages run one after the other, the writes of one stage side by side. The order is part of crash
// safety: a pod never exists without the revision it was made from, nor a dry run before the
// ServiceAccount that it names. kRelease gives devices back and labels that somebody took: it needs
// nothing else to succeed, and nothing waits for it.
enum class Stage { kRelease, kRevision, kAccount, kDryRun, kPods, kServing, kGarbage };

// In the order in which they run.
inline constexpr Stage kStages[] = {Stage::kRelease, Stage::kRevision, Stage::kAccount,
                                    Stage::kDryRun,  Stage::kPods,     Stage::kServing,
                                    Stage::kGarbage};

// What pods stand on: made before them, and before anybody is asked about them.
constexpr bool IsFoundation(Stage stage) {
  return stage == Stage::kRevision || stage == Stage::kAccount || stage == Stage::kDryRun;
}

// On which answer of the dry runs a write depends. Without dry runs in the plan kIfRefused is never
// carried out.
enum class Gate { kAlways, kIfAccepted, kIfRefused };

// What a deletion stands on: an object that the caches do not hold. The executor asks the API
// server before it deletes; only "not found", or another UID where one is given, lets the deletion
// go on (absence in a cache alone proves nothing).
struct Absence {
  kube::Resource resource;
  kube::ObjectKey key;
  std::string uid;  // empty: any object of this name refutes it
};

struct Write {
  Verb verb = Verb::kCreate;
  Stage stage = Stage::kPods;
  Gate gate = Gate::kAlways;
  kube::Resource resource;
  kube::ObjectKey key;
  nlohmann::json body;  // empty for deletes
  // Deletes and merge patches: the precondition. Applies: of the cached object, empty when none is
  // cached.
  std::string uid;
  std::optional<int> grace_seconds;       // deletes
  std::optional<Absence> because_absent;  // deletes
  bool is_replaced = false;               // deletes of kRelease: a successor follows, as ever
  std::string reason;                     // one clause for the log: "node b200-3 is gone"
  // Dry runs: pods that this plan deletes hold at least what this one asks for, so a quota that is
  // used up by them is no refusal.
  bool room_is_freed = false;
  // Dry runs: the same for pods that admission can tell apart by the names of their deployments
  // only. Empty: asked, whatever was answered about others.
  std::string likeness;
};

// What became of a write.
struct WriteOutcome {
  const Write* write = nullptr;
  // With reason "NameConflict": an object of somebody else has this name.
  std::optional<base::Error> error;
};

struct Outcome {
  bool executed = false;  // false: the status before the first write
  std::vector<WriteOutcome> failed;
  // The API server's reason for refusing a dry run (422, 403); empty: accepted or not asked.
  std::string refusal;

  // False: a dry run was refused or got no answer that decides. What runs is kept whole.
  bool accepted() const;
  // Whether all stages were begun: no write has failed that those after it stand on.
  bool stands() const;
};

// Whether a failed write holds up all stages after its own. A dry run only decides nothing, and an
// account that exists serves while its repair fails.
bool HoldsUpTheRest(const WriteOutcome& failed);

// Whether a write is made, as the dry runs have been answered so far. Accounts of a refused
// target's fallback exist already.
bool IsOpen(const Write& write, const Outcome& outcome);

// Whether a write of the plan that `outcome` is of was made and answered well.
bool WasCarriedOut(const Write& write, const Outcome& outcome);

struct Plan {
  // Revisions whose templates have to be read before a pod can be made. The writes are right
  // without them: they give back what needs no template.
  std::vector<std::string> needs_payloads;
  std::vector<Write> writes;
  bool another_pass = false;            // more is to be written once these writes are visible
  std::optional<std::int64_t> wake_at;  // Unix seconds at which time alone changes the decision

  api::Resolution resolution;
  std::vector<api::FieldError> errors;  // why the spec is not accepted
  bool paused = false;                  // the annotation says so, or the object is being deleted
  bool gated = false;                   // dry runs decide about `target`
  // What runs is kept as it is, because this revision of it (see Snapshot::damaged) cannot be read.
  std::string damaged;
  // What the spec asks for; the last accepted one while it is invalid.
  std::optional<render::RevisionIdentity> target;
  std::optional<render::RevisionIdentity> accepted;  // the revision accepted before this pass
  std::map<api::RoleName, int> desired;              // with `target`
  std::map<api::RoleName, int> accepted_desired;     // with `accepted`
  CapacityWaits waits;                               // for status.capacity
  std::string update_available;           // what a new revision would change; empty: nothing
  std::vector<Explanation> explanations;  // those that something waits for first
};

}  // namespace disagg::planning
