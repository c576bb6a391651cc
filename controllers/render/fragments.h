#pragma once

// Small pieces of API objects that inputs and pods write in the same way. Pure.
//
// Nothing here writes a value that the API server would store in another form (an empty string or
// list vanishes, "1024Mi" becomes "1Gi"): applied objects are compared with what is stored.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/api/types.h"
#include "operator/base/quantity.h"

namespace disagg::render {

// Sets `object[key]` unless the value is empty.
void PutText(nlohmann::json* object, const char* key, std::string_view value);
void PutJson(nlohmann::json* object, const char* key, nlohmann::json value);

// The value of a fragment that types.h holds as JSON text; null when it is none.
nlohmann::json ParseFragment(const std::string& text);
nlohmann::json ParseFragments(const std::vector<std::string>& texts);

nlohmann::json EnvList(const std::vector<api::EnvVar>& env);

// [{"name": "a"}, ...], as imagePullSecrets want it.
nlohmann::json NameList(const std::vector<std::string>& names);

// The canonical text of a quantity; "" for what is none.
std::string CanonicalQuantity(const std::string& text);

// `per_item` times `count` in canonical text; "" for what is not a quantity.
std::string TimesQuantity(const std::string& per_item, int count);

}  // namespace disagg::render
