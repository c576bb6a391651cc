#pragma once

// What `validate` finds in manifests: the rules of controllers/api and unknown fields. Pure.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controllers/api/resolution.h"
#include "controllers/api/types.h"
#include "operator/base/result.h"
#include "operator/cmd/kubectl-disagg/manifest.h"

namespace kubectl_disagg {

struct Finding {
  std::string file;
  int line = 0;
  std::string message;
  // kValid: the message says that an object has no errors.
  enum class Kind { kError, kWarning, kValid };
  Kind kind = Kind::kError;
};

class ManifestChecker {
 public:
  // `catalogue` is the cluster's; empty without one. `namespace_name` is that of manifests which
  // name none. `now`: Unix seconds.
  ManifestChecker(disagg::api::Catalogue catalogue, std::string namespace_name, std::int64_t now);

  // ServingModels and AcceleratorClasses of all manifests come first: a deployment may name what is
  // applied with it.
  void AddToCatalogue(const Manifest& manifest);
  void AddNamespace(const std::string& name, std::map<std::string, std::string> labels);

  // Of a DisaggDeployment; nothing for other kinds.
  void Check(const Manifest& manifest);

  // In which namespace a manifest's object is.
  std::string NamespaceOf(const Manifest& manifest) const;

  // In the order of the calls.
  const std::vector<Finding>& findings() const { return findings_; }

 private:
  template <typename T>
  void AddEntry(const Manifest& manifest,
                base::Result<std::shared_ptr<const T>> (*decode)(const std::string&),
                std::vector<std::shared_ptr<const T>>* entries);
  void Report(const Manifest& manifest, const std::vector<disagg::api::FieldError>& errors,
              const std::string& when_valid);
  void Add(const Manifest& manifest, const std::vector<disagg::api::FieldError>& found,
           Finding::Kind kind);

  disagg::api::Catalogue catalogue_;
  const std::string namespace_;
  const std::int64_t now_;
  std::map<std::string, std::map<std::string, std::string>> namespace_labels_;
  std::vector<Finding> findings_;
};

}  // namespace kubectl_disagg
