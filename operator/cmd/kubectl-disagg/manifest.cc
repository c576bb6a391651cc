#include "operator/cmd/kubectl-disagg/manifest.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "operator/cmd/kubectl-disagg/yaml_scalar.h"

namespace kubectl_disagg {
namespace {

using nlohmann::json;

constexpr char kMergeKey[] = "<<";
constexpr std::size_t kMostFields = 100'000;  // aliases can make a small file large

// "!" is the tag of a quoted word.
bool IsText(const std::string& tag) { return tag == "!" || tag == "tag:yaml.org,2002:str"; }

class Converter {
 public:
  explicit Converter(Manifest* manifest) : manifest_(manifest) {}

  json Convert(const YAML::Node& node, const std::string& path) {
    if (node.Mark().line >= 0) manifest_->lines.try_emplace(path, node.Mark().line + 1);
    if (++fields_ > kMostFields) {
      throw YAML::RepresentationException(node.Mark(),
                                          "more fields than any Kubernetes object has");
    }
    switch (node.Type()) {
      case YAML::NodeType::Map:
        return ConvertMap(node, path);
      case YAML::NodeType::Sequence:
        return ConvertSequence(node, path);
      case YAML::NodeType::Scalar:
        return IsText(node.Tag()) ? json(node.Scalar()) : ResolvePlainScalar(node.Scalar());
      default:
        return nullptr;
    }
  }

 private:
  json ConvertMap(const YAML::Node& node, const std::string& path) {
    json object = json::object();
    for (const auto& entry : node) {
      const std::string key = entry.first.Scalar();
      if (!entry.first.IsScalar()) {
        throw YAML::RepresentationException(entry.first.Mark(), "a key must be a word");
      }
      if (key == kMergeKey) continue;
      const std::string field = path.empty() ? key : path + "." + key;
      manifest_->lines.try_emplace(field, entry.first.Mark().line + 1);
      if (object.contains(key)) {
        throw YAML::RepresentationException(entry.first.Mark(),
                                            "field " + field + " is listed twice");
      }
      object[key] = Convert(entry.second, field);
    }
    for (const auto& entry : node) {
      if (entry.first.Scalar() == kMergeKey) Merge(entry.second, path, &object);
    }
    return object;
  }

  // The merge key of YAML 1.1: fields that are not there yet, from one map or several, the first of
  // which wins.
  void Merge(const YAML::Node& from, const std::string& path, json* object) {
    if (from.IsSequence()) {
      for (const auto& item : from) Merge(item, path, object);
      return;
    }
    if (!from.IsMap()) {
      throw YAML::RepresentationException(from.Mark(), "<< must be followed by a map");
    }
    const json merged = Convert(from, path);
    for (const auto& [key, value] : merged.items()) {
      if (!object->contains(key)) (*object)[key] = value;
    }
  }

  json ConvertSequence(const YAML::Node& node, const std::string& path) {
    json list = json::array();
    for (const auto& item : node) {
      list.push_back(Convert(item, path + "[" + std::to_string(list.size()) + "]"));
    }
    return list;
  }

  Manifest* manifest_;
  std::size_t fields_ = 0;
};

base::Error NotYaml(const std::string& file, const YAML::Exception& exception) {
  return base::MakeError(
      base::ErrorCode::kInvalid, "NotYaml",
      file + ":" + std::to_string(std::max(0, exception.mark.line) + 1) + ": " + exception.msg);
}

bool IsIndex(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

// args["max-num-seqs"] and args[max-num-seqs] are args.max-num-seqs.
std::string Normalized(const std::string& path) {
  std::string normalized;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t close = path[at] == '[' ? path.find(']', at) : std::string::npos;
    if (close == std::string::npos) {
      normalized += path[at++];
      continue;
    }
    std::string key = path.substr(at + 1, close - at - 1);
    std::erase_if(key, [](char c) { return c == '"' || c == '\''; });
    normalized += IsIndex(key) ? "[" + key + "]" : "." + key;
    at = close + 1;
  }
  return normalized;
}

}  // namespace

int Manifest::LineOf(const std::string& path) const {
  std::string prefix = Normalized(path);
  while (true) {
    if (const auto found = lines.find(prefix); found != lines.end()) return found->second;
    if (prefix.empty()) return 1;
    const std::size_t cut = prefix.find_last_of(".[");
    prefix.erase(cut == std::string::npos ? 0 : cut);
  }
}

std::string Manifest::Text(const std::string& pointer) const {
  const json::json_pointer at(pointer);
  return object.contains(at) && object.at(at).is_string() ? object.at(at).get<std::string>() : "";
}

base::Result<std::vector<Manifest>> ReadManifests(const std::string& file,
                                                  const std::string& yaml) {
  std::vector<Manifest> manifests;
  try {
    for (const YAML::Node& document : YAML::LoadAll(yaml)) {
      if (!document.IsDefined() || document.IsNull()) continue;
      Manifest manifest{file, {}, {}};
      manifest.object = Converter(&manifest).Convert(document, "");
      if (!manifest.object.is_object()) {
        throw YAML::RepresentationException(document.Mark(), "not a Kubernetes object");
      }
      manifests.push_back(std::move(manifest));
    }
  } catch (const YAML::Exception& exception) {
    return NotYaml(file, exception);
  }
  return manifests;
}

}  // namespace kubectl_disagg
