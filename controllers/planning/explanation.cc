#include "controllers/planning/explanation.h"

namespace disagg::planning {

std::string ToString(const Explanation& explanation) {
  const std::string decision = explanation.item + " " + explanation.decision;
  return explanation.because.empty() ? decision : decision + ": " + explanation.because;
}

}  // namespace disagg::planning
