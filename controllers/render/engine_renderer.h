#pragma once

// What differs from engine to engine in a worker's pod; worker_template.cc does the rest. An engine
// is one folder under engines/ and one line in EngineOf. Stateless and pure.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/render/template.h"

namespace disagg::render {

// Everything one role's template is made from.
struct WorkerView {
  const TemplateContext& context;
  const ModelInputs& model;
  const ContractInputs& contract;
  const RoleInputs& role;

  // KV blocks leave or enter this worker.
  bool transfers_kv() const { return contract.disaggregated(); }
};

struct NamedPort {
  const char* name;
  int number;
};

class EngineRenderer {
 public:
  virtual ~EngineRenderer() = default;

  // app.kubernetes.io/name.
  virtual const char* Name() const = 0;
  virtual std::vector<std::string> Command() const = 0;
  // Flags of typed fields; the user's arguments follow them.
  virtual std::vector<std::string> Flags(const WorkerView& worker) const = 0;
  // Class and user may override what api/reserved_env.h does not list.
  virtual std::vector<api::EnvVar> Env(const WorkerView& worker) const = 0;
  // Beside those of the runtime.
  virtual std::vector<NamedPort> Ports(const WorkerView& worker) const = 0;
  virtual nlohmann::json PodSecurity(const WorkerView& worker) const = 0;
  virtual nlohmann::json ContainerSecurity(const WorkerView& worker) const = 0;
  // Bound of /tmp, where HOME and every cache of compiled code lie.
  virtual std::string ScratchSize() const = 0;
};

const EngineRenderer& EngineOf(api::EngineType type);

}  // namespace disagg::render
