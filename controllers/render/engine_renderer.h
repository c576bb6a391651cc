#pragma once

// What differs from engine to engine in a worker's pod; worker_template.cc does the rest. Stateless
// and pure.

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/render/pod_parts.h"
#include "controllers/render/template.h"

namespace disagg::render {

// Pods of a replica that have one template in common.
enum class RankKind {
  kRank,      // all of them: of a replica of one pod, or where each is an engine of its own
  kLeader,    // rank 0 of one engine over several nodes
  kFollower,  // its other ranks: they compute for the leader, and nothing asks them for anything
};

// Everything one template is made from.
struct WorkerView {
  const TemplateContext& context;
  const ModelInputs& model;
  const ContractInputs& contract;
  const RoleInputs& role;
  RankKind kind = RankKind::kRank;

  // KV blocks leave or enter this worker.
  bool transfers_kv() const { return contract.disaggregated(); }
  int nodes() const { return role.accelerator.nodes; }
  // Routers find it, and probes ask it.
  bool registers() const { return kind != RankKind::kFollower; }
};

// Variables that RenderPod sets in each pod of several; arguments refer to them.
inline constexpr char kLeaderAddress[] = "DISAGG_LEADER_ADDRESS";
inline constexpr char kRank[] = "DISAGG_RANK";
inline constexpr char kDataStartRank[] = "DISAGG_DATA_START_RANK";

class EngineRenderer {
 public:
  virtual ~EngineRenderer() = default;

  // app.kubernetes.io/name.
  virtual const char* Name() const = 0;
  virtual std::vector<std::string> Command(const WorkerView& worker) const = 0;
  // False: the command stands alone, without flags and without the user's arguments.
  virtual bool TakesArguments(const WorkerView& worker) const = 0;
  // KV blocks outlive their request. `args`: merged, normalised.
  virtual bool CachesPrefixes(const api::Args& args) const = 0;
  // Flags of typed fields; the user's arguments follow them.
  virtual std::vector<std::string> Flags(const WorkerView& worker) const = 0;
  // Of a replica over several nodes: each of its pods is an engine of its own to the router. False:
  // rank 0 alone is, and the others follow it.
  virtual bool RegistersEveryRank(const WorkerView& worker) const = 0;
  // Variables whose value in a pod is the number here times its rank.
  virtual std::map<std::string, int> Steps(const WorkerView& worker) const = 0;
  // Class and user may override what api/reserved_env.h does not list.
  virtual std::vector<api::EnvVar> Env(const WorkerView& worker) const = 0;
  // Beside those that its router reads.
  virtual std::vector<NamedPort> Ports(const WorkerView& worker) const = 0;
  virtual nlohmann::json PodSecurity(const WorkerView& worker) const = 0;
  virtual nlohmann::json ContainerSecurity(const WorkerView& worker) const = 0;
  // Bound of /tmp, where HOME and every cache of compiled code lie.
  virtual std::string ScratchSize() const = 0;
};

const EngineRenderer& EngineOf(api::EngineType type);

}  // namespace disagg::render
