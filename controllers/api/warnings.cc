#include "controllers/api/warnings.h"

#include <algorithm>
#include <string_view>

#include "controllers/api/engine_args.h"
#include "controllers/api/messages.h"
#include "controllers/api/near_names.h"
#include "controllers/api/program_facts.h"

namespace disagg::api {
namespace {

// An engine has flags that nobody here has heard of: only what is this near to one is a mistake.
constexpr int kFarthest = 2;
constexpr std::size_t kShortestFlag = 6;

std::vector<std::string_view> KnownFlags(const FlagTable& table) {
  std::vector<std::string_view> known(table.local.begin(), table.local.end());
  known.insert(known.end(), table.shared.begin(), table.shared.end());
  for (const TypedFlag& typed : table.typed) known.push_back(typed.flag);
  return known;
}

// Empty: the flag is known, or like none that is.
std::string_view MeantFlag(const FlagTable& table, std::string_view flag) {
  flag = flag.substr(0, flag.find('.'));
  if (flag.starts_with("no-")) flag.remove_prefix(3);
  if (flag.size() < kShortestFlag) return "";
  std::string_view meant;
  int nearest = kFarthest + 1;
  for (const std::string_view known : KnownFlags(table)) {
    const int distance = EditDistance(flag, known);
    if (distance == 0) return "";
    if (distance >= nearest) continue;
    nearest = distance;
    meant = known;
  }
  return meant;
}

// `type`: of the program, an EngineType or a RouterType; `program` is named in the message.
template <typename Type>
void FindIn(const std::string& path, const Args& args, std::string_view program, Type type,
            std::vector<FieldError>* warnings) {
  for (const auto& [key, value] : args) {
    const std::string_view meant = MeantFlag(FactsOf(type).flags, NormalizeFlag(type, key));
    if (meant.empty()) continue;
    warnings->push_back(ErrorAt(path + "." + key,
                                "is not a known flag of " + std::string(program) +
                                    "; did you mean \"" + std::string(meant) + "\"?",
                                "UnknownFlag"));
  }
}

}  // namespace

std::vector<FieldError> FindWarnings(const DeploymentSpec& spec) {
  std::vector<FieldError> warnings;
  const std::string_view program = ToString(spec.engine);
  FindIn("spec.engine.args", spec.engine_args, program, spec.engine, &warnings);
  for (const auto& [name, role] : spec.roles) {
    FindIn(RolePath(name) + ".args", role.args, program, spec.engine, &warnings);
  }
  FindIn("spec.router.args", spec.router.args, "the router", spec.router.type, &warnings);
  return warnings;
}

}  // namespace disagg::api
