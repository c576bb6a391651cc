#include "controllers/api/validation.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "controllers/api/decode.h"
#include "controllers/api/messages.h"
#include "controllers/api/validation_checks.h"

namespace disagg::api {
namespace {

// The order of the fields in the CRD.
constexpr std::string_view kFieldOrder[] = {
    "metadata",
    "spec.model",
    "spec.container",
    "spec.precision",
    "spec.accelerator",
    "spec.engine",
    "spec.kvTransfer",
    "spec.prefill",
    "spec.decode",
    "spec.aggregated",
    "spec.router",
    "spec.podMetadata",
    "spec.health",
    "spec.placement",
    "spec.rollout",
    "spec.restart",
    "spec.serviceAccountName",
};

std::ptrdiff_t Position(const FieldError& error) {
  const auto field =
      std::find_if(std::begin(kFieldOrder), std::end(kFieldOrder),
                   [&](std::string_view prefix) { return error.path.starts_with(prefix); });
  return field - std::begin(kFieldOrder);
}

}  // namespace

std::vector<FieldError> Validate(const DisaggDeployment& deployment, const Resolution& resolution) {
  const std::string& undecodable = DecodeErrorOf(deployment.meta);
  if (!undecodable.empty()) {
    return {{.path = "spec", .message = undecodable, .reason = "InvalidSpec"}};
  }
  const DeploymentSpec& spec = deployment.spec;
  Errors errors = resolution.errors;
  CheckName(deployment, &errors);
  CheckFields(spec, &errors);
  CheckRoles(spec, &errors);
  CheckResources(spec, &errors);
  CheckParallelism(spec, &errors);
  CheckHardware(spec, resolution, &errors);
  CheckArgs(spec, &errors);
  CheckEnv(spec, &errors);
  CheckAgreement(spec, &errors);
  CheckPodTemplates(spec, resolution, &errors);
  CheckInherited(deployment, &errors);
  CheckSize(spec, resolution, &errors);
  std::stable_sort(errors.begin(), errors.end(), [](const FieldError& a, const FieldError& b) {
    return Position(a) < Position(b);
  });
  return errors;
}

}  // namespace disagg::api
