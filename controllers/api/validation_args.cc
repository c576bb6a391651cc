// Arguments are free; here their mistakes are found before a pod exists, not in a crash loop.

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "controllers/api/engine_args.h"
#include "controllers/api/exact_number.h"
#include "controllers/api/json_reader.h"
#include "controllers/api/messages.h"
#include "controllers/api/program_facts.h"
#include "controllers/api/validation_checks.h"

namespace disagg::api {
namespace {

using Kind = ArgValue::Kind;

constexpr std::size_t kLongestKey = 128;
constexpr std::size_t kLargestArg = 4096;
constexpr std::size_t kMostArgs = 128;
constexpr std::size_t kMostItems = 4096;

// One map of arguments and the program they are for.
struct Place {
  std::string path;  // "spec.decode.args"
  std::string role;  // "spec.decode"; "spec.<role>" where it is every role's
  const Args* args;
  const FlagTable* table;
  std::function<std::string(std::string_view)> normalize;
  std::function<std::optional<std::string>(std::string_view)> typed_field;
};

// `program`: an EngineType or a RouterType.
template <typename Type>
Place PlaceOf(const std::string& owner, const std::string& role, const Args& args, Type program) {
  return {.path = owner + ".args",
          .role = role,
          .args = &args,
          .table = &FactsOf(program).flags,
          .normalize = [program](std::string_view key) { return NormalizeFlag(program, key); },
          .typed_field = [program](std::string_view flag) { return TypedFieldOf(program, flag); }};
}

std::vector<Place> Places(const DeploymentSpec& spec) {
  std::vector<Place> places = {
      PlaceOf("spec.engine", "spec.<role>", spec.engine_args, spec.engine)};
  for (const auto& [name, role] : spec.roles) {
    places.push_back(PlaceOf(RolePath(name), RolePath(name), role.args, spec.engine));
  }
  places.push_back(PlaceOf("spec.router", "spec.router", spec.router.args, spec.router.type));
  return places;
}

bool IsKey(std::string_view key) {
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  return !key.empty() && key.size() <= kLongestKey &&
         std::isalnum(static_cast<unsigned char>(key.front())) != 0 &&
         std::all_of(key.begin(), key.end(), allowed);
}

std::size_t SizeOf(const ArgValue& value) {
  std::size_t size = 0;
  for (const std::string& text : value.texts) size += text.size();
  return size;
}

bool IsNull(const nlohmann::json& item) { return item.is_null(); }
bool IsNested(const nlohmann::json& item) { return item.is_structured(); }
bool IsInexact(const nlohmann::json& item) { return item.is_number() && !IsExact(item); }

std::string WhyInexact(const nlohmann::json& number) {
  return "is the number " + ToText(number) +
         "; JSON keeps whole numbers up to 2^53 and 15 digits of a fraction; write it as a string, "
         "like \"...\"";
}

std::string WhyInvalid(const std::string& json) {
  if (json == kDeepValue) {
    return "has lists or objects inside each other; write JSON as a quoted string";
  }
  const auto value = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (IsInexact(value)) return WhyInexact(value);
  const bool repeats = value.is_object() && value.contains("repeat");
  const nlohmann::json& list = repeats ? value["repeat"] : value;
  if (list.is_array() && std::any_of(list.begin(), list.end(), IsNull)) {
    return "has a null in its list; remove it, or write the word as a string";
  }
  if (list.is_array() && std::any_of(list.begin(), list.end(), IsNested)) {
    return "has a list or an object in its list; items are strings, numbers and booleans; write "
           "JSON as a quoted string";
  }
  if (list.is_array()) {
    const auto inexact = std::find_if(list.begin(), list.end(), IsInexact);
    if (inexact != list.end()) return "has an item that " + WhyInexact(*inexact);
  }
  return "is an object; write JSON as a quoted string, or {repeat: [a, b]} to give the flag "
         "several times";
}

// argparse takes a negative number for a value.
bool LooksLikeAFlag(const std::string& text) {
  return text.starts_with('-') && text.find_first_not_of("0123456789.", 1) != text.npos;
}

std::optional<std::string> WhatIsWrongWith(const ArgValue& value) {
  if (value.kind == Kind::kInvalid) {
    return WhyInvalid(value.texts.empty() ? "" : value.texts.front());
  }
  if (SizeOf(value) > kLargestArg) {
    return "has " + std::to_string(SizeOf(value)) + " bytes; at most 4096";
  }
  if ((value.kind == Kind::kList || value.kind == Kind::kRepeat) && value.texts.empty()) {
    return "is an empty list; write true for a flag without value, or remove it";
  }
  if (value.kind == Kind::kList && value.texts.size() > 1 &&
      std::any_of(value.texts.begin(), value.texts.end(), LooksLikeAFlag)) {
    return "has an item with a leading dash, which would be read as the next flag; write {repeat: "
           "[a, b]} to give the flag several times, or one string";
  }
  for (const std::string& text : value.texts) {
    if (text.find('\0') != text.npos) return "has a NUL character, which ends a command-line word";
  }
  return std::nullopt;
}

// argparse takes an unambiguous beginning for the whole flag; no typed one may slip through so.
std::optional<TypedFlag> AbbreviatedFlag(const FlagTable& table, std::string_view flag) {
  constexpr std::size_t kShortest = 2;
  if (flag.size() < kShortest) return std::nullopt;
  for (const TypedFlag& typed : table.typed) {
    if (typed.flag.starts_with(flag) && typed.flag != flag) return typed;
  }
  return std::nullopt;
}

std::string WithRole(std::string field, const std::string& role) {
  constexpr std::string_view kAnyRole = "spec.<role>";
  const auto at = field.find(kAnyRole);
  return at == field.npos ? field : field.replace(at, kAnyRole.size(), role);
}

std::string Remedy(const std::string& field) {
  return field.starts_with("spec.") ? "remove it here and set that" : "remove it";
}

void CheckTyped(const Place& place, const std::string& key, Errors* errors) {
  const std::string path = place.path + "." + key;
  const std::string flag = place.normalize(key);
  if (const auto field = place.typed_field(flag)) {
    const std::string what = WithRole(*field, place.role);
    const std::string spelled = flag == key ? "" : "is --" + flag + ", which ";
    errors->push_back(ErrorAt(path, spelled + "is given by " + what + "; " + Remedy(what)));
  } else if (const auto whole = AbbreviatedFlag(*place.table, flag)) {
    const std::string what = WithRole(std::string(whole->field), place.role);
    errors->push_back(ErrorAt(path, "is an abbreviation of --" + std::string(whole->flag) +
                                        ", which is given by " + what + "; " + Remedy(what)));
  }
}

void CheckKey(const Place& place, const std::string& key, Errors* errors) {
  const auto refuse = [&](const std::string& what) {
    errors->push_back(
        {.path = place.path, .message = place.path + "[" + Quoted(key) + "]: " + what});
  };
  const std::size_t name = key.find_first_not_of('-');
  if (name != 0 && name != key.npos) {
    refuse("has leading dashes; write " + Quoted(key.substr(name)));
  } else {
    refuse(
        "is not a flag name; use letters, digits and - _ . , at most 128 of them, and write "
        "the value behind the colon");
  }
}

// The same flag twice, and a flag with its opposite.
void CheckPairs(const Place& place, Errors* errors) {
  std::map<std::string, std::pair<std::string, bool>> seen;  // flag -> key, given
  for (const auto& [key, value] : *place.args) {
    const std::string flag = place.normalize(key);
    const auto [it, added] = seen.emplace(flag, std::pair(key, !value.omits()));
    if (!added) {
      errors->push_back(
          ErrorAt(place.path + "." + key,
                  "is the same flag as " + Quoted(it->second.first) + "; remove one of the two"));
      continue;
    }
    const auto opposite = seen.find(NegationOf(flag));
    if (opposite == seen.end() || !opposite->second.second || value.omits()) continue;
    errors->push_back(ErrorAt(
        place.path + "." + key,
        "is the opposite of " + Quoted(opposite->second.first) + "; remove one of the two"));
  }
}

void CheckPlace(const Place& place, Errors* errors) {
  if (place.args->size() > kMostArgs) {
    errors->push_back(ErrorAt(
        place.path, "has " + std::to_string(place.args->size()) + " arguments; at most 128"));
  }
  for (const auto& [key, value] : *place.args) {
    if (!IsKey(key)) {
      CheckKey(place, key, errors);
      continue;
    }
    if (const auto wrong = WhatIsWrongWith(value)) {
      errors->push_back(ErrorAt(place.path + "." + key, *wrong));
    }
    CheckTyped(place, key, errors);
  }
  CheckPairs(place, errors);
}

}  // namespace

void CheckArgs(const DeploymentSpec& spec, Errors* errors) {
  std::size_t items = 0;
  for (const Place& place : Places(spec)) {
    CheckPlace(place, errors);
    for (const auto& [key, value] : *place.args) {
      const bool list = value.kind == Kind::kList || value.kind == Kind::kRepeat;
      items += list ? value.texts.size() : 0;
    }
  }
  if (items <= kMostItems) return;
  errors->push_back(ErrorAt("spec.engine.args", "the lists in all arguments have " +
                                                    std::to_string(items) +
                                                    " items together; at most 4096"));
}

}  // namespace disagg::api
