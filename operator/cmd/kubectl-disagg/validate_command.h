#pragma once

// `kubectl disagg validate -f FILE...`.

#include <string>
#include <vector>

#include "operator/cmd/kubectl-disagg/cluster_reader.h"
#include "operator/cmd/kubectl-disagg/session.h"

namespace kubectl_disagg {

struct ValidateOptions {
  std::vector<std::string> files;  // "-": standard input; a folder: its *.yaml, *.yml and *.json
  bool recursive = false;          // and those of its sub-folders
  std::string namespace_name;      // of manifests that name none
};

// `cluster` null: the catalogue is what the files hold. kOk when every object is valid.
ExitCode RunValidate(ClusterReader* cluster, const ValidateOptions& options, Session& session);

}  // namespace kubectl_disagg
