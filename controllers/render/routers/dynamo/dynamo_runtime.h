#pragma once

// What every process of the Dynamo runtime needs, engine or router: how they find each other, their
// ports, health and drain. Settings as measured with Dynamo 1.6.0 in pods. Pure.

#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/render/template.h"

namespace disagg::render {

inline constexpr int kSystemPort = 9090;  // health, metrics, the model card's files
inline constexpr int kRpcPort = 9091;     // requests from the router
inline constexpr int kStreamPort = 9092;  // of the router: answers from workers
inline constexpr int kHttpPort = 8000;    // of the router: clients

// A delete withdraws the instance within 0.2 s; the sleep lets routers learn of it before SIGTERM.
inline constexpr int kPreStopSeconds = 3;

// Variables without which the parts of a deployment do not meet; api/reserved_env.h lists them all.
std::vector<api::EnvVar> DynamoIdentityEnv(const TemplateContext& context);
std::vector<api::EnvVar> DynamoWorkerEnv(const TemplateContext& context);

// {"startupProbe", "readinessProbe", "livenessProbe", "lifecycle"} of an engine's container.
nlohmann::json DynamoWorkerLifecycle(int startup_timeout_seconds);

// From deletion to SIGKILL.
int DynamoWorkerGraceSeconds(int drain_seconds);
int DynamoRouterGraceSeconds(int drain_seconds);

}  // namespace disagg::render
