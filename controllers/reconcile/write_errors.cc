#include "controllers/reconcile/write_errors.h"

#include "controllers/api/labels.h"

namespace disagg::reconcile {
namespace {

using base::Error;
using base::ErrorCode;
using planning::Write;

std::string NameOf(const Write& write) { return write.resource.kind + " " + write.key.ToString(); }

Error BeingDeleted(const Write& write) {
  return base::MakeError(ErrorCode::kConflict, "BeingDeleted",
                         NameOf(write) + " is being deleted; it is replaced when it is gone");
}

}  // namespace

Error NotDeleted(const Write& write, const Error& answer) {
  return base::MakeError(ErrorCode::kConflict, "NotDeleted",
                         "the deletion of " + NameOf(write) + " was answered \"" + answer.message +
                             "\", but it is still there");
}

Error LabelRemoved(const Write& write) {
  return base::MakeError(ErrorCode::kConflict, "LabelsRemoved",
                         NameOf(write) + " is stored without its label " + api::kLabelDeployment +
                             ": a policy or webhook of this cluster takes it away; exempt labels "
                             "of disagg.dev/ from it");
}

Error InTheWay(const Write& write, Standing standing) {
  switch (standing) {
    case Standing::kEnding:
      return BeingDeleted(write);
    case Standing::kPredecessor:
      return base::MakeError(ErrorCode::kConflict, "PreviousOwner",
                             NameOf(write) +
                                 " belongs to a deleted DisaggDeployment of the same name; it is "
                                 "replaced when the garbage collector has deleted it");
    case Standing::kOrphan:
      return base::MakeError(ErrorCode::kConflict, "Leftover",
                             NameOf(write) +
                                 " was left by a DisaggDeployment of the same name that was "
                                 "deleted with --cascade=orphan; delete it");
    default:
      return base::MakeError(
          ErrorCode::kInvalid, "NameConflict",
          NameOf(write) +
              " exists and belongs to somebody else; delete or rename it, or rename this "
              "deployment");
  }
}

// Pod Security is the refusal that everybody meets first: IPC_LOCK and host paths are privileged.
std::string RemedyFor(const Error& refusal, const std::string& namespace_name) {
  if (refusal.message.find("violates PodSecurity") == std::string::npos) return "";
  return "; kubectl label namespace " + namespace_name +
         " --overwrite pod-security.kubernetes.io/enforce=privileged, or use a class and a model "
         "artifact that need no privilege";
}

}  // namespace disagg::reconcile
