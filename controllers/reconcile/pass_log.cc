#include "controllers/reconcile/pass_log.h"

#include <algorithm>
#include <string>

#include "controllers/api/types.h"
#include "operator/observability/log.h"

namespace disagg::reconcile {
namespace {

using observability::Level;

std::string NameOf(const planning::Snapshot& snapshot) {
  return snapshot.deployment->meta.key().ToString();
}

std::string GenerationOf(const planning::Snapshot& snapshot) {
  return std::to_string(snapshot.deployment->meta.generation);
}

}  // namespace

void LogWrites(const planning::Snapshot& snapshot, const planning::Plan& plan,
               const planning::Outcome& outcome) {
  const std::string revision = plan.target ? plan.target->name : "";
  for (const planning::Write& write : plan.writes) {
    if (write.verb == planning::Verb::kDryRun || !planning::WasCarriedOut(write, outcome)) continue;
    const Level level = write.resource == kube::kPods ? Level::kInfo : Level::kDebug;
    const std::string text = write.verb == planning::Verb::kDelete
                                 ? "delete " + write.key.name + ": " + write.reason
                                 : write.reason;
    observability::Log(level, text,
                       {{"deployment", NameOf(snapshot)},
                        {"gen", GenerationOf(snapshot)},
                        {"revision", revision}});
  }
}

std::optional<base::Error> LogTroubles(const planning::Snapshot& snapshot,
                                       const std::vector<planning::Trouble>& failures) {
  std::optional<base::Error> news;
  for (const planning::Trouble& failure : failures) {
    const bool told = std::any_of(
        snapshot.troubles.begin(), snapshot.troubles.end(), [&](const planning::Trouble& trouble) {
          return trouble.what == failure.what && trouble.message == failure.message;
        });
    if (told) continue;
    observability::Log(Level::kWarn, "cannot " + failure.what + ": " + failure.message,
                       {{"deployment", NameOf(snapshot)},
                        {"gen", GenerationOf(snapshot)},
                        {"reason", failure.reason}});
    if (news) continue;
    news = base::MakeError(base::ErrorCode::kUnavailable, failure.reason,
                           "cannot " + failure.what + ": " + failure.message);
  }
  return news;
}

void Emit(runtime::EventRecorder& events, const planning::Snapshot& snapshot,
          const std::vector<planning::Note>& notes) {
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  for (const planning::Note& note : notes) {
    const auto kind = note.warning ? runtime::EventKind::kWarning : runtime::EventKind::kNormal;
    events.Record(api::kDisaggDeployments, meta, {kind, note.reason, note.action, note.message});
    observability::Log(note.warning ? Level::kWarn : Level::kInfo,
                       note.reason + ": " + note.message, {{"deployment", NameOf(snapshot)}});
  }
}

}  // namespace disagg::reconcile
