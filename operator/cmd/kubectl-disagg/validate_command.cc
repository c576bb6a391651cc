#include "operator/cmd/kubectl-disagg/validate_command.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "controllers/api/decode.h"
#include "controllers/api/types.h"
#include "operator/base/text.h"
#include "operator/cmd/kubectl-disagg/manifest.h"
#include "operator/cmd/kubectl-disagg/manifest_checker.h"

namespace kubectl_disagg {
namespace {

namespace api = disagg::api;
namespace fs = std::filesystem;

constexpr char kCannotRead[] = "CannotRead";

base::Error CannotRead(const std::string& file) {
  return base::MakeError(base::ErrorCode::kInvalid, kCannotRead,
                         file + ": cannot be read; does it exist?");
}

base::Error NothingToValidate() {
  return base::MakeError(base::ErrorCode::kInvalid, "NothingToValidate",
                         "the files hold no DisaggDeployment, ServingModel or AcceleratorClass; "
                         "-R looks into sub-folders, too");
}

bool HoldsManifests(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

template <typename Iterator>
std::vector<std::string> ManifestsIn(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> files;
  for (auto entry = Iterator(folder, error); entry != Iterator(); entry.increment(error)) {
    if (HoldsManifests(entry->path()) && !entry->is_directory(error)) {
      files.push_back(entry->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The files of a folder by name, as `kubectl apply -f` takes them; anything else is itself.
std::vector<std::string> Expand(const std::string& file, bool recursive) {
  std::error_code error;
  if (!fs::is_directory(file, error)) return {file};
  return recursive ? ManifestsIn<fs::recursive_directory_iterator>(file)
                   : ManifestsIn<fs::directory_iterator>(file);
}

std::optional<std::string> ReadFile(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (file != "-" && !stream) return std::nullopt;
  std::istream& input = file == "-" ? std::cin : stream;
  return std::string(std::istreambuf_iterator<char>(input), {});
}

base::Result<std::vector<Manifest>> ReadAll(const ValidateOptions& options) {
  std::vector<Manifest> all;
  for (const std::string& named : options.files) {
    for (const std::string& file : Expand(named, options.recursive)) {
      const auto yaml = ReadFile(file);
      if (!yaml) return CannotRead(file);
      auto manifests = ReadManifests(file == "-" ? "stdin" : file, *yaml);
      if (!manifests) return manifests.error();
      std::move(manifests->begin(), manifests->end(), std::back_inserter(all));
    }
  }
  return all;
}

base::Result<api::Catalogue> ReadCatalogue(ClusterReader& cluster) {
  auto models =
      cluster.ListOf<api::ServingModel>(api::kServingModels, {}, api::ServingModelDecoder());
  if (!models) return models.error();
  auto classes = cluster.ListOf<api::AcceleratorClass>(api::kAcceleratorClasses, {},
                                                       api::AcceleratorClassDecoder());
  if (!classes) return classes.error();
  return api::Catalogue{std::move(*models), std::move(*classes)};
}

// Labels decide which models a namespace may use. A namespace that is not there yet, or may not be
// read, has none but its name.
base::Status ReadNamespaces(ClusterReader& cluster, const std::vector<Manifest>& manifests,
                            ManifestChecker* checker) {
  std::set<std::string> names;
  for (const Manifest& manifest : manifests) {
    if (manifest.Text("/kind") == api::kDisaggDeployments.kind) {
      names.insert(checker->NamespaceOf(manifest));
    }
  }
  for (const std::string& name : names) {
    const auto found = cluster.Get(kube::kNamespaces, {"", name}, kube::MetadataDecoder({}));
    if (found) {
      checker->AddNamespace(name, (*found)->meta.labels.ToMap());
    } else if (found.error().code != base::ErrorCode::kForbidden &&
               found.error().code != base::ErrorCode::kNotFound) {
      return found.error();
    }
  }
  return {};
}

void AddNamespaceManifest(const Manifest& manifest, ManifestChecker* checker) {
  if (manifest.Text("/kind") != kube::kNamespaces.kind) return;
  std::map<std::string, std::string> labels;
  const nlohmann::json::json_pointer at("/metadata/labels");
  if (manifest.object.contains(at) && manifest.object.at(at).is_object()) {
    for (const auto& [key, value] : manifest.object.at(at).items()) {
      labels[key] = value.is_string() ? value : "";
    }
  }
  checker->AddNamespace(manifest.Text("/metadata/name"), std::move(labels));
}

// A checker that knows everything that the manifests can name.
base::Result<ManifestChecker> MakeChecker(ClusterReader* cluster,
                                          const std::vector<Manifest>& manifests,
                                          const ValidateOptions& options, std::int64_t now) {
  base::Result<api::Catalogue> catalogue = api::Catalogue();
  catalogue->of_files = cluster == nullptr;
  if (cluster != nullptr) catalogue = ReadCatalogue(*cluster);
  if (!catalogue) return catalogue.error();
  ManifestChecker checker(std::move(*catalogue), options.namespace_name, now);
  if (cluster != nullptr) {
    const auto read = ReadNamespaces(*cluster, manifests, &checker);
    if (!read) return read.error();
  }
  for (const Manifest& manifest : manifests) {
    AddNamespaceManifest(manifest, &checker);
    checker.AddToCatalogue(manifest);
  }
  return checker;
}

ExitCode Print(const std::vector<Finding>& findings, Session& session) {
  ExitCode code = kOk;
  for (const Finding& finding : findings) {
    const bool warning = finding.kind == Finding::Kind::kWarning;
    session.out << finding.file << ":" << finding.line << ": " << (warning ? "warning: " : "")
                << base::Printable(finding.message) << "\n";
    if (finding.kind == Finding::Kind::kError) code = kNegative;
  }
  return code;
}

}  // namespace

ExitCode RunValidate(ClusterReader* cluster, const ValidateOptions& options, Session& session) {
  const auto manifests = ReadAll(options);
  if (!manifests) {
    const ExitCode code = Fail(session, manifests.error());
    return manifests.error().reason == kCannotRead ? kUsage : code;
  }
  auto checker = MakeChecker(cluster, *manifests, options, session.now);
  if (!checker) {
    base::Error error = checker.error();
    error.message += "; or use --offline and add the files of the catalogue";
    return Fail(session, error);
  }
  for (const Manifest& manifest : *manifests) checker->Check(manifest);
  if (checker->findings().empty()) return Fail(session, NothingToValidate());
  const ExitCode code = Print(checker->findings(), session);
  if (code != kOk && cluster == nullptr) {
    session.err << "note: offline, only the ServingModels and AcceleratorClasses of these files "
                   "are known\n";
  }
  return code;
}

}  // namespace kubectl_disagg
