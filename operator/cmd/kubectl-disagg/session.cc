#include "operator/cmd/kubectl-disagg/session.h"

#include "operator/base/text.h"

namespace kubectl_disagg {

ExitCode Fail(Session& session, const base::Error& error) {
  session.err << "error: " << base::Printable(error.message) << "\n";
  const bool negative =
      error.code == base::ErrorCode::kNotFound || error.code == base::ErrorCode::kInvalid;
  return negative ? kNegative : kNoCluster;
}

}  // namespace kubectl_disagg
