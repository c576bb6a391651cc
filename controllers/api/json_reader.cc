#include "controllers/api/json_reader.h"

#include <cmath>
#include <limits>
#include <optional>

#include "operator/base/text.h"

namespace disagg::api {
namespace {

constexpr std::size_t kLongestValue = 80;

std::string Shortened(const nlohmann::json& value) {
  std::string text = ToText(value);
  if (text.size() <= kLongestValue) return text;
  return std::string(base::CutUtf8(text, kLongestValue)) + "...";
}

// 2.0 is an integer for the API server, too.
std::optional<int> ToInteger(const nlohmann::json& value) {
  constexpr double kLimit = std::numeric_limits<int>::max();
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  if (std::floor(number) != number || std::fabs(number) > kLimit) return std::nullopt;
  return static_cast<int>(number);
}

}  // namespace

std::string ToText(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

JsonReader::JsonReader(const nlohmann::json* value, std::string path,
                       std::vector<std::string>* errors)
    : value_(value), path_(std::move(path)), errors_(errors) {
  if (value_ == nullptr || value_->is_object()) return;
  if (!value_->is_null()) Refuse(path_, "must be an object", *value_);
  value_ = nullptr;
}

JsonReader JsonReader::Child(const std::string& key) const {
  return JsonReader(Find(key), path_ + "." + key, errors_);
}

std::vector<JsonReader> JsonReader::Children(const std::string& key) const {
  std::vector<JsonReader> children;
  for (const nlohmann::json& item : List(key)) {
    const std::string path = path_ + "." + key + "[" + std::to_string(children.size()) + "]";
    children.emplace_back(&item, path, errors_);
  }
  return children;
}

std::string JsonReader::Text(const std::string& key, const std::string& otherwise) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return otherwise;
  if (value->is_string()) return value->get<std::string>();
  Refuse(key, "must be a string");
  return otherwise;
}

int JsonReader::Integer(const std::string& key, int otherwise) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return otherwise;
  if (const auto integer = ToInteger(*value)) return *integer;
  Refuse(key, "must be an integer");
  return otherwise;
}

int JsonReader::RequiredInteger(const std::string& key) const {
  if (value_ != nullptr && Find(key) == nullptr) {
    errors_->push_back(path_ + "." + key + ": is missing; write an integer");
  }
  return Integer(key, 0);
}

bool JsonReader::Boolean(const std::string& key) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  Refuse(key, "must be true or false");
  return false;
}

std::vector<std::string> JsonReader::Texts(const std::string& key) const {
  std::vector<std::string> texts;
  for (const nlohmann::json& item : List(key)) {
    if (item.is_string()) {
      texts.push_back(item.get<std::string>());
    } else {
      Refuse(key, "must be a list of strings");
    }
  }
  return texts;
}

std::map<std::string, std::string> JsonReader::TextMap(const std::string& key) const {
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : Fields(key)) {
    if (value->is_string()) {
      texts.emplace(name, value->get<std::string>());
    } else {
      Refuse(path_ + "." + key + "[\"" + name + "\"]", "must be a string", *value);
    }
  }
  return texts;
}

std::vector<std::string> JsonReader::Fragments(const std::string& key) const {
  std::vector<std::string> fragments;
  for (const nlohmann::json& item : List(key)) fragments.push_back(ToText(item));
  return fragments;
}

std::string JsonReader::Fragment(const std::string& key) const {
  const nlohmann::json* value = Find(key);
  return value == nullptr ? "" : ToText(*value);
}

std::string JsonReader::QuantityText(const std::string& key) const {
  const nlohmann::json* value = Find(key);
  return value != nullptr && value->is_number() ? ToText(*value) : Text(key);
}

std::vector<std::pair<std::string, const nlohmann::json*>> JsonReader::Fields(
    const std::string& key) const {
  std::vector<std::pair<std::string, const nlohmann::json*>> fields;
  const JsonReader child = Child(key);
  if (child.value_ == nullptr) return fields;
  for (auto it = child.value_->begin(); it != child.value_->end(); ++it) {
    fields.emplace_back(it.key(), &it.value());
  }
  return fields;
}

const nlohmann::json* JsonReader::Find(const std::string& key) const {
  if (value_ == nullptr) return nullptr;
  const auto it = value_->find(key);
  return it == value_->end() || it->is_null() ? nullptr : &*it;
}

const nlohmann::json& JsonReader::List(const std::string& key) const {
  static const nlohmann::json kEmpty = nlohmann::json::array();
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return kEmpty;
  if (value->is_array()) return *value;
  Refuse(key, "must be a list");
  return kEmpty;
}

void JsonReader::Refuse(const std::string& key, const std::string& what) const {
  Refuse(path_ + "." + key, what, *Find(key));
}

void JsonReader::Refuse(const std::string& path, const std::string& what,
                        const nlohmann::json& value) const {
  errors_->push_back(path + ": " + what + ", is " + Shortened(value));
}

}  // namespace disagg::api
