#include "controllers/planning/model_planner.h"

#include <algorithm>

#include "controllers/planning/conditions.h"

namespace disagg::planning {

ModelStatus PlanModelStatus(const api::Catalogue& catalogue, const api::ServingModel& model,
                            std::int64_t now) {
  const auto conflicts = api::ConflictingAliases(catalogue, model);
  ConditionSet conditions(model.conditions, model.meta.generation, now);
  if (conflicts.empty()) {
    conditions.Set("Accepted", true, "Accepted", "every name of this entry is its own");
  } else {
    const auto owner = api::FindModel(catalogue, conflicts[0]);
    conditions.Set("Accepted", false, "AliasConflict",
                   "spec.aliases \"" + conflicts[0] + "\": belongs to the older ServingModel " +
                       (owner ? owner->meta.name : "") +
                       ", which keeps it; remove it here or there");
  }
  const api::Condition* now_accepted = conditions.Find("Accepted");
  const bool same = std::any_of(
      model.conditions.begin(), model.conditions.end(), [&](const api::Condition& before) {
        return before.type == "Accepted" && before.status == now_accepted->status &&
               before.reason == now_accepted->reason && before.message == now_accepted->message &&
               before.observed_generation == now_accepted->observed_generation;
      });
  return {{{"conditions", conditions.ToJson()}}, !same};
}

}  // namespace disagg::planning
