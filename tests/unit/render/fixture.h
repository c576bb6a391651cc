#pragma once

// The seed's deployment as values, for tests of rendering: 2 prefill of 2 GPUs and 1 decode of 8 on
// b200.

#include <string>

#include <nlohmann/json.hpp>

#include "controllers/api/resolution.h"
#include "controllers/render/objects.h"
#include "controllers/render/revision.h"

namespace disagg::render {

struct Fixture {
  api::DisaggDeployment deployment;
  api::ServingModel model;
  api::AcceleratorClass accelerator;

  api::RoleSpec& prefill() { return deployment.spec.roles[api::RoleName::kPrefill]; }
  api::RoleSpec& decode() { return deployment.spec.roles[api::RoleName::kDecode]; }

  // One aggregated role instead of the two.
  void Aggregate();

  api::Resolution Resolve() const;
  Revision Make(const Revision* previous = nullptr) const;
  // Of a first revision.
  nlohmann::json Worker(api::RoleName role) const;
  nlohmann::json Router() const;
};

Fixture Seed();

api::ArgValue Text(const std::string& text);
api::ArgValue Flag(bool on);

// The single container of a template or pod.
const nlohmann::json& ContainerOf(const nlohmann::json& pod);

// The value of a variable: text, or the JSON of its source; "<none>" where there is none.
std::string EnvOf(const nlohmann::json& pod, const std::string& name);

// The word after a flag; "" where the flag stands alone or last, "<none>" where there is none.
std::string FlagOf(const nlohmann::json& pod, const std::string& flag);

}  // namespace disagg::render
