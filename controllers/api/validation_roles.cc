// Which roles there are, how many replicas, what a replica asks of its host.

#include <optional>

#include "controllers/api/messages.h"
#include "controllers/api/validation_checks.h"
#include "operator/base/quantity.h"

namespace disagg::api {
namespace {

constexpr int kMostReplicas = 999;  // three digits in a pod's name
constexpr int kMostCores = 4096;

void CheckPresence(const DeploymentSpec& spec, Errors* errors) {
  const bool prefill = spec.roles.contains(RoleName::kPrefill);
  const bool decode = spec.roles.contains(RoleName::kDecode);
  if (spec.roles.empty()) {
    errors->push_back(ErrorAt("spec.prefill",
                              "a deployment needs workers; write spec.prefill and spec.decode, or "
                              "spec.aggregated for a deployment without disaggregation"));
  } else if (prefill != decode) {
    errors->push_back(
        ErrorAt(prefill ? "spec.decode" : "spec.prefill",
                "prefill and decode go together; use spec.aggregated for a deployment "
                "without disaggregation"));
  }
  if (spec.roles.contains(RoleName::kAggregated) && (prefill || decode)) {
    errors->push_back(ErrorAt("spec.aggregated",
                              "cannot stand beside spec.prefill and spec.decode, because a request "
                              "is served by one kind of worker; remove spec.aggregated, or both "
                              "others"));
  }
}

void CheckReplicas(const std::string& path, const RoleSpec& role, Errors* errors) {
  if (role.replicas < 0 || role.replicas > kMostReplicas) {
    errors->push_back(ErrorOf(path + ".replicas", std::to_string(role.replicas),
                              "must be from 0 to " + std::to_string(kMostReplicas)));
  }
  if (role.min_ready < 1) {
    errors->push_back(ErrorOf(path + ".minReady", std::to_string(role.min_ready),
                              "must be 1 or more; a deployment without a ready replica serves "
                              "nothing"));
  } else if (role.replicas > 0 && role.min_ready > role.replicas) {
    errors->push_back(ErrorOf(path + ".minReady", std::to_string(role.min_ready),
                              "so many of " + std::to_string(role.replicas) +
                                  " replicas can never be ready; at most " + path + ".replicas"));
  }
}

void CheckZero(const DeploymentSpec& spec, Errors* errors) {
  const auto prefill = spec.roles.find(RoleName::kPrefill);
  const auto decode = spec.roles.find(RoleName::kDecode);
  if (prefill == spec.roles.end() || decode == spec.roles.end()) return;
  const int prefills = prefill->second.replicas, decodes = decode->second.replicas;
  if ((prefills == 0) == (decodes == 0)) return;
  const bool no_prefill = prefills == 0;
  errors->push_back(ErrorAt(
      no_prefill ? "spec.prefill.replicas" : "spec.decode.replicas",
      std::string("0, while ") + (no_prefill ? "spec.decode.replicas" : "spec.prefill.replicas") +
          " is " + std::to_string(no_prefill ? decodes : prefills) +
          "; one role alone serves no request; set both above 0, or both to 0"));
}

std::optional<base::Quantity> CheckMemory(const std::string& path, const std::string& text,
                                          Errors* errors) {
  if (text.empty()) return std::nullopt;
  const auto quantity = base::Quantity::Parse(text);
  if (!quantity) {
    errors->push_back(
        ErrorOf(path, text, "is not a quantity; write a number with Mi, Gi or Ti, like 64Gi"));
  } else if (*quantity < *base::Quantity::Parse("16Mi")) {
    errors->push_back(
        ErrorOf(path, text, "is less than 16Mi; is the unit missing? Write it like 64Gi"));
  }
  return quantity;
}

void CheckCpu(const std::string& path, const std::string& text, Errors* errors) {
  if (text.empty()) return;
  const auto quantity = base::Quantity::Parse(text);
  if (!quantity) {
    errors->push_back(
        ErrorOf(path, text, "is not a quantity; write a number of cores, like 96 or 500m"));
  } else if (!quantity->positive() || base::Quantity::OfInteger(kMostCores) < *quantity) {
    errors->push_back(ErrorOf(path, text,
                              "cores are out of range for one pod; more than 0 and at most 4096, "
                              "like 96"));
  }
}

}  // namespace

void CheckRoles(const DeploymentSpec& spec, Errors* errors) {
  CheckPresence(spec, errors);
  for (const auto& [name, role] : spec.roles) CheckReplicas(RolePath(name), role, errors);
  CheckZero(spec, errors);
}

void CheckResources(const DeploymentSpec& spec, Errors* errors) {
  for (const auto& [name, role] : spec.roles) {
    const std::string path = RolePath(name) + ".resources";
    CheckCpu(path + ".cpu", role.resources.cpu, errors);
    const auto memory = CheckMemory(path + ".memory", role.resources.memory, errors);
    const std::string& shared_text = role.resources.shared_memory;
    const auto shared = CheckMemory(path + ".sharedMemory", shared_text, errors);
    if (memory && shared && *memory < *shared) {
      errors->push_back(ErrorOf(path + ".sharedMemory", shared_text,
                                "is more than memory = " + role.resources.memory +
                                    "; shared memory counts as memory of the pod; raise memory, or "
                                    "lower sharedMemory"));
    }
  }
}

}  // namespace disagg::api
