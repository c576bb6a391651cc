#pragma once

// Turns the names in a spec into the objects they mean: ServingModel, AcceleratorClass of each
// role, artifact. Pure.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/types.h"

namespace disagg::api {

// One thing that is wrong with an object: what, where, why, what to do. `path` is also the
// beginning of `message`.
struct FieldError {
  std::string path;  // "spec.decode.parallelism"
  // "spec.decode.parallelism: needs 1 x 1 x 12 x 1 = 12 GPUs; a b200 node has 8, ..."
  std::string message;
  // Of the condition Stalled: ModelNotFound, AcceleratorNotFound, InvalidSpec, ...
  std::string reason = "InvalidSpec";
};

// Everything cluster-wide that a spec can name.
struct Catalogue {
  std::vector<std::shared_ptr<const ServingModel>> models;
  std::vector<std::shared_ptr<const AcceleratorClass>> classes;
  // Whose they are, in messages: a check of files alone knows nothing of a cluster.
  bool of_files = false;
};

struct ResolvedRole {
  std::shared_ptr<const AcceleratorClass> accelerator;  // never null
  ModelArtifact artifact;  // with neither path, claim nor reference where none was found
};

struct Resolution {
  std::shared_ptr<const ServingModel> model;  // null when not found, or not for this namespace
  std::map<RoleName, ResolvedRole> roles;     // only roles whose class was found
  std::string served_name;
  std::vector<FieldError> errors;
};

// Which ServingModel owns a name: of several that claim an alias the oldest (creationTimestamp,
// then name). A ServingModel's own metadata.name always belongs to it.
std::shared_ptr<const ServingModel> FindModel(const Catalogue& catalogue, const std::string& ref);

// Aliases of `model` that another, older entry owns; empty: accepted.
std::vector<std::string> ConflictingAliases(const Catalogue& catalogue, const ServingModel& model);

// Names near to `wrong`, best first, at most three, by Damerau-Levenshtein distance of lower-cased
// text (at most a third of its length), by equality after dropping everything but letters and
// digits or the part before the last "/", or because one begins with the other.
std::vector<std::string> NearNames(const std::string& wrong, const std::vector<std::string>& known);

// `namespace_labels` decide which models the namespace may use; no other names are suggested.
Resolution Resolve(const DisaggDeployment& deployment, const Catalogue& catalogue,
                   const std::map<std::string, std::string>& namespace_labels);

}  // namespace disagg::api
