#pragma once

// Internal to resolution; NearNames is its public face.

#include <string>
#include <vector>

namespace disagg::api {

// All that are near, best first.
std::vector<std::string> AllNearNames(const std::string& wrong,
                                      const std::vector<std::string>& known);

}  // namespace disagg::api
