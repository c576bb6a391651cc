#pragma once

// What people read when a write could not do what it was for: the object, why, and what to do.
// Pure.

#include <string>

#include "controllers/planning/plan.h"
#include "controllers/reconcile/live_object.h"
#include "operator/base/result.h"

namespace disagg::reconcile {

// A deletion that was answered `answer`, of an object that is still there.
base::Error NotDeleted(const planning::Write& write, const base::Error& answer);

// Written, and stored without the label by which our watches select.
base::Error LabelRemoved(const planning::Write& write);

// Why the name of a write cannot be used; only for what is not ours.
base::Error InTheWay(const planning::Write& write, Standing standing);

// What to do about a refusal that everybody meets, as a clause that begins with "; ", or nothing.
std::string RemedyFor(const base::Error& refusal, const std::string& namespace_name);

}  // namespace disagg::reconcile
