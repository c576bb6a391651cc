#pragma once

// What differs from router to router: its own pods, and what workers need to be found by it.
// Stateless and pure.

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/render/pod_parts.h"
#include "controllers/render/template.h"

namespace disagg::render {

class RouterRenderer {
 public:
  virtual ~RouterRenderer() = default;

  // Of its own pods.
  virtual nlohmann::json Template(const TemplateContext& context, const ModelInputs& model,
                                  const ContractInputs& contract,
                                  const RouterInputs& router) const = 0;
  // It chooses by what workers hold in their KV caches. `args`: the user's, normalised.
  virtual bool FollowsCaches(const api::Args& args) const = 0;

  // Variables of an engine's container. One that does not register belongs to a replica that does.
  virtual std::vector<api::EnvVar> WorkerEnv(const TemplateContext& context,
                                             bool registers) const = 0;
  // Of workers that register.
  virtual std::vector<NamedPort> WorkerPorts() const = 0;
  // {"startupProbe", "readinessProbe", "livenessProbe", "lifecycle"} of an engine's container.
  virtual nlohmann::json WorkerLifecycle(int startup_timeout_seconds) const = 0;
  // From deletion to SIGKILL.
  virtual int WorkerGraceSeconds(int drain_seconds) const = 0;

  // Of the Service of the workers, by which it finds their slices; and the port that it reads.
  virtual std::map<std::string, std::string> DiscoveryLabels() const = 0;
  virtual NamedPort DiscoveryPort() const = 0;
};

const RouterRenderer& RouterOf(api::RouterType type);

}  // namespace disagg::render
