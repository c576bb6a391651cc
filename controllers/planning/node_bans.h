#pragma once

// Nodes that a slot keeps away from: those on which its pods failed three times within an hour by
// the node's own fault (a device or a mount that is not there, not an eviction for our own limit).
//
//   fault 1, 2            noted on the successor
//   fault 3               the successor avoids the node: strictly where another node can take it
//                         now, else by preference, so that the last node that fits is never lost
//   an hour without one   forgotten
//
// A pod that waits for a node only because of a ban that has passed, or that no other node can
// satisfy any more, is made again without it.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/planning/snapshot.h"
#include "controllers/render/objects.h"
#include "operator/kube/object.h"

namespace disagg::planning {

inline constexpr int kFaultsThatBanANode = 3;
inline constexpr int kBanSeconds = 3600;

using NodeFaultMap = std::map<std::string, render::NodeFaults>;

// "b200-1=2@1795514400"; anything else is empty.
NodeFaultMap ParseFaults(const std::string& text);

// "b200-1,b200-3"
std::set<std::string> ParseNames(const std::string& text);

// Whether a failed pod failed by the fault of its node.
bool IsNodesFault(const kube::Pod& pod);

// `faults` less those of more than an hour ago.
NodeFaultMap Remembered(NodeFaultMap faults, std::int64_t now);

// With the fault of a pod that failed at `time`, if it was its node's.
NodeFaultMap FaultsWith(NodeFaultMap faults, const kube::Pod& failed, std::int64_t time);

// The nodes that are banned at `now`, and when the first of these bans passes.
std::set<std::string> BannedNodes(const NodeFaultMap& faults, std::int64_t now);
std::int64_t FirstBanEnd(const NodeFaultMap& faults, std::int64_t now);

// Whether a node outside of `banned` can take a pod with this spec now, as far as our caches tell.
// False while they tell nothing (Snapshot::capacity is empty).
bool AnotherNodeFits(const std::vector<NodeCapacity>& capacity, const nlohmann::json& spec,
                     const kube::Amounts& devices, const std::set<std::string>& banned);

// "avoids node b200-1, where it failed 3 times, until 2026-11-24T11:00:00Z; ..."
std::string BanClause(const NodeFaultMap& faults, std::int64_t now);

}  // namespace disagg::planning
