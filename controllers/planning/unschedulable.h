#pragma once

// Why a pod finds no node, the cause first and in the operator's words: which resource is missing
// on which nodes, and what to do. Pure; the same message for the same cluster in every pass.

#include <string>

#include "controllers/api/resolution.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

// What follows the slot's name, e.g. " finds no node: the freest node of class b200 (b200-2) has 4
// of 8 nvidia.com/gpu free; ...". `role` is "router" for a router's pod, which is of no class.
std::string ExplainUnschedulable(const Snapshot& snapshot, const api::Resolution& resolution,
                                 const kube::Pod& pod, const std::string& role);

}  // namespace disagg::planning
