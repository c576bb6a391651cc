#pragma once

// Why a pass does not do what somebody might expect of it. Every branch that decides not to act
// leaves one; `kubectl disagg explain` prints them, and status shows the first.

#include <string>

namespace disagg::planning {

struct Explanation {
  std::string item;      // "decode-0", or the deployment's name
  std::string decision;  // "keeps the older revision"
  std::string because;   // "the role is not complete, 1 of 2 ready"; empty: the decision says it

  friend bool operator==(const Explanation&, const Explanation&) = default;
};

// "decode-0 keeps the older revision: the role is not complete, 1 of 2 ready"
std::string ToString(const Explanation& explanation);

}  // namespace disagg::planning
