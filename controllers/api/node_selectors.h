#pragma once

// Labels that nodes must have, from several places. Internal to api. Pure.

#include <map>
#include <string>

#include "controllers/api/types.h"

namespace disagg::api {

// What a class's nodes have: its architecture is one of their labels.
std::map<std::string, std::string> NodesOf(const AcceleratorClass& type);

// A key to which two selectors give different values; nothing when one node can satisfy both.
std::string Contradiction(const std::map<std::string, std::string>& a, const std::string& whose_a,
                          const std::map<std::string, std::string>& b, const std::string& whose_b);

}  // namespace disagg::api
