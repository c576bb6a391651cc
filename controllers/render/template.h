#pragma once

// Pod templates from inputs: what a ControllerRevision stores under `rendered`. A template is
// {"metadata": {"labels", "annotations"}, "spec"}; what differs from pod to pod is added by
// RenderPod. A replica over several nodes is one pod on each: its ranks, numbered through a list
//
//   [{"kind": "leader", "count": 1, "template"}, {"kind": "follower", "count": 3, "template"}]
//
// and "rank" is the kind where all ranks are alike. A template of several ranks may hold
// {"steps": {"DISAGG_DATA_START_RANK": 8}}: variables whose value is the step times the rank. Pure.
// Whoever changes what these functions return for the same inputs raises
// kRenderEpoch.

#include <string>

#include <nlohmann/json.hpp>

#include "controllers/render/inputs.h"

namespace disagg::render {

// Where a template belongs.
struct TemplateContext {
  std::string namespace_name;
  std::string deployment;
  std::string contract;  // its hash
};

// The list of a role's pods.
nlohmann::json RenderWorkerPods(const TemplateContext& context, const ModelInputs& model,
                                const ContractInputs& contract, const RoleInputs& role);

}  // namespace disagg::render
