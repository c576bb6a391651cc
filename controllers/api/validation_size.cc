// One bound on what every revision and pod has to hold, so that each object that is written stays
// far below what etcd takes (1.5 MiB).
//
// A ControllerRevision holds the inputs and the rendered pods, so each text twice, and a third time
// where leader and followers of a role have templates of their own:
//   3 x 256 KiB + names, probes, labels (below 128 KiB) < 1 MiB
// A pod holds those of its role, once.

#include <algorithm>
#include <numeric>
#include <utility>

#include "controllers/api/engine_args.h"
#include "controllers/api/env.h"
#include "controllers/api/json_reader.h"
#include "controllers/api/messages.h"
#include "controllers/api/validation_checks.h"

namespace disagg::api {
namespace {

constexpr std::size_t kLargest = std::size_t{256} * 1024;

// A text as it stands in JSON: in quotes, with a comma behind it.
std::size_t SizeOf(const std::string& text) { return ToText(text).size() + 1; }

std::size_t SizeOf(const Args& args) {
  std::size_t size = 0;
  for (const std::string& word : ToCommandLine(args)) size += SizeOf(EscapeReferences(word));
  return size;
}

std::size_t SizeOf(const std::vector<EnvVar>& env) {
  constexpr std::size_t kKeys = sizeof(R"({"name":,"value":},)");
  std::size_t size = 0;
  for (const EnvVar& variable : env) {
    size += kKeys + SizeOf(variable.name) + SizeOf(variable.value) + variable.value_from.size();
  }
  return size;
}

std::size_t SizeOf(const std::map<std::string, std::string>& map) {
  std::size_t size = 0;
  for (const auto& [key, value] : map) size += SizeOf(key) + SizeOf(value);
  return size;
}

// JSON already.
std::size_t SizeOf(const std::vector<std::string>& fragments) {
  return std::accumulate(
      fragments.begin(), fragments.end(), std::size_t{0},
      [](std::size_t sum, const std::string& text) { return sum + text.size() + 1; });
}

std::size_t SizeOf(const PlacementSpec& placement) {
  return SizeOf(placement.node_selector) + SizeOf(placement.tolerations);
}

std::size_t SizeOf(const PodTemplate& pod_template) {
  return SizeOf(pod_template.labels) + SizeOf(pod_template.annotations) + pod_template.spec.size();
}

std::size_t SizeOf(const AcceleratorClass& type) {
  return SizeOf(type.node_selector) + SizeOf(type.tolerations) + SizeOf(type.annotations) +
         SizeOf(type.env) + SizeOf(type.whole_node_env);
}

struct Part {
  std::string path;
  std::size_t size;
};

// The engine's and the placement's are in the pods of every role.
std::vector<Part> PartsOf(const DeploymentSpec& spec, const Resolution& resolution) {
  const std::size_t roles = spec.roles.size();
  std::vector<Part> parts{
      {"spec.engine.args", roles * SizeOf(spec.engine_args)},
      {"spec.engine.env", roles * SizeOf(spec.engine_env)},
      {"spec.engine.envFrom", roles * SizeOf(spec.engine_env_from)},
      {"spec.router.args", SizeOf(spec.router.args)},
      {"spec.router.env", SizeOf(spec.router.env)},
      {"spec.router.podTemplate", SizeOf(spec.router.pod_template)},
      {"spec.placement", (roles + 1) * SizeOf(spec.placement)},
  };
  for (const auto& [name, role] : spec.roles) {
    parts.push_back({RolePath(name) + ".args", SizeOf(role.args)});
    parts.push_back({RolePath(name) + ".env", SizeOf(role.env)});
    parts.push_back({RolePath(name) + ".envFrom", SizeOf(role.env_from)});
    parts.push_back({RolePath(name) + ".podTemplate", SizeOf(role.pod_template)});
  }
  for (const auto& [name, role] : resolution.roles) {
    parts.push_back({AcceleratorPath(spec, name), SizeOf(*role.accelerator)});
    parts.push_back({"spec.model.ref", SizeOf(role.artifact.node_selector)});
  }
  return parts;
}

}  // namespace

void CheckSize(const DeploymentSpec& spec, const Resolution& resolution, Errors* errors) {
  const std::vector<Part> parts = PartsOf(spec, resolution);
  const std::size_t total =
      std::accumulate(parts.begin(), parts.end(), std::size_t{0},
                      [](std::size_t sum, const Part& part) { return sum + part.size; });
  if (total <= kLargest) return;
  const auto largest = std::max_element(
      parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.size < b.size; });
  errors->push_back(ErrorAt(
      largest->path,
      "has " + std::to_string(largest->size) + " of the " + std::to_string(total) +
          " bytes of JSON that arguments, variables, templates and placement of all roles and the "
          "router have together; at most 262144, because every revision keeps them; shorten it, or "
          "move "
          "it into the image or a ConfigMap (envFrom)"));
}

}  // namespace disagg::api
