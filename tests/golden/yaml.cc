#include "tests/golden/yaml.h"

#include <regex>

#include <yaml-cpp/yaml.h>

namespace golden {
namespace {

using nlohmann::json;

json TypedScalar(const std::string& text) {
  static const std::regex kInteger("[-+]?[0-9]+");
  static const std::regex kNumber("[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?");
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true") return true;
  if (text == "false") return false;
  if (std::regex_match(text, kInteger)) return std::stoll(text);
  if (std::regex_match(text, kNumber)) return std::stod(text);
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

// Plain where no reader of YAML can take it for anything but a string; JSON in single quotes.
std::string Scalar(const json& value) {
  static const std::regex kPlain(
      "-{0,2}[A-Za-z/][-A-Za-z0-9_./]*(:[-A-Za-z0-9_./]+)*|[0-9]+([KMGT]i|m)");
  static const std::regex kOther("(y|n|yes|no|on|off|true|false|null)", std::regex::icase);
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  if (std::regex_match(text, kPlain) && !std::regex_match(text, kOther)) return text;
  const bool json_text =
      text.find('"') != std::string::npos && text.find('\'') == std::string::npos;
  return json_text && text.find('\n') == std::string::npos ? "'" + text + "'" : value.dump();
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
