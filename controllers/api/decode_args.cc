// Engine arguments: the one part of the API that no schema describes.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "controllers/api/decode_parts.h"
#include "controllers/api/exact_number.h"

namespace disagg::api {
namespace {

using Kind = ArgValue::Kind;

// The API server stores 1.0 as 1; a manifest that has not been there yet must give the same text.
std::string NumberText(const nlohmann::json& value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::floor(number) == number && std::fabs(number) < kExact) {
      return std::to_string(static_cast<std::int64_t>(number));
    }
  }
  return ToText(value);
}

// What can be a word of a command line.
bool IsWord(const nlohmann::json& value) {
  return value.is_string() || value.is_boolean() || (value.is_number() && IsExact(value));
}

std::string ScalarText(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? NumberText(value) : ToText(value);
}

// More than {repeat: [[x]]}, which is wrong already. Bounded, whatever the depth of the value.
bool IsDeep(const nlohmann::json& value, int levels = 4) {
  if (!value.is_structured()) return false;
  return levels == 0 || std::any_of(value.begin(), value.end(), [levels](const auto& item) {
           return IsDeep(item, levels - 1);
         });
}

ArgValue Invalid(const nlohmann::json& value) {
  return {.kind = Kind::kInvalid,
          .flag = false,
          .texts = {IsDeep(value) ? std::string(kDeepValue) : ToText(value)}};
}

ArgValue DecodeList(Kind kind, const nlohmann::json& list, const nlohmann::json& whole) {
  ArgValue decoded{.kind = kind, .flag = false, .texts = {}};
  for (const nlohmann::json& item : list) {
    if (!IsWord(item)) return Invalid(whole);
    decoded.texts.push_back(ScalarText(item));
  }
  return decoded;
}

ArgValue DecodeArg(const nlohmann::json& value) {
  if (value.is_boolean()) {
    return {.kind = Kind::kBool, .flag = value.get<bool>(), .texts = {}};
  }
  if (value.is_number() && IsExact(value)) {
    return {.kind = Kind::kNumber, .flag = false, .texts = {NumberText(value)}};
  }
  if (value.is_string()) {
    return {.kind = Kind::kString, .flag = false, .texts = {value.get<std::string>()}};
  }
  if (value.is_array()) return DecodeList(Kind::kList, value, value);
  const bool repeats = value.is_object() && value.size() == 1 && value.contains("repeat") &&
                       value["repeat"].is_array();
  return repeats ? DecodeList(Kind::kRepeat, value["repeat"], value) : Invalid(value);
}

}  // namespace

Args DecodeArgs(const JsonReader& owner) {
  Args args;
  for (const auto& [key, value] : owner.Fields("args")) {
    // The API server drops a null; it is no argument.
    if (!value->is_null()) args.emplace(key, DecodeArg(*value));
  }
  return args;
}

std::vector<EnvVar> DecodeEnv(const JsonReader& owner, const std::string& key) {
  std::vector<EnvVar> env;
  for (const JsonReader& item : owner.Children(key)) {
    env.push_back({.name = item.Text("name"),
                   .value = item.Text("value"),
                   .value_from = item.Fragment("valueFrom")});
  }
  return env;
}

}  // namespace disagg::api
