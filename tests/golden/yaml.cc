#include "tests/golden/yaml.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

#include <yaml-cpp/yaml.h>

namespace golden {
namespace {

using nlohmann::json;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

template <typename Number>
std::optional<Number> WholeNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

json TypedScalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true") return true;
  if (text == "false") return false;
  if (IsLetter(text.front())) return text;  // "inf" is a word
  if (const auto integer = WholeNumber<long long>(text)) return *integer;
  if (const auto number = WholeNumber<double>(text)) return *number;
  return text;
}

json FromNode(const YAML::Node& node) {
  if (node.IsScalar()) {
    return node.Tag() == "!" ? json(node.Scalar()) : TypedScalar(node.Scalar());
  }
  if (node.IsSequence()) {
    json list = json::array();
    for (const YAML::Node& element : node) list.push_back(FromNode(element));
    return list;
  }
  if (!node.IsMap()) return nullptr;
  json object = json::object();
  for (const auto& entry : node) object[entry.first.Scalar()] = FromNode(entry.second);
  return object;
}

// "64Gi", "500m"
bool IsQuantity(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) return false;
  const std::string_view suffix = text.substr(digits);
  return suffix == "m" || suffix == "Ki" || suffix == "Mi" || suffix == "Gi" || suffix == "Ti";
}

// Names, paths, images and flags: nothing that a reader of YAML could take for another type.
bool IsPlainWord(std::string_view text) {
  static const std::set<std::string> kOtherTypes{"y",   "n",    "yes",   "no",  "on",
                                                 "off", "true", "false", "null"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::size_t begin = std::min<std::size_t>(text.find_first_not_of('-'), 3);
  const bool begins_well = begin < std::min<std::size_t>(text.size(), 3) &&
                           (IsLetter(text[begin]) || text[begin] == '/');
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return IsLetter(c) || IsDigit(c) || std::string_view("-_./:").find(c) != std::string_view::npos;
  });
  return begins_well && plain && text.back() != ':' && !kOtherTypes.contains(lower);
}

// Plain where that is safe; JSON in single quotes.
std::string Scalar(const json& value) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  if (IsPlainWord(text) || IsQuantity(text)) return text;
  const bool quotes_well =
      text.find('"') != std::string::npos && text.find_first_of("'\n") == std::string::npos;
  return quotes_well ? "'" + text + "'" : value.dump();
}

void Write(const json& value, const std::string& indent, std::string* out);

// What follows "key:" or "-": a scalar on the same line, or a block on the next ones.
void WriteBelow(const json& value, const std::string& indent, std::string* out) {
  if (value.is_structured() && !value.empty()) {
    *out += "\n";
    Write(value, indent, out);
  } else {
    *out += " " + Scalar(value) + "\n";
  }
}

void Write(const json& value, const std::string& indent, std::string* out) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      *out += indent + Scalar(key) + ":";
      // Lists are as deep as their key, as kubectl writes them.
      WriteBelow(member, member.is_array() ? indent : indent + "  ", out);
    }
    return;
  }
  for (const json& element : value) {
    if (element.is_object() && !element.empty()) {
      std::string block;
      Write(element, indent + "  ", &block);
      *out += indent + "- " + block.substr(indent.size() + 2);
    } else {
      *out += indent + "-";
      WriteBelow(element, indent + "  ", out);
    }
  }
}

}  // namespace

std::vector<json> ParseYaml(const std::string& text) {
  std::vector<json> documents;
  for (const YAML::Node& node : YAML::LoadAll(text)) {
    if (!node.IsNull()) documents.push_back(FromNode(node));
  }
  return documents;
}

std::string ToYaml(const json& value) {
  if (!value.is_structured() || value.empty()) return Scalar(value) + "\n";
  std::string out;
  Write(value, "", &out);
  return out;
}

}  // namespace golden
