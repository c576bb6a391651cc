#pragma once

// What router and workers have in common. Variables without which they do not meet are refused in a
// spec: dynamo_facts.cc lists them all. Pure.

#include <vector>

#include "controllers/render/template.h"

namespace disagg::render {

inline constexpr int kSystemPort = 9090;  // health, metrics, the model card's files
inline constexpr int kRpcPort = 9091;     // requests from the router
inline constexpr int kStreamPort = 9092;  // of the router: answers from workers
inline constexpr int kHttpPort = 8000;    // of the router: clients

// A delete withdraws the instance within 0.2 s; the sleep lets routers learn of it before SIGTERM.
inline constexpr int kPreStopSeconds = 3;
// Between the end of the drain and SIGKILL.
inline constexpr int kExitSeconds = 5;

std::vector<api::EnvVar> DynamoIdentityEnv(const TemplateContext& context);

}  // namespace disagg::render
