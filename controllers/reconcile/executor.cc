#include "controllers/reconcile/executor.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace disagg::reconcile {
namespace {

using planning::Gate;
using planning::Outcome;
using planning::Stage;
using planning::Verb;
using planning::Write;

runtime::Verb ToRuntime(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return runtime::Verb::kCreate;
    case Verb::kApply:
      return runtime::Verb::kApply;
    case Verb::kMergePatch:
      return runtime::Verb::kMergePatch;
    case Verb::kDelete:
      return runtime::Verb::kDelete;
    case Verb::kDryRun:
      return runtime::Verb::kDryRunCreate;
  }
  return runtime::Verb::kCreate;
}

runtime::WriteRequest ToRequest(const Write& write) {
  runtime::WriteRequest request;
  request.verb = ToRuntime(write.verb);
  request.resource = write.resource;
  request.key = write.key;
  if (write.verb == Verb::kDelete) {
    request.precondition_uid = write.uid;
    request.grace_seconds = write.grace_seconds;
    return request;
  }
  nlohmann::json body = write.body;
  if (write.verb == Verb::kMergePatch) body["metadata"]["uid"] = write.uid;
  if (write.verb == Verb::kApply && !write.uid.empty()) {
    // With the UID of the cached object an apply can neither make a second object nor take over
    // somebody else's.
    body["metadata"]["uid"] = write.uid;
    request.force = true;
  }
  request.body = body.dump();
  return request;
}

base::Error NameConflict(const Write& write) {
  return base::MakeError(
      base::ErrorCode::kInvalid, "NameConflict",
      write.resource.kind + " " + write.key.ToString() +
          " exists and belongs to somebody else; delete or rename it, or rename this deployment");
}

// What a live object under the name of a write means for it.
enum class Standing { kAbsent, kOurs, kEnding, kForeign };

Standing StandingOf(const std::string& object, const kube::ObjectMeta& owner) {
  const auto json = nlohmann::json::parse(object, nullptr, false);
  if (!json.is_object() || !json.contains("metadata")) return Standing::kForeign;
  const auto& metadata = json["metadata"];
  for (const auto& reference : metadata.value("ownerReferences", nlohmann::json::array())) {
    if (!reference.value("controller", false) || reference.value("uid", "") != owner.uid) continue;
    return metadata.contains("deletionTimestamp") ? Standing::kEnding : Standing::kOurs;
  }
  return Standing::kForeign;
}

bool IsRefusal(const base::Error& error) {
  return error.code == base::ErrorCode::kInvalid || error.code == base::ErrorCode::kDenied;
}

// Pod Security is the refusal that everybody meets first: IPC_LOCK and host paths are privileged.
std::string RemedyFor(const base::Error& error, const std::string& namespace_name) {
  if (error.message.find("violates PodSecurity") == std::string::npos) return "";
  return "; kubectl label namespace " + namespace_name +
         " --overwrite pod-security.kubernetes.io/enforce=privileged, or use a class and a model "
         "artifact that need no privilege";
}

// A ServiceAccount made a moment ago may not have reached the admission plugin's cache.
bool IsMissingAccount(const base::Error& error) {
  return error.message.find("serviceaccount") != std::string::npos &&
         error.message.find("not found") != std::string::npos;
}

}  // namespace

Outcome Executor::Execute(const planning::Plan& plan, const kube::ObjectMeta& owner) {
  Outcome outcome;
  outcome.executed = true;
  for (const Stage stage : planning::kStages) {
    std::vector<const Write*> writes;
    for (const Write& write : plan.writes) {
      const bool refused = !outcome.refusal.empty();
      const bool open = write.gate == Gate::kAlways || (write.gate == Gate::kIfRefused) == refused;
      if (write.stage == stage && open) writes.push_back(&write);
    }
    // Accounts of a refused target's fallback are decided after the dry runs; they exist already.
    if (planning::IsFoundation(stage)) {
      std::erase_if(writes, [](const Write* write) { return write->gate == Gate::kIfRefused; });
    }
    RunStage(writes, owner, outcome);
    if (planning::IsFoundation(stage) && !outcome.failed.empty()) return outcome;
  }
  return outcome;
}

void Executor::RunStage(const std::vector<const Write*>& writes, const kube::ObjectMeta& owner,
                        Outcome& outcome) {
  std::vector<const Write*> sent;
  std::vector<runtime::WriteRequest> requests;
  for (const Write* write : writes) {
    runtime::WriteRequest request = ToRequest(*write);
    if (write->verb == Verb::kApply && write->uid.empty() &&
        !ReadyToApply(*write, owner, request, outcome)) {
      continue;
    }
    sent.push_back(write);
    requests.push_back(std::move(request));
  }
  if (requests.empty()) return;
  const auto results = client_.WriteAll(requests);
  for (std::size_t i = 0; i < results.size(); ++i) Settle(*sent[i], results[i], owner, outcome);
}

// With nothing cached the name may be somebody's whose object the cache does not hold: a live look
// before the first apply.
bool Executor::ReadyToApply(const Write& write, const kube::ObjectMeta& owner,
                            runtime::WriteRequest& request, Outcome& outcome) {
  const auto live = client_.Get(write.resource, write.key);
  if (!live) {
    if (live.error().code == base::ErrorCode::kNotFound) return true;
    outcome.failed.push_back({&write, live.error()});
    return false;
  }
  switch (StandingOf(*live, owner)) {
    case Standing::kOurs: {
      Write known = write;
      known.uid = nlohmann::json::parse(*live)["metadata"].value("uid", "");
      request = ToRequest(known);
      return true;
    }
    case Standing::kEnding:
      outcome.failed.push_back(
          {&write, base::MakeError(base::ErrorCode::kConflict, "BeingDeleted",
                                   write.key.ToString() + " is being deleted")});
      return false;
    default:
      outcome.failed.push_back({&write, NameConflict(write)});
      return false;
  }
}

void Executor::Settle(const Write& write, const base::Result<runtime::WriteResult>& result,
                      const kube::ObjectMeta& owner, Outcome& outcome) {
  if (!result) {
    SettleFailure(write, result.error(), owner, outcome);
    return;
  }
  if (write.verb == Verb::kDryRun) return;
  if (result->gone) {
    freshness_.NoteGone(owner.uid, write.resource, write.uid);
    return;
  }
  if (write.verb != Verb::kDelete && result->controller_uid != owner.uid) {
    outcome.failed.push_back({&write, NameConflict(write)});
    return;
  }
  freshness_.NoteWrite(owner.uid, write.resource, result->resource_version);
}

void Executor::SettleFailure(const Write& write, const base::Error& error,
                             const kube::ObjectMeta& owner, Outcome& outcome) {
  using base::ErrorCode;
  if (write.verb == Verb::kDelete &&
      (error.code == ErrorCode::kNotFound || error.code == ErrorCode::kConflict)) {
    freshness_.NoteGone(owner.uid, write.resource,
                        write.uid);  // that very object is gone, which is what was wanted
    return;
  }
  if (write.verb == Verb::kDryRun && IsMissingAccount(error)) {
    outcome.failed.push_back(
        {&write, base::MakeError(base::ErrorCode::kUnavailable, "AccountNotReady", error.message)});
    return;
  }
  if (write.verb == Verb::kDryRun && IsRefusal(error)) {
    if (outcome.refusal.empty()) {
      outcome.refusal = write.key.name + " is refused by this cluster: " + error.message +
                        RemedyFor(error, write.key.namespace_name);
    }
    return;
  }
  if (write.verb == Verb::kDryRun && error.reason == "QuotaExceeded" && write.room_is_freed) return;
  // A dry run of a name that exists already was accepted by everything that could refuse it.
  if (write.verb == Verb::kDryRun && error.code == ErrorCode::kAlreadyExists) return;
  const bool look = write.verb == Verb::kCreate &&
                    (error.code == ErrorCode::kAlreadyExists || error.outcome_unknown);
  if (!look) {
    outcome.failed.push_back({&write, error});
    return;
  }
  const auto live = client_.Get(write.resource, write.key);
  if (!live) {
    outcome.failed.push_back({&write, error});
    return;
  }
  const Standing standing = StandingOf(*live, owner);
  if (standing == Standing::kForeign) {
    outcome.failed.push_back({&write, NameConflict(write)});
  } else if (standing == Standing::kEnding) {
    outcome.failed.push_back({&write, base::MakeError(ErrorCode::kConflict, "BeingDeleted",
                                                      write.key.ToString() + " is being deleted")});
  } else {
    freshness_.NoteWrite(owner.uid, write.resource,
                         nlohmann::json::parse(*live)["metadata"].value("resourceVersion", ""));
  }
}

}  // namespace disagg::reconcile
