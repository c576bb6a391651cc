#include "controllers/api/resolution.h"

#include <algorithm>

#include "controllers/api/decode.h"
#include "controllers/api/messages.h"
#include "controllers/api/near_names.h"
#include "controllers/api/node_selectors.h"

namespace disagg::api {
namespace {

constexpr std::size_t kMostSuggestions = 3;
constexpr char kModelPath[] = "spec.model.ref";
constexpr char kAskPlatform[] = "; ask the platform team to correct it";

using Labels = std::map<std::string, std::string>;

// Every name that a namespace may use, and whose it is.
std::map<std::string, std::string> UsableNames(const Catalogue& catalogue, const Labels& labels) {
  std::map<std::string, std::string> owners;
  for (const auto& model : catalogue.models) {
    if (!model->allowed_namespaces.Matches(labels)) continue;
    owners.insert_or_assign(model->meta.name, model->meta.name);
    for (const std::string& alias : model->aliases) {
      const auto owner = FindModel(catalogue, alias);
      if (owner && owner->meta.name == model->meta.name) owners.emplace(alias, model->meta.name);
    }
  }
  return owners;
}

// `"nvidia/X" (ServingModel x)`, of each model the nearest name only.
std::vector<std::string> Suggestions(const std::string& wrong,
                                     const std::map<std::string, std::string>& owners) {
  std::vector<std::string> names;
  names.reserve(owners.size());
  for (const auto& [name, owner] : owners) names.push_back(name);
  std::vector<std::string> suggestions, named;
  for (const std::string& name : AllNearNames(wrong, names)) {
    const std::string& owner = owners.at(name);
    if (std::find(named.begin(), named.end(), owner) != named.end()) continue;
    named.push_back(owner);
    const std::string whose = name == owner ? "" : " (ServingModel " + owner + ")";
    suggestions.push_back(Quoted(name) + whose);
    if (suggestions.size() == kMostSuggestions) break;
  }
  return suggestions;
}

FieldError ModelNotFound(const std::string& ref, const Catalogue& catalogue, const Labels& labels) {
  const auto owners = UsableNames(catalogue, labels);
  const auto suggestions = Suggestions(ref, owners);
  std::string what = "no ServingModel has this name or alias; ";
  if (!suggestions.empty()) {
    what += "did you mean " + Listed(suggestions, "or") + "?";
  } else if (catalogue.models.empty() && catalogue.of_files) {
    what += "the files hold none; add the file of the ServingModel, or check against a cluster";
  } else if (owners.empty()) {
    what += "this namespace may use none at all; ask the platform team for one";
  } else {
    std::vector<std::string> models;
    for (const auto& [name, owner] : owners) {
      if (name == owner) models.push_back(name);
    }
    what += "this namespace may use " + Listed(models, "or");
  }
  return ErrorOf(kModelPath, ref, what, "ModelNotFound");
}

void ResolveModel(const DisaggDeployment& deployment, const Catalogue& catalogue,
                  const Labels& labels, Resolution* resolution) {
  const std::string& ref = deployment.spec.model_ref;
  const auto model = FindModel(catalogue, ref);
  if (!model) {
    resolution->errors.push_back(ModelNotFound(ref, catalogue, labels));
  } else if (!DecodeErrorOf(model->meta).empty()) {
    resolution->errors.push_back(ErrorOf(kModelPath, ref,
                                         "ServingModel " + model->meta.name + " cannot be read: " +
                                             DecodeErrorOf(model->meta) + kAskPlatform,
                                         "ModelInvalid"));
  } else if (!model->allowed_namespaces.Matches(labels)) {
    resolution->errors.push_back(ErrorOf(
        kModelPath, ref,
        "ServingModel " + model->meta.name + " is not for namespace " +
            deployment.meta.namespace_name +
            ", whose labels its allowedNamespaces does not select; use another model, or ask "
            "the platform team to admit this namespace",
        "ModelNotAllowed"));
  } else {
    resolution->model = model;
  }
  resolution->served_name = deployment.spec.served_name;
  if (!resolution->model || !resolution->served_name.empty()) return;
  for (const std::string* name : {&model->served_name, &model->repository, &model->meta.name}) {
    if (resolution->served_name.empty()) resolution->served_name = *name;
  }
}

std::shared_ptr<const AcceleratorClass> FindClass(const Catalogue& catalogue,
                                                  const std::string& name) {
  const auto it = std::find_if(catalogue.classes.begin(), catalogue.classes.end(),
                               [&](const auto& type) { return type->meta.name == name; });
  return it == catalogue.classes.end() ? nullptr : *it;
}

FieldError ClassNotFound(const std::string& path, const std::string& name,
                         const Catalogue& catalogue) {
  std::vector<std::string> known;
  known.reserve(catalogue.classes.size());
  for (const auto& type : catalogue.classes) known.push_back(type->meta.name);
  std::sort(known.begin(), known.end());
  std::vector<std::string> near = NearNames(name, known);
  for (std::string& text : near) text = Quoted(text);
  std::string what = "no AcceleratorClass has this name; ";
  if (!near.empty()) {
    what += "did you mean " + Listed(near, "or") + "?";
  } else if (known.empty()) {
    what += catalogue.of_files
                ? "the files hold none; add the file of the AcceleratorClass, or check against a "
                  "cluster"
                : "there is none in this cluster; ask the platform team for one";
  } else {
    what += (catalogue.of_files ? "the files hold " : "this cluster has ") + Listed(known);
  }
  return ErrorOf(path, name, what, "AcceleratorNotFound");
}

bool IsFor(const ModelArtifact& artifact, const std::string& accelerator) {
  const auto& names = artifact.accelerators;
  return names.empty() || std::find(names.begin(), names.end(), accelerator) != names.end();
}

FieldError ArtifactNotFound(const std::string& path, const std::string& accelerator,
                            const ServingModel& model) {
  std::vector<std::string> staged;
  for (const ModelArtifact& artifact : model.artifacts) {
    staged.insert(staged.end(), artifact.accelerators.begin(), artifact.accelerators.end());
  }
  std::sort(staged.begin(), staged.end());
  staged.erase(std::unique(staged.begin(), staged.end()), staged.end());
  const std::string has =
      staged.empty() ? "has no weights anywhere" : "has weights for " + Listed(staged) + " only";
  const std::string fix = staged.empty() ? "" : "use " + Listed(staged, "or") + ", or ";
  return ErrorOf(path, accelerator,
                 "ServingModel " + model.meta.name + " " + has + "; " + fix +
                     "ask the platform team for an artifact of it for " + accelerator,
                 "ArtifactNotFound");
}

// The one field that an artifact of its type cannot do without.
const std::string& Place(const ModelArtifact& artifact) {
  switch (artifact.type) {
    case ArtifactType::kPersistentVolumeClaim:
      return artifact.claim_name;
    case ArtifactType::kImage:
      return artifact.reference;
    default:
      return artifact.path;
  }
}

// Null when there is none; that has been told then.
const ModelArtifact* FindArtifact(const std::string& path, const std::string& accelerator,
                                  const ServingModel& model, std::vector<FieldError>* errors) {
  const auto artifact =
      std::find_if(model.artifacts.begin(), model.artifacts.end(),
                   [&](const ModelArtifact& item) { return IsFor(item, accelerator); });
  if (artifact == model.artifacts.end()) {
    errors->push_back(ArtifactNotFound(path, accelerator, model));
    return nullptr;
  }
  if (Place(*artifact).empty()) {
    const auto index = std::to_string(artifact - model.artifacts.begin());
    errors->push_back(ErrorOf(path, accelerator,
                              "ServingModel " + model.meta.name + " has a spec.artifacts[" + index +
                                  "] without path, claimName or reference" + kAskPlatform,
                              "ModelInvalid"));
    return nullptr;
  }
  return &*artifact;
}

void CheckSelectors(const DeploymentSpec& spec, RoleName role, const ResolvedRole& resolved,
                    Resolution* resolution) {
  std::vector<FieldError>* errors = &resolution->errors;
  const std::string class_text = "AcceleratorClass " + resolved.accelerator->meta.name;
  const std::string model_text =
      resolution->model ? "the weights of ServingModel " + resolution->model->meta.name : "";
  const Labels class_labels = NodesOf(*resolved.accelerator);
  const std::string inside =
      Contradiction(class_labels, class_text, resolved.artifact.node_selector, model_text);
  if (!inside.empty()) {
    errors->push_back(ErrorOf(AcceleratorPath(spec, role), AcceleratorName(spec, role),
                              inside + "; use another class, or ask the platform team",
                              "NodeSelectorConflict"));
  }
  for (const auto& [selector, whose] : {std::pair(&class_labels, class_text),
                                        std::pair(&resolved.artifact.node_selector, model_text)}) {
    const std::string outside = Contradiction(spec.placement.node_selector, "it", *selector, whose);
    if (outside.empty()) continue;
    errors->push_back(ErrorAt("spec.placement.nodeSelector", outside + "; remove the key here",
                              "NodeSelectorConflict"));
  }
}

void ResolveRole(const DeploymentSpec& spec, RoleName role, const Catalogue& catalogue,
                 Resolution* resolution) {
  const std::string path = AcceleratorPath(spec, role);
  const std::string& name = AcceleratorName(spec, role);
  ResolvedRole resolved{.accelerator = FindClass(catalogue, name), .artifact = {}};
  if (!resolved.accelerator) {
    resolution->errors.push_back(ClassNotFound(path, name, catalogue));
    return;
  }
  const std::string& undecodable = DecodeErrorOf(resolved.accelerator->meta);
  if (!undecodable.empty()) {
    resolution->errors.push_back(ErrorOf(
        path, name, "AcceleratorClass " + name + " cannot be read: " + undecodable + kAskPlatform,
        "AcceleratorInvalid"));
    return;
  }
  if (resolution->model) {
    const auto* artifact = FindArtifact(path, name, *resolution->model, &resolution->errors);
    if (artifact != nullptr) resolved.artifact = *artifact;
  }
  CheckSelectors(spec, role, resolved, resolution);
  resolution->roles.emplace(role, std::move(resolved));
}

// Two roles of one class have the same complaints.
void DropRepeated(std::vector<FieldError>* errors) {
  std::vector<FieldError> kept;
  for (FieldError& error : *errors) {
    const bool told = std::any_of(kept.begin(), kept.end(), [&](const FieldError& other) {
      return other.message == error.message;
    });
    if (!told) kept.push_back(std::move(error));
  }
  *errors = std::move(kept);
}

}  // namespace

Resolution Resolve(const DisaggDeployment& deployment, const Catalogue& catalogue,
                   const std::map<std::string, std::string>& namespace_labels) {
  Resolution resolution;
  ResolveModel(deployment, catalogue, namespace_labels, &resolution);
  for (const auto& [role, spec] : deployment.spec.roles) {
    ResolveRole(deployment.spec, role, catalogue, &resolution);
  }
  DropRepeated(&resolution.errors);
  return resolution;
}

}  // namespace disagg::api
