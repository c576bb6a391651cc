#include "controllers/planning/request_problems.h"

#include <algorithm>

#include "controllers/api/labels.h"
#include "controllers/planning/capacity.h"
#include "controllers/planning/times.h"
#include "controllers/render/objects.h"
#include "operator/base/clock.h"

namespace disagg::planning {
namespace {

// Bytes of a problem for names; a namespace and the sentence take the rest.
constexpr std::size_t kMostNames = kLongestProblem - 320;

// A cache that is not live is looked at again after so many seconds: nothing else may happen that
// would show that it is live again.
constexpr int kCacheSeconds = 10;

void AddFailedWrite(const WriteOutcome& failed, ProblemList& list) {
  const bool quota = failed.error && failed.error->reason == "QuotaExceeded";
  if (!IsFinal(failed) && !quota) return;
  const Write& write = *failed.write;
  const bool pod = write.resource == kube::kPods;
  const std::string& reason = failed.error->reason;
  list.Add({"", pod ? write.key.name : "", "", reason.empty() ? "WriteRefused" : reason,
            write.resource.kind + " " + write.key.name + ": " + failed.error->message,
            Severity::kRefused},
           pod ? "pods" : write.resource.kind + write.key.name);
}

void AddTrouble(const Trouble& trouble, std::int64_t now, ProblemList& list) {
  if (list.Tells(trouble.message)) return;
  if (!trouble.retryable) {
    list.Add({trouble.role, trouble.pod, "", ReasonOf(trouble),
              trouble.what + ": " + trouble.message, Severity::kRefused},
             trouble.what);
    return;
  }
  const std::int64_t reported_at = trouble.since + kTroubleSeconds;
  // What was undone five times has lasted for long enough.
  if (now < reported_at && trouble.reason != "UndoneAgain") {
    list.WakeAt(reported_at);
    return;
  }
  list.Add({trouble.role, trouble.pod, "", ReasonOf(trouble),
            trouble.what + " has failed since " + base::FormatTime(trouble.since) + ": " +
                trouble.message + "; the operator retries it",
            Severity::kRequest},
           "");
}

void AddCaches(const Snapshot& snapshot, ProblemList& list) {
  for (const auto& [resource, words] : snapshot.not_live) {
    list.Add(
        {"", "", "", "CacheNotLive",
         "the operator cannot watch " + resource + ": " + words +
             "; until it can, it deletes nothing because of " + resource + " that it does not see",
         Severity::kRequest},
        resource);
    list.WakeAt(snapshot.now + kCacheSeconds);
  }
}

// "Pod a, Service b"
std::string NamesOfEnding(const std::vector<Leftover>& leftovers) {
  std::string names;
  for (const Leftover& leftover : leftovers) {
    if (leftover.orphaned()) continue;
    names += (names.empty() ? "" : ", ") + leftover.resource.kind + " " + leftover.name;
  }
  return names;
}

// "3 objects of an earlier DisaggDeployment of this name are left: 1 in the way, ..."
std::string CountOrphans(int all, int pods) {
  const auto count = [](int number, const std::string& noun) {
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
  };
  const std::string earlier = " of an earlier DisaggDeployment of this name ";
  if (pods == 0) {
    return count(all, "object") + earlier + (all == 1 ? "is" : "are") + " in the way";
  }
  if (pods == all) return count(all, "pod") + earlier + "may still hold GPUs";
  return count(all, "object") + earlier + "are left: " + std::to_string(all - pods) +
         " in the way, " + count(pods, "pod") + " that may still hold GPUs";
}

void AddLeftovers(const Snapshot& snapshot, ProblemList& list) {
  if (const std::string orphans = OrphanMessage(snapshot); !orphans.empty()) {
    const bool waits = OrphansAreInTheWay(snapshot);
    list.Add(
        {"", "", "", "OrphanedObjects", orphans, waits ? Severity::kRefused : Severity::kReplica},
        "");
  }
  if (const std::string names = NamesOfEnding(snapshot.leftovers); !names.empty()) {
    list.Add(
        {"", "", "", "WaitingForDeletion",
         "objects of an earlier DisaggDeployment of this name are still being deleted: " + names,
         Severity::kPassing},
        "");
  }
}

// Nothing replaces them before they are gone.
void AddStuckChildren(const Snapshot& snapshot, ProblemList& list) {
  for (const Child& child : snapshot.children) {
    const kube::ObjectMeta& meta = child.object->meta;
    if (!meta.deleting() || meta.finalizers.empty()) continue;
    if (snapshot.now < StuckAt(meta)) {
      list.WakeAt(StuckAt(meta));
      continue;
    }
    const std::string name = child.resource.kind + " " + meta.name;
    list.Add({"", "", "", "StuckTerminating",
              name + " was deleted at " + base::FormatTime(*meta.deletion_time) +
                  " and is still there: " + FinalizerClause(meta) +
                  "; until then it is not created again",
              Severity::kService},
             name);
  }
}

// Those whose retry has come are pods again, and told as such.
void AddWaits(const Snapshot& snapshot, const Plan& plan, ProblemList& list) {
  for (const auto& [unit, wait] : plan.waits) {
    if (snapshot.now >= wait.retry_at) continue;
    list.Add({"", "", "", "WaitingForCapacity", wait.message,
              unit == kFirstUnit ? Severity::kService : Severity::kReplica},
             unit);
  }
}

void AddPause(const Snapshot& snapshot, ProblemList& list) {
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  if (meta.deleting()) {
    list.Add({"", "", "", "Deleting",
              "the DisaggDeployment is being deleted and waits for its metadata.finalizers; "
              "nothing is created or repaired any more",
              Severity::kNote},
             "");
    return;
  }
  list.Add({"", "", "", "Paused",
            "the annotation " + std::string(api::kAnnotationReconcile) +
                "=disabled is set: nothing is created or repaired; to resume: kubectl annotate "
                "ddep " +
                meta.name + " -n " + meta.namespace_name + " " + api::kAnnotationReconcile + "-",
            Severity::kNote},
           "");
}

}  // namespace

// Reasons of conditions are CamelCase words. The API server calls a webhook that does not answer an
// "InternalError", which says nothing.
std::string ReasonOf(const Trouble& trouble) {
  if (trouble.message.find("failed calling webhook") != std::string::npos) return "WebhookFailed";
  const bool is_word = !trouble.reason.empty() &&
                       std::all_of(trouble.reason.begin(), trouble.reason.end(), [](char c) {
                         return std::isalnum(static_cast<unsigned char>(c)) != 0;
                       });
  return is_word ? trouble.reason : "RequestFailed";
}

bool IsFinal(const WriteOutcome& failed) {
  return failed.error && !failed.error->retryable() && failed.error->reason != "QuotaExceeded";
}

// As many whole names as a problem has room for: a command that is cut in the middle of a name
// deletes something else.
std::string OrphanMessage(const Snapshot& snapshot) {
  std::string names;
  int all = 0, pods = 0, named = 0;
  for (const Leftover& leftover : snapshot.leftovers) {
    if (!leftover.orphaned()) continue;
    pods += leftover.resource == kube::kPods ? 1 : 0;
    const std::string name = " " + leftover.resource.ToString() + "/" + leftover.name;
    if (++all > named + 1 || names.size() + name.size() > kMostNames) continue;
    names += name;
    ++named;
  }
  if (all == 0) return "";
  const std::string which = named == all ? "" : "the first " + std::to_string(named) + " of ";
  return CountOrphans(all, pods) + ", and nobody deletes " + (all == 1 ? "it" : "them") +
         "; to delete " + which + (all == 1 ? "it" : "them") + ": kubectl delete -n " +
         snapshot.deployment->meta.namespace_name + names;
}

bool OrphansAreInTheWay(const Snapshot& snapshot) {
  return std::any_of(snapshot.leftovers.begin(), snapshot.leftovers.end(),
                     [](const Leftover& leftover) {
                       return leftover.orphaned() && !(leftover.resource == kube::kPods);
                     });
}

std::string DamageMessage(const Snapshot& snapshot, const Plan& plan) {
  const auto found =
      std::find_if(snapshot.damaged.begin(), snapshot.damaged.end(),
                   [&](const DamagedRevision& damaged) { return damaged.name == plan.damaged; });
  if (found == snapshot.damaged.end() || !found->lost_labels.empty()) return "";
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  const std::string name = render::RevisionName(meta.name, found->name);
  return "ControllerRevision " + name + " of the running pods cannot be read: " + found->why +
         "; until it can, nothing is created or replaced; the operator repairs it when the spec, "
         "the ServingModel and the AcceleratorClass are again as they were; to roll out what they "
         "say now, delete it: kubectl delete controllerrevision " +
         name + " -n " + meta.namespace_name;
}

void AddRequestProblems(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome,
                        ProblemList& list) {
  for (const api::FieldError& error : plan.errors) {
    list.Add({"", "", "", error.reason, error.message, Severity::kSpec}, error.message);
  }
  if (const std::string damage = DamageMessage(snapshot, plan); !damage.empty()) {
    list.Add({"", "", "", "DamagedRevision", damage, Severity::kSpec}, "");
  }
  if (!outcome.refusal.empty()) {
    list.Add({"", "", "", "RefusedByCluster", outcome.refusal, Severity::kRefused}, "");
  }
  for (const WriteOutcome& failed : outcome.failed) AddFailedWrite(failed, list);
  for (const Trouble& trouble : snapshot.troubles) AddTrouble(trouble, snapshot.now, list);
  AddCaches(snapshot, list);
  AddLeftovers(snapshot, list);
  AddStuckChildren(snapshot, list);
  AddWaits(snapshot, plan, list);
  if (plan.paused) AddPause(snapshot, list);
}

}  // namespace disagg::planning
