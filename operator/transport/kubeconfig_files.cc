#include "operator/transport/kubeconfig_files.h"

#include <cstdlib>
#include <sstream>
#include <utility>

#include "operator/transport/read_file.h"

namespace transport {
namespace {

namespace fs = std::filesystem;

base::Error Unusable(const std::string& file, const std::string& why) {
  return base::MakeError(base::ErrorCode::kInvalid, "InvalidKubeconfig", file + ": " + why);
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> SplitList(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ':');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

base::Result<std::vector<std::string>> FilesToRead(const std::string& path) {
  if (!path.empty()) return std::vector{path};
  const std::vector<std::string> listed = SplitList(Environment("KUBECONFIG"));
  if (!listed.empty()) return listed;
  const std::string home = Environment("HOME");
  if (home.empty()) {
    return Unusable("no kubeconfig", "pass --kubeconfig, or set KUBECONFIG or HOME");
  }
  return std::vector{home + "/.kube/config"};
}

base::Status MergeEntries(const YAML::Node& root, const char* list, const char* field,
                          const fs::path& folder, const std::string& file,
                          KubeconfigEntries& into) {
  const YAML::Node entries = root[list];
  if (!entries || entries.IsNull()) return {};
  if (!entries.IsSequence()) return Unusable(file, std::string(list) + " is not a list");
  for (const YAML::Node& entry : entries) {
    const std::string name = entry.IsMap() ? YamlText(entry, "name") : "";
    if (name.empty()) return Unusable(file, "an entry of " + std::string(list) + " has no name");
    const YAML::Node value = entry[field];
    if (value && !value.IsNull() && !value.IsMap()) {
      return Unusable(file, std::string(field) + " of \"" + name + "\" is not a map");
    }
    into.emplace(name, KubeconfigEntry{value ? YAML::Node(value) : YAML::Node(), folder});
  }
  return {};
}

base::Status MergeFile(const std::string& file, const std::string& text, Kubeconfig& kubeconfig) {
  const YAML::Node root = YAML::Load(text);
  if (root.IsNull()) return {};
  if (!root.IsMap()) return Unusable(file, "not a kubeconfig: its YAML is not a map");
  if (kubeconfig.current_context.empty()) {
    kubeconfig.current_context = YamlText(root, "current-context");
  }
  const fs::path folder = fs::absolute(file).parent_path();
  struct Part {
    const char* list;
    const char* field;
    KubeconfigEntries& into;
  };
  for (const Part& part : {Part{"clusters", "cluster", kubeconfig.clusters},
                           Part{"contexts", "context", kubeconfig.contexts},
                           Part{"users", "user", kubeconfig.users}}) {
    base::Status merged = MergeEntries(root, part.list, part.field, folder, file, part.into);
    if (!merged) return merged;
  }
  return {};
}

base::Status MergeFileSafely(const std::string& file, const std::string& text,
                             Kubeconfig& kubeconfig) {
  try {
    return MergeFile(file, text, kubeconfig);
  } catch (const std::exception& error) {  // of yaml-cpp and filesystem
    return Unusable(file, std::string("not a kubeconfig: ") + error.what());
  }
}

}  // namespace

std::string YamlText(const YAML::Node& map, const char* field) {
  if (!map.IsMap()) return "";
  const YAML::Node value = map[field];
  return value && value.IsScalar() ? value.Scalar() : "";
}

bool YamlFlag(const YAML::Node& map, const char* field) {
  return map.IsMap() && map[field].as<bool>(false);
}

base::Result<Kubeconfig> ReadKubeconfig(const std::string& path) {
  const auto files = FilesToRead(path);
  if (!files) return files.error();
  Kubeconfig kubeconfig;
  bool any = false;
  for (const std::string& file : *files) {
    kubeconfig.files += (kubeconfig.files.empty() ? "" : ":") + file;
    std::error_code ignored;
    if (files->size() > 1 && !fs::exists(file, ignored)) continue;
    const auto text = ReadFile(file);
    if (!text) return text.error();
    any = true;
    if (base::Status merged = MergeFileSafely(file, *text, kubeconfig); !merged) {
      return merged.error();
    }
  }
  if (!any) return Unusable(kubeconfig.files, "none of these files of KUBECONFIG exists");
  return kubeconfig;
}

}  // namespace transport
