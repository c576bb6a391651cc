#pragma once

// Internal to api; NearNames is its public face.

#include <string>
#include <string_view>
#include <vector>

namespace disagg::api {

// All that are near, best first.
std::vector<std::string> AllNearNames(const std::string& wrong,
                                      const std::vector<std::string>& known);

// Damerau-Levenshtein: insertions, deletions, replacements and swaps of neighbours, each
// counting 1.
int EditDistance(std::string_view a, std::string_view b);

}  // namespace disagg::api
