#pragma once

// Kubernetes objects in YAML, as JSON that remembers its lines. Pure; exceptions of yaml-cpp end
// here.

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "operator/base/result.h"

namespace kubectl_disagg {

struct Manifest {
  std::string file;
  nlohmann::json object;
  // Path of a field ("spec.prefill.args.block-size", "spec.engine.env[0].name") to its line,
  // counted from 1. "" is the document itself.
  std::map<std::string, int> lines;

  // Of the field, or of the nearest field around it that is there. Keys may be written in brackets,
  // with or without quotes.
  int LineOf(const std::string& path) const;
  // A string at a JSON pointer; "" where there is none.
  std::string Text(const std::string& pointer) const;
};

// All documents of a file but empty ones. The error's message begins with "file:line: ".
base::Result<std::vector<Manifest>> ReadManifests(const std::string& file, const std::string& yaml);

}  // namespace kubectl_disagg
