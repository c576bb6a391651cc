#include "controllers/render/pod_template.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "controllers/api/env.h"
#include "controllers/api/pod_lists.h"
#include "controllers/render/fragments.h"

namespace disagg::render {
namespace {

using nlohmann::json;

void Merge(const json& over, const std::string& field, json* base);

void MergeElement(const api::KeyedList& list, const json& element, json* elements) {
  const std::string key = api::KeyOf(list, element);
  const auto same = std::find_if(elements->begin(), elements->end(),
                                 [&](const json& other) { return api::KeyOf(list, other) == key; });
  if (same == elements->end()) {
    elements->push_back(element);
  } else if (list.replaces) {
    *same = element;
  } else {
    Merge(element, "", &*same);
  }
}

// `field`: the name under which both are; "" for elements of a list.
void Merge(const json& over, const std::string& field, json* base) {
  const api::KeyedList* list = api::FindKeyedList(field);
  if (over.is_object() && base->is_object()) {
    for (const auto& [key, value] : over.items()) {
      if (base->contains(key)) {
        Merge(value, key, &(*base)[key]);
      } else {
        (*base)[key] = value;
      }
    }
  } else if (list != nullptr && over.is_array() && base->is_array()) {
    for (const json& element : over) MergeElement(*list, element, base);
  } else {
    *base = over;
  }
}

// As for all other variables: one that another refers to comes first.
void OrderEnv(json* container) {
  if (!container->contains("env")) return;
  std::vector<api::EnvVar> variables;
  for (const json& entry : (*container)["env"]) {
    const bool from = entry.contains("valueFrom");
    variables.push_back({.name = entry.value("name", ""),
                         .value = from ? "" : entry.value("value", ""),
                         .value_from = from ? entry["valueFrom"].dump() : ""});
  }
  (*container)["env"] = EnvList(api::InOrderOfReferences(std::move(variables)));
}

}  // namespace

json LayOver(const api::PodTemplate& wanted, json rendered) {
  json& metadata = rendered["metadata"];
  for (const auto& [key, value] : wanted.labels) metadata["labels"][key] = value;
  for (const auto& [key, value] : wanted.annotations) metadata["annotations"][key] = value;
  if (wanted.spec.empty()) return rendered;
  Merge(ParseFragment(wanted.spec), "spec", &rendered["spec"]);
  OrderEnv(&rendered["spec"]["containers"][0]);
  return rendered;
}

}  // namespace disagg::render
