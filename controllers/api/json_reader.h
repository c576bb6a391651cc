#pragma once

// Typed reads from a JSON object that remember what was wrong and where. Internal to decoding.
// Pure; never throws.
//
//   JsonReader spec(object, "spec", &errors);
//   spec.Child("health").Integer("startupTimeoutSeconds", 3600);
//
// An absent field and a null are the default. A value of a wrong type is the default too, and one
// more error: `spec.health.startupTimeoutSeconds: must be an integer, is "an hour"`.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace disagg::api {

class JsonReader {
 public:
  // Both pointers must outlive the reader and everything read through it.
  JsonReader(const nlohmann::json* value, std::string path, std::vector<std::string>* errors);

  bool Has(const std::string& key) const { return Find(key) != nullptr; }
  const std::string& path() const { return path_; }

  // A reader of an object; of nothing where it is absent.
  JsonReader Child(const std::string& key) const;
  // Readers of the objects in a list.
  std::vector<JsonReader> Children(const std::string& key) const;

  std::string Text(const std::string& key, const std::string& otherwise = "") const;
  int Integer(const std::string& key, int otherwise) const;
  // An absent one is an error: there is no count that would be right for everyone.
  int RequiredInteger(const std::string& key) const;
  bool Boolean(const std::string& key) const;
  std::vector<std::string> Texts(const std::string& key) const;
  std::map<std::string, std::string> TextMap(const std::string& key) const;
  // The items of a list, or the value itself, as compact JSON with keys in byte order.
  std::vector<std::string> Fragments(const std::string& key) const;
  std::string Fragment(const std::string& key) const;
  // "120Gi", or a bare number as the schema allows it: `cpu: 12`.
  std::string QuantityText(const std::string& key) const;
  // The fields of an object, whatever they are.
  std::vector<std::pair<std::string, const nlohmann::json*>> Fields(const std::string& key) const;

  template <typename T>
  T Choice(const std::string& key, const std::vector<std::pair<std::string_view, T>>& choices,
           T otherwise) const {
    const nlohmann::json* value = Find(key);
    if (value == nullptr) return otherwise;
    std::string known;
    for (const auto& [name, choice] : choices) {
      if (value->is_string() && value->get_ref<const std::string&>() == name) return choice;
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
    Refuse(key, "must be one of " + known);
    return otherwise;
  }

 private:
  // Null when the field is absent or null.
  const nlohmann::json* Find(const std::string& key) const;
  // The list under `key`; an empty one when it is absent or none.
  const nlohmann::json& List(const std::string& key) const;
  void Refuse(const std::string& key, const std::string& what) const;
  void Refuse(const std::string& path, const std::string& what, const nlohmann::json& value) const;

  const nlohmann::json* value_;  // an object, or null for nothing
  std::string path_;
  std::vector<std::string>* errors_;
};

// Compact, keys in byte order; bytes that are not UTF-8 become U+FFFD.
std::string ToText(const nlohmann::json& value);

}  // namespace disagg::api
