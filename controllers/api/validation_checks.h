#pragma once

// The rules by topic. Each adds what it finds; none depends on another's result. Internal to
// validation. Pure.

#include <string>
#include <vector>

#include "controllers/api/resolution.h"
#include "controllers/api/types.h"

namespace disagg::api {

using Errors = std::vector<FieldError>;

// metadata.name: the names of all children are made from it.
void CheckName(const DisaggDeployment& deployment, Errors* errors);

// Texts and numbers that stand for themselves: names, images, seconds, ports.
void CheckFields(const DeploymentSpec& spec, Errors* errors);

// One of the precisions that the API knows.
bool IsPrecision(const std::string& text);

// Which roles there are, and how many replicas of each.
void CheckRoles(const DeploymentSpec& spec, Errors* errors);

// CPU, memory and shared memory of a role.
void CheckResources(const DeploymentSpec& spec, Errors* errors);

// Widths that the engine cannot express.
void CheckParallelism(const DeploymentSpec& spec, Errors* errors);

// GPUs, precision and network against AcceleratorClass and ServingModel.
void CheckHardware(const DeploymentSpec& spec, const Resolution& resolution, Errors* errors);

// Kinds, sizes, spellings and typed fields of all arguments.
void CheckArgs(const DeploymentSpec& spec, Errors* errors);

// Names of environment variables.
void CheckEnv(const DeploymentSpec& spec, Errors* errors);

// What templates lay over pods.
void CheckPodTemplates(const DeploymentSpec& spec, const Resolution& resolution, Errors* errors);

// Which labels and annotations pods inherit, and how much that is.
void CheckInherited(const DisaggDeployment& deployment, Errors* errors);

// How much text every revision and pod has to hold.
void CheckSize(const DeploymentSpec& spec, const Resolution& resolution, Errors* errors);

// What prefill and decode must share to exchange KV blocks.
void CheckAgreement(const DeploymentSpec& spec, Errors* errors);

}  // namespace disagg::api
