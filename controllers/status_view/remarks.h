#pragma once

// What stands under the tree: refusals, problems with their remedies, what this user may not see.
// Pure.

#include <string>
#include <vector>

#include "controllers/status_view/facts.h"
#include "controllers/status_view/grid.h"
#include "controllers/status_view/status_fields.h"

namespace disagg::status_view {

// One cell for each line, in the order of urgency; empty when all is well.
std::vector<Row> Remarks(const Facts& facts, const StatusFields& status);

}  // namespace disagg::status_view
