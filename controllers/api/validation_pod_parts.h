#pragma once

// What the checks of a pod template share. Each adds what it finds and looks only at what has the
// right type: that it has another one is told once. Internal to validation. Pure.

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "controllers/api/rdma.h"
#include "controllers/api/reserved_pod.h"
#include "controllers/api/validation_checks.h"

namespace disagg::api {

// One template and where it stands.
struct TemplatePlace {
  RoleName role = RoleName::kPrefill;
  std::string owner;                       // "spec.decode"
  const DeploymentSpec* spec = nullptr;    // never null
  const ResolvedRole* resolved = nullptr;  // null for a router, and where the class is unknown
  const ServingModel* model = nullptr;     // null where it is unknown

  // Widths of a worker's replica.
  Parallelism widths() const {
    return IsWorker(role) ? spec->roles.at(role).parallelism : Parallelism();
  }
  // Nodes of a replica; 1 where the class is unknown.
  int nodes() const {
    return resolved == nullptr ? 1 : widths().nodes(resolved->accelerator->gpus_per_node);
  }
  bool uses_rdma() const {
    return resolved != nullptr && UsesRdma(*spec, widths(), *resolved->accelerator);
  }
};

// "path.key", or "path["some.key/name"]" where the key is no plain word.
std::string FieldPath(const std::string& path, std::string_view key);
// A text without quotes, all else as JSON.
std::string ValueText(const nlohmann::json& value);

// `object[key]` where it is an object (or a list); null where it is absent or of another type,
// which is an error then.
const nlohmann::json* ObjectIn(const nlohmann::json& object, const char* key,
                               const std::string& path, Errors* errors);
const nlohmann::json* ListIn(const nlohmann::json& object, const char* key, const std::string& path,
                             Errors* errors);

void Refuse(const TemplatePlace& place, const ReservedField& reserved, const std::string& path,
            const nlohmann::json& value, Errors* errors);

// Keys of `object` that Kubernetes does not know and that are near to one it knows. What is near to
// none may be of a newer Kubernetes: the API server is asked before a pod is created.
void CheckSpelling(const nlohmann::json& object, std::span<const std::string_view> known,
                   const std::string& what, const std::string& path, Errors* errors);

// Every list of `object` that is merged by element: its elements have keys, each its own.
void CheckKeyedLists(const nlohmann::json& object, const std::string& path, Errors* errors);

// Containers and init containers of a pod's spec.
void CheckContainers(const TemplatePlace& place, const nlohmann::json& pod, const std::string& path,
                     Errors* errors);
// Requests and limits of one container. `own`: the operator's.
void CheckContainerResources(const TemplatePlace& place, bool own, const nlohmann::json& container,
                             const std::string& path, Errors* errors);
void CheckTemplateMetadata(const TemplatePlace& place, const std::string& path, Errors* errors);

}  // namespace disagg::api
