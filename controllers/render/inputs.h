#pragma once

// What a revision is made from, as values: the relevant part of a spec and what its names resolved
// to. Renderers see nothing else, so nothing can reach a pod without being hashed. Pure.
//
// JSON forms are in inputs_json.h. What equals its default is left out there.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/resolution.h"
#include "controllers/api/types.h"

namespace disagg::render {

// Of the spec alone: `ref` and, where the user gave one, `served_name`. Resolved: the other three.
struct ModelInputs {
  std::string ref;
  std::string repository, revision, served_name;
};

// What prefill and decode must share.
struct ContractInputs {
  api::EngineType engine = api::kDefaultEngine;
  api::RouterType router = api::kDefaultRouter;  // workers register with it
  std::string image;
  std::string precision;
  api::KvBackend kv_backend = api::KvBackend::kRdma;
  // Merged arguments that are not local to a role. A role without any is still here: the set of
  // roles is part of the contract.
  std::map<api::RoleName, api::Args> args;

  bool disaggregated() const { return !args.contains(api::RoleName::kAggregated); }
};

// Common to all pods of a deployment.
struct PodInputs {
  std::string image_pull_policy;
  std::vector<std::string> image_pull_secrets;
  std::string service_account;  // the user's; empty: one of our own
  api::PlacementSpec placement;
  int drain_seconds = 0;
  std::string restart_token;
};

// What an AcceleratorClass gives to one role's pods: only what takes effect there, so that a change
// of anything else announces no update.
struct AcceleratorInputs {
  std::map<std::string, std::string> node_selector;
  std::vector<std::string> tolerations;
  std::string gpu_resource;
  std::optional<api::RdmaSpec> rdma;  // only where it is used: api/rdma.h
  std::string architecture;
  std::string cpu_per_gpu, memory_per_gpu, shared_memory;  // empty where the role says its own
  std::map<std::string, std::string> annotations;
  std::vector<api::EnvVar> env;  // with the whole-node variables where the pod takes a whole node
  int nodes = 1;                 // of one replica; its pods, one on each
  api::SecurityProfile security = api::SecurityProfile::kNone;
};

struct RoleInputs {
  api::RoleName role = api::RoleName::kPrefill;
  std::string accelerator_name;
  api::Parallelism parallelism;
  api::Args args;  // merged arguments that are local to the role
  std::vector<api::EnvVar> env;
  std::vector<std::string> env_from;
  api::ResourceRequests resources;
  api::PodTemplate pod_template;
  int startup_timeout_seconds = 0;
  bool kv_events = false;  // the router follows the KV caches of this role
  PodInputs pod;

  // Resolved.
  AcceleratorInputs accelerator;
  api::ModelArtifact artifact;
  int epoch = 0;

  int gpus_per_pod() const { return parallelism.gpus() / accelerator.nodes; }
  // Data-parallel ranks of one pod, where each fits a node.
  int data_per_pod() const { return parallelism.data / accelerator.nodes; }
};

struct RouterInputs {
  std::string image;  // empty: the contract's
  api::Args args;     // normalised, with our defaults
  std::vector<api::EnvVar> env;
  api::PodTemplate pod_template;
  PodInputs pod;

  // Resolved: where the router runs the engine's image it needs the engine's kind of node.
  std::string architecture;
  int epoch = 0;
};

struct Inputs {
  ModelInputs model;
  ContractInputs contract;
  std::map<api::RoleName, RoleInputs> roles;
  RouterInputs router;
};

// The spec's own part.
Inputs SpecInputs(const api::DisaggDeployment& deployment);

// Fills in what class and model say, and the render epoch. Parts that were not found stay empty.
void ResolveInputs(const api::DisaggDeployment& deployment, const api::Resolution& resolution,
                   Inputs* inputs);

}  // namespace disagg::render
