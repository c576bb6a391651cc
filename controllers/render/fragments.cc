#include "controllers/render/fragments.h"

#include <utility>

namespace disagg::render {

void PutText(nlohmann::json* object, const char* key, std::string_view value) {
  if (!value.empty()) (*object)[key] = value;
}

void PutJson(nlohmann::json* object, const char* key, nlohmann::json value) {
  if (!value.empty()) (*object)[key] = std::move(value);
}

nlohmann::json ParseFragment(const std::string& text) {
  nlohmann::json value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? nlohmann::json() : value;
}

nlohmann::json ParseFragments(const std::vector<std::string>& texts) {
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& text : texts) list.push_back(ParseFragment(text));
  return list;
}

nlohmann::json EnvList(const std::vector<api::EnvVar>& env) {
  nlohmann::json list = nlohmann::json::array();
  for (const api::EnvVar& variable : env) {
    nlohmann::json entry{{"name", variable.name}};
    if (variable.value_from.empty()) {
      PutText(&entry, "value", variable.value);
    } else {
      entry["valueFrom"] = ParseFragment(variable.value_from);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

nlohmann::json NameList(const std::vector<std::string>& names) {
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& name : names) list.push_back({{"name", name}});
  return list;
}

std::string CanonicalQuantity(const std::string& text) { return TimesQuantity(text, 1); }

std::string TimesQuantity(const std::string& per_item, int count) {
  const auto quantity = base::Quantity::Parse(per_item);
  return quantity ? quantity->Times(count).ToString() : "";
}

}  // namespace disagg::render
