#pragma once

// Whether a status says something new, or only how far pods have come: while they are created,
// bound and started the counts change several times a second. Pure.

#include <nlohmann/json_fwd.hpp>

namespace disagg::planning {

// News are: what was accepted and is wanted, problems, and conditions that turn, but for those that
// only follow the pods (Scheduled, RouterReady). No news are counts, the columns and sentences that
// hold counts, and that the first spec was accepted: its pods are counted from then on. Both are
// statuses as the API server has them; an empty object is none.
bool IsNews(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace disagg::planning
