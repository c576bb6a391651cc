#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "controllers/api/env.h"
#include "controllers/api/messages.h"
#include "controllers/api/reserved_env.h"
#include "controllers/api/validation_checks.h"

namespace disagg::api {
namespace {

bool IsVariableName(std::string_view name) {
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
  };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), allowed);
}

void CheckVariable(const std::string& path, const EnvVar& variable, Errors* errors) {
  const std::string_view reserved = WhyReserved(variable.name);
  if (!IsVariableName(variable.name)) {
    errors->push_back(ErrorOf(path + ".name", variable.name,
                              "is not a variable name; use letters, digits and _ . - , not "
                              "beginning with a digit"));
  } else if (!reserved.empty()) {
    errors->push_back(
        ErrorOf(path + ".name", variable.name,
                "is the operator's to set: " + std::string(reserved) + "; remove it"));
  }
  const auto references = ReferencesIn(variable.value);
  if (std::find(references.begin(), references.end(), variable.name) != references.end()) {
    errors->push_back(ErrorOf(path + ".value", variable.value,
                              "refers to " + Quoted(variable.name) +
                                  ", the variable itself, which Kubernetes leaves as it is "
                                  "written; write the whole value, "
                                  "or $$(" +
                                  variable.name + ") for these characters"));
  }
  if (!variable.value.empty() && !variable.value_from.empty()) {
    errors->push_back(
        ErrorAt(path + ".valueFrom",
                Quoted(variable.name) + " has a value as well; remove one of the two"));
  }
}

void CheckList(const std::string& path, const std::vector<EnvVar>& env, Errors* errors) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < env.size(); ++i) {
    const std::string item = path + "[" + std::to_string(i) + "]";
    CheckVariable(item, env[i], errors);
    if (!seen.insert(env[i].name).second) {
      errors->push_back(ErrorOf(item + ".name", env[i].name, "is listed twice; remove one"));
    }
  }
}

}  // namespace

void CheckEnv(const DeploymentSpec& spec, Errors* errors) {
  CheckList("spec.engine.env", spec.engine_env, errors);
  for (const auto& [name, role] : spec.roles) CheckList(RolePath(name) + ".env", role.env, errors);
  CheckList("spec.router.env", spec.router.env, errors);
}

}  // namespace disagg::api
