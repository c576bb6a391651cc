#include "operator/cmd/kubectl-disagg/manifest_checker.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "controllers/api/validation.h"
#include "controllers/api/warnings.h"
#include "controllers/planning/role_counts.h"
#include "operator/base/clock.h"
#include "operator/cmd/kubectl-disagg/schema.h"

namespace kubectl_disagg {
namespace {

namespace api = disagg::api;
using nlohmann::json;
using Errors = std::vector<api::FieldError>;

bool Is(const Manifest& manifest, const kube::Resource& resource) {
  return manifest.Text("/kind") == resource.kind;
}

// What must be right before an object can be decoded.
Errors CheckEnvelope(const Manifest& manifest) {
  const std::string version = manifest.Text("/apiVersion");
  if (version != api::kApiVersion) {
    return {{"apiVersion", "apiVersion \"" + version + "\": must be " + api::kApiVersion}};
  }
  if (manifest.Text("/metadata/name").empty()) {
    return {{"metadata.name", "metadata.name: must be set"}};
  }
  return {};
}

// With what only the API server adds.
std::string AsStored(const Manifest& manifest, const std::string& namespace_name,
                     std::int64_t creation_time) {
  json object = manifest.object;
  json& meta = object["metadata"];
  meta["uid"] = manifest.file;
  meta["resourceVersion"] = "0";
  meta["creationTimestamp"] = base::FormatTime(creation_time);
  if (!namespace_name.empty()) meta["namespace"] = namespace_name;
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

// "spec.x: must be ...": the decoder's messages begin with the path.
api::FieldError FromDecoder(const base::Error& error) {
  return {error.message.substr(0, error.message.find(':')), error.message};
}

void Append(Errors&& more, Errors* errors) {
  errors->insert(errors->end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

}  // namespace

ManifestChecker::ManifestChecker(api::Catalogue catalogue, std::string namespace_name,
                                 std::int64_t now)
    : catalogue_(std::move(catalogue)), namespace_(std::move(namespace_name)), now_(now) {}

void ManifestChecker::AddToCatalogue(const Manifest& manifest) {
  if (Is(manifest, api::kServingModels)) {
    AddEntry(manifest, &api::DecodeServingModel, &catalogue_.models);
  }
  if (Is(manifest, api::kAcceleratorClasses)) {
    AddEntry(manifest, &api::DecodeAcceleratorClass, &catalogue_.classes);
  }
}

// Takes the place of the cluster's entry of this name, as an apply would: with its age, which
// decides who owns an alias.
template <typename T>
void ManifestChecker::AddEntry(const Manifest& manifest,
                               base::Result<std::shared_ptr<const T>> (*decode)(const std::string&),
                               std::vector<std::shared_ptr<const T>>* entries) {
  Errors errors = CheckEnvelope(manifest);
  if (!errors.empty()) return Report(manifest, errors, "");
  Append(FindUnknownFields(manifest.object), &errors);
  const auto existing = std::find_if(entries->begin(), entries->end(), [&](const auto& entry) {
    return entry->meta.name == manifest.Text("/metadata/name");
  });
  const std::int64_t created = existing == entries->end() ? now_ : (*existing)->meta.creation_time;
  auto decoded = decode(AsStored(manifest, "", created));
  if (!decoded) {
    errors.push_back(FromDecoder(decoded.error()));
  } else if (existing == entries->end()) {
    entries->push_back(*decoded);
  } else {
    *existing = *decoded;
  }
  Report(manifest, errors, "");
}

void ManifestChecker::AddNamespace(const std::string& name,
                                   std::map<std::string, std::string> labels) {
  namespace_labels_[name] = std::move(labels);
}

std::string ManifestChecker::NamespaceOf(const Manifest& manifest) const {
  const std::string named = manifest.Text("/metadata/namespace");
  return named.empty() ? namespace_ : named;
}

void ManifestChecker::Check(const Manifest& manifest) {
  if (!Is(manifest, api::kDisaggDeployments)) return;
  Errors errors = CheckEnvelope(manifest);
  if (!errors.empty()) return Report(manifest, errors, "");
  Append(FindUnknownFields(manifest.object), &errors);
  const std::string namespace_name = NamespaceOf(manifest);
  const auto deployment = api::DecodeDisaggDeployment(AsStored(manifest, namespace_name, now_));
  if (!deployment) {
    errors.push_back(FromDecoder(deployment.error()));
    return Report(manifest, errors, "");
  }
  auto labels = namespace_labels_[namespace_name];
  labels.emplace("kubernetes.io/metadata.name", namespace_name);  // every namespace has it
  Append(api::Validate(**deployment, api::Resolve(**deployment, catalogue_, labels)), &errors);
  Report(manifest, errors, disagg::planning::LongTopology(**deployment));
  Add(manifest, api::FindWarnings((*deployment)->spec), Finding::Kind::kWarning);
}

void ManifestChecker::Report(const Manifest& manifest, const Errors& errors,
                             const std::string& when_valid) {
  Add(manifest, errors, Finding::Kind::kError);
  if (!errors.empty()) return;
  std::string name = manifest.Text("/metadata/name");
  if (Is(manifest, api::kDisaggDeployments)) name = NamespaceOf(manifest) + "/" + name;
  findings_.push_back({manifest.file, manifest.LineOf(""),
                       manifest.Text("/kind") + " " + name + " is valid" +
                           (when_valid.empty() ? "" : ": " + when_valid),
                       Finding::Kind::kValid});
}

// In the order of the lines.
void ManifestChecker::Add(const Manifest& manifest, const Errors& found, Finding::Kind kind) {
  std::vector<Finding> findings;
  for (const api::FieldError& error : found) {
    findings.push_back({manifest.file, manifest.LineOf(error.path), error.message, kind});
  }
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.line < b.line; });
  std::move(findings.begin(), findings.end(), std::back_inserter(findings_));
}

}  // namespace kubectl_disagg
