#pragma once

// The files of a kubeconfig as one: which they are, reading, merging.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "operator/base/result.h"

namespace transport {

// A named entry, still as it was written, and the folder that its relative file names start from.
struct KubeconfigEntry {
  YAML::Node value;
  std::filesystem::path folder;
};
using KubeconfigEntries = std::map<std::string, KubeconfigEntry>;

struct Kubeconfig {
  std::string files;  // for messages: "a:b"
  std::string current_context;
  KubeconfigEntries clusters, contexts, users;
};

// `path` empty: $KUBECONFIG, else ~/.kube/config. As with kubectl, the first file that has an entry
// wins, and of the files of a list some may be missing.
base::Result<Kubeconfig> ReadKubeconfig(const std::string& path);

// The text of a scalar field; "" when it is absent, null or no scalar.
std::string YamlText(const YAML::Node& map, const char* field);

// Whether the field holds any of YAML's words for true.
bool YamlFlag(const YAML::Node& map, const char* field);

}  // namespace transport
