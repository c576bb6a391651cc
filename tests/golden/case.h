#pragma once

// A golden case: manifests in, the children of every DisaggDeployment among them out. For tests
// only.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/api/resolution.h"

namespace golden {

struct Case {
  std::vector<std::shared_ptr<const disagg::api::DisaggDeployment>> deployments;
  disagg::api::Catalogue catalogue;
  std::map<std::string, std::map<std::string, std::string>> namespace_labels;
  std::vector<std::string> errors;  // documents that cannot be decoded
};

// All *.yaml below `folder`. What only a server sets (uid, resourceVersion, times) is filled in.
Case LoadCase(const std::filesystem::path& folder);

// Adds the documents of one file.
void LoadFile(const std::filesystem::path& file, Case* loaded);

// File name -> object, for every child that a deployment of this case gets, first incarnations, and
// the messages of everything that is wrong with it.
struct Rendered {
  std::map<std::string, nlohmann::json> objects;
  std::vector<std::string> errors;
};
Rendered RenderCase(const Case& loaded);

std::string ReadFile(const std::filesystem::path& file);

}  // namespace golden
