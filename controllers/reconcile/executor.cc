#include "controllers/reconcile/executor.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "controllers/api/labels.h"
#include "controllers/reconcile/replacement.h"
#include "controllers/reconcile/write_errors.h"
#include "controllers/reconcile/write_request.h"

namespace disagg::reconcile {
namespace {

using base::Error;
using base::ErrorCode;
using planning::Outcome;
using planning::Stage;
using planning::Verb;
using planning::Write;

// No object has it. An apply with it creates the object, or is answered 409 where one of that name
// exists: the first revision of a store is that of the empty store.
constexpr char kVersionOfNone[] = "1";

bool IsRefusal(const Error& error) {
  return error.code == ErrorCode::kInvalid || error.code == ErrorCode::kDenied;
}

// A ServiceAccount made a moment ago may not have reached the admission plugin's cache.
bool IsMissingAccount(const Error& error) {
  return error.message.find("serviceaccount") != std::string::npos &&
         error.message.find("not found") != std::string::npos;
}

// 422: what the API server says of an object, also that its UID is another.
bool IsInvalid(const Error& error) {
  return error.code == ErrorCode::kInvalid && error.reason == "Invalid";
}

bool Holds(const std::map<std::string, std::string>& live, const nlohmann::json& metadata,
           const char* field) {
  const auto wanted = metadata.value(field, nlohmann::json::object());
  return std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& entry) {
    const auto found = live.find(entry.key());
    return found != live.end() && entry.value() == found->second;
  });
}

// A revision whose labels or annotations somebody changed is one that no cache can read, and would
// be created again for ever. Those of a pod are the planner's to give back.
bool HasMetadataOf(const Write& write, const LiveObject& live) {
  if (!(write.resource == kube::kControllerRevisions)) return true;
  const nlohmann::json& metadata = write.body.at("metadata");
  return Holds(live.labels, metadata, "labels") && Holds(live.annotations, metadata, "annotations");
}

// Carries out the writes of one plan.
class Run {
 public:
  Run(runtime::ApiClient& client, runtime::Freshness& freshness, const Memories& memories,
      const kube::ObjectMeta& owner)
      : client_(client),
        freshness_(freshness),
        lost_(memories.lost),
        backoff_(memories.backoff),
        payloads_(memories.payloads),
        accepted_(memories.accepted),
        owner_(owner) {
    outcome_.executed = true;
  }

  Outcome Take() { return std::move(outcome_); }
  const Outcome& outcome() const { return outcome_; }

  // The writes of one stage. Who waits for an answer that another pass gets owes none.
  void Carry(const std::vector<const Write*>& writes) {
    std::vector<const Write*> admitted = Admitted(writes), awaited;
    std::erase_if(admitted, [&](const Write* write) { return IsAnswered(*write, awaited); });
    Send(admitted);
    std::erase_if(awaited,
                  [this](const Write* write) { return refused() || accepted_.Await(*write); });
    Send(awaited);
  }

 private:
  // Whether a dry run need not be sent now; `awaited`: those that another pass asks about.
  bool IsAnswered(const Write& write, std::vector<const Write*>& awaited) {
    if (write.verb != Verb::kDryRun) return false;
    // Whether a failure of its own is over only its own answer tells.
    if (backoff_.HasFailed(owner_.uid, IdOf(write))) return false;
    const AcceptedPods::Answer answer = accepted_.Look(write);
    if (answer == AcceptedPods::Answer::kAwaited) awaited.push_back(&write);
    return answer != AcceptedPods::Answer::kUnknown;
  }

  void Send(const std::vector<const Write*>& writes) {
    std::vector<const Write*> sent;
    std::vector<runtime::WriteRequest> requests;
    for (const Write* write : writes) {
      auto request = Prepare(*write);
      if (!request) {
        Fail(*write, request.error());
        continue;
      }
      sent.push_back(write);
      requests.push_back(std::move(*request));
    }
    if (requests.empty()) return;
    const auto results = client_.WriteAll(requests);
    for (std::size_t i = 0; i < results.size(); ++i) Settle(*sent[i], results[i]);
  }

  // Those that are not held back. The others fail as they failed last.
  std::vector<const Write*> Admitted(const std::vector<const Write*>& writes) {
    const auto held = backoff_.Admit(owner_.uid, writes);
    std::vector<const Write*> admitted;
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if (!held[i]) {
        admitted.push_back(writes[i]);
      } else if (writes[i]->verb == Verb::kDryRun && IsRefusal(*held[i])) {
        Refuse(*writes[i], *held[i]);
      } else {
        AddFailed(*writes[i], *held[i]);
      }
    }
    // What was refused a moment ago decides, and what was accepted then is not asked again.
    // Whatever has failed before and is admitted now finds out whether that is over.
    std::erase_if(admitted, [&](const Write* write) {
      if (write->verb != Verb::kDryRun) return false;
      const RequestId id = IdOf(*write);
      return backoff_.IsAccepted(owner_.uid, id) ||
             (refused() && !backoff_.HasFailed(owner_.uid, id));
    });
    return admitted;
  }

  bool refused() const { return !outcome_.refusal.empty(); }

  base::Result<runtime::WriteRequest> Prepare(const Write& write) {
    if (write.because_absent) {
      if (auto absent = IsAbsent(*write.because_absent); !absent) return absent.error();
    }
    if (write.verb != Verb::kApply || !write.uid.empty()) return ToRequest(write, owner_);
    // With nothing cached the name may be somebody's whose object the cache does not hold.
    Write first = write;
    first.body["metadata"]["resourceVersion"] = kVersionOfNone;
    return ToRequest(first, owner_);
  }

  // Where one look of a pass got no answer the others would only wait, too.
  base::Result<std::string> Look(const kube::Resource& resource, const kube::ObjectKey& key) {
    if (unanswered_) return *unanswered_;
    auto live = client_.Get(resource, key);
    if (!live &&
        (live.error().code == ErrorCode::kTimeout || live.error().code == ErrorCode::kConnection)) {
      unanswered_ = live.error();
    }
    return live;
  }

  // Asked once in a pass: all pods of a node stand on the same absence.
  base::Status IsAbsent(const planning::Absence& absence) {
    const std::string name = absence.resource.kind + " " + absence.key.ToString();
    const auto [known, first] = absences_.try_emplace(name + "/" + absence.uid);
    if (!first) return known->second;
    const auto live = Look(absence.resource, absence.key);
    if (!live) {
      if (!SaysAbsent(live.error())) known->second = live.error();
    } else if (const LiveObject there = ReadLive(*live, owner_);
               absence.uid.empty() || there.uid == absence.uid) {
      if (there.standing == Standing::kOurs) {
        lost_.Suspect(owner_.uid, absence.resource, absence.key, there.uid);
      }
      known->second = base::MakeError(ErrorCode::kConflict, "StillThere",
                                      name + " exists, although the cache does not show it");
    }
    return known->second;
  }

  void Settle(const Write& write, const base::Result<runtime::WriteResult>& result) {
    if (write.verb == Verb::kDryRun) accepted_.Settle(write, result.ok());
    if (!result) {
      SettleFailure(write, result.error());
    } else if (write.verb == Verb::kDelete) {
      SettleDelete(write, *result);
    } else if (write.verb == Verb::kDryRun) {
      backoff_.NoteAccepted(owner_.uid, IdOf(write));
    } else if (result->controller_uid != owner_.uid) {
      Fail(write, InTheWay(write, Standing::kForeign));
    } else {
      if (!result->answer.empty()) payloads_.Keep(result->uid, result->answer);
      SettleWritten(write, *result, /*must_be_shown=*/write.verb != Verb::kCreate);
    }
  }

  void SettleDelete(const Write& write, const runtime::WriteResult& result) {
    if (result.gone) {
      Gone(write);
      return;
    }
    // Of an object that no watch shows no watch will show the deletion.
    if (lost_.Holds(owner_.uid, write.uid)) {
      lost_.LookSoon(owner_.uid, write.uid);
    } else {
      freshness_.NoteWrite(owner_.uid, write.resource, result.resource_version);
    }
    backoff_.NoteWritten(owner_.uid, write);
  }

  // An answer without our label tells of an object that no watch will show. That is no failure of a
  // create: the next pass gives the label back.
  void SettleWritten(const Write& write, const runtime::WriteResult& result, bool must_be_shown) {
    if (result.labels.contains(api::kLabelDeployment)) {
      freshness_.NoteWrite(owner_.uid, write.resource, result.resource_version);
      backoff_.NoteWritten(owner_.uid, write);
      return;
    }
    lost_.Suspect(owner_.uid, write.resource, write.key, result.uid);
    if (must_be_shown) {
      Fail(write, LabelRemoved(write));
    } else {
      backoff_.NoteWritten(owner_.uid, write);
    }
  }

  // Pods like this one are asked about again.
  void NoteRefusal(const Write& write, const Error& error) {
    const bool pod = write.resource == kube::kPods &&
                     (write.verb == Verb::kCreate || write.verb == Verb::kDryRun);
    if (!pod || !(IsRefusal(error) || error.code == ErrorCode::kForbidden)) return;
    accepted_.Forget(write.key.namespace_name);
  }

  void SettleFailure(const Write& write, const Error& error) {
    NoteRefusal(write, error);
    if (IsMissingAccount(error)) {
      Fail(write, base::MakeError(ErrorCode::kUnavailable, "AccountNotReady", error.message));
      return;
    }
    switch (write.verb) {
      case Verb::kDryRun:
        return SettleRefusedDryRun(write, error);
      case Verb::kCreate:
        return SettleFailedCreate(write, error);
      case Verb::kApply:
        return SettleFailedApply(write, error);
      case Verb::kMergePatch:
      case Verb::kDelete:
        return SettleFailedChange(write, error);
    }
  }

  void SettleRefusedDryRun(const Write& write, const Error& error) {
    // A name that exists already was accepted by everything that could refuse it.
    if (error.code == ErrorCode::kAlreadyExists ||
        (error.reason == "QuotaExceeded" && write.room_is_freed)) {
      backoff_.NoteAccepted(owner_.uid, IdOf(write));
    } else if (IsRefusal(error)) {
      backoff_.NoteFailure(owner_.uid, IdOf(write), error);
      Refuse(write, error);
    } else {
      Fail(write, error);
    }
  }

  void SettleFailedCreate(const Write& write, const Error& error) {
    const bool exists = error.code == ErrorCode::kAlreadyExists;
    if (!exists && !error.outcome_unknown) {
      Fail(write, error);
      return;
    }
    const auto live = Look(write.resource, write.key);
    if (!live) {
      Fail(write, error);
      return;
    }
    const LiveObject object = ReadLive(*live, owner_);
    if (object.standing != Standing::kOurs) {
      Fail(write, InTheWay(write, object.standing));
      return;
    }
    const bool labelled = object.labels.contains(api::kLabelDeployment);
    if (!labelled) lost_.Suspect(owner_.uid, write.resource, write.key, object.uid);
    if (labelled && HasMetadataOf(write, object)) {
      freshness_.NoteWrite(owner_.uid, write.resource, object.resource_version);
      backoff_.NoteWritten(owner_.uid, write);
    } else {
      GiveMetadataBack(write, object);
    }
  }

  // What a watch selects by and a decoder reads: the labels, and of what is not a pod (whose
  // annotations tell of its own predecessors) the annotations.
  void GiveMetadataBack(const Write& write, const LiveObject& object) {
    Write patch;
    patch.verb = Verb::kMergePatch;
    patch.resource = write.resource;
    patch.key = write.key;
    patch.uid = object.uid;
    const nlohmann::json& metadata = write.body.at("metadata");
    patch.body["metadata"]["labels"] = metadata.value("labels", nlohmann::json::object());
    if (!(write.resource == kube::kPods)) {
      patch.body["metadata"]["annotations"] =
          metadata.value("annotations", nlohmann::json::object());
    }
    SendSecond(write, patch);
  }

  // A second request on behalf of a write, which stands or falls with it.
  void SendSecond(const Write& write, const Write& second) {
    const auto result = client_.Write(ToRequest(second, owner_));
    if (!result) {
      Fail(write, result.error());
    } else {
      SettleWritten(write, *result, /*must_be_shown=*/true);
    }
  }

  // The name is taken; or it was a moment ago.
  void SettleFailedFirstApply(const Write& write, const Error& error) {
    const bool taken =
        error.code == ErrorCode::kConflict || error.code == ErrorCode::kAlreadyExists;
    const auto live = taken ? Look(write.resource, write.key) : base::Result<std::string>(error);
    Write second = write;
    if (live) {
      const LiveObject object = ReadLive(*live, owner_);
      if (object.standing != Standing::kOurs) {
        Fail(write, InTheWay(write, object.standing));
        return;
      }
      second.uid = object.uid;
    } else if (!taken || !SaysAbsent(live.error())) {
      Fail(write, live.error());
      return;
    }
    SendSecond(write, second);
  }

  // An apply changes nothing of other managers' fields, and they can make the whole invalid.
  void SettleFailedApply(const Write& write, const Error& error) {
    if (write.uid.empty()) {
      SettleFailedFirstApply(write, error);
      return;
    }
    if (!IsInvalid(error)) {
      Fail(write, error);
      return;
    }
    const auto live = Look(write.resource, write.key);
    if (!live || ReadLive(*live, owner_).standing != Standing::kOurs) {
      Fail(write, error);
      return;
    }
    Write patch = write;
    patch.verb = Verb::kMergePatch;
    patch.body = ReplacementPatch(write.body, nlohmann::json::parse(*live));
    SendSecond(write, patch);
  }

  // Of deletes and merge patches, which are for one UID: the answer that it is not there, or is
  // another's.
  void SettleFailedChange(const Write& write, const Error& error) {
    const bool claims = error.code == ErrorCode::kNotFound || error.code == ErrorCode::kConflict ||
                        error.code == ErrorCode::kAlreadyExists || error.code == ErrorCode::kGone ||
                        IsInvalid(error);
    const auto live = claims ? Look(write.resource, write.key) : base::Result<std::string>(error);
    if (claims && (live ? ReadLive(*live, owner_).uid != write.uid : SaysAbsent(live.error()))) {
      Gone(write);
    } else if (live && write.verb == Verb::kDelete && !IsInvalid(error)) {
      Fail(write, NotDeleted(write, error));
    } else {
      Fail(write, error);
    }
  }

  // The object of this UID is not there any more, which is all that was wanted.
  void Gone(const Write& write) {
    freshness_.NoteGone(owner_.uid, write.resource, write.uid);
    lost_.Drop(owner_.uid, write.uid);
    backoff_.NoteWritten(owner_.uid, write);
  }

  void Fail(const Write& write, const Error& error) {
    backoff_.NoteFailure(owner_.uid, IdOf(write), error);
    AddFailed(write, error);
  }

  void AddFailed(const Write& write, const Error& error) {
    outcome_.failed.push_back({&write, error});
  }

  void Refuse(const Write& write, const Error& error) {
    if (refused()) return;
    outcome_.refusal = write.key.name + " is refused by this cluster: " + error.message +
                       RemedyFor(error, write.key.namespace_name);
  }

  runtime::ApiClient& client_;
  runtime::Freshness& freshness_;
  LostChildren& lost_;
  RequestBackoff& backoff_;
  RevisionPayloads& payloads_;
  AcceptedPods& accepted_;
  const kube::ObjectMeta& owner_;
  std::map<std::string, base::Status> absences_;
  std::optional<Error> unanswered_;
  Outcome outcome_;
};

}  // namespace

Outcome Executor::Execute(const planning::Plan& plan, const kube::ObjectMeta& owner) {
  memories_.backoff.Begin(owner.uid);
  Run run(client_, freshness_, memories_, owner);
  for (const Stage stage : planning::kStages) {
    std::vector<const Write*> writes;
    for (const Write& write : plan.writes) {
      if (write.stage == stage && IsOpen(write, run.outcome())) writes.push_back(&write);
    }
    run.Carry(writes);
    if (!run.outcome().stands()) break;
  }
  memories_.backoff.Prune(owner.uid, plan.writes);
  return run.Take();
}

}  // namespace disagg::reconcile
