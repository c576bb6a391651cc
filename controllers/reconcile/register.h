#pragma once

// Puts the domain onto the machine: caches, controllers, what wakes them. Called once, before
// Manager::Run.

#include <memory>

#include "controllers/planning/snapshot.h"
#include "operator/base/clock.h"
#include "operator/runtime/manager.h"

namespace disagg::reconcile {

struct Options {
  planning::Settings settings;
  int workers = 64;
};

// What was registered; outlives Manager::Run.
class Domain {
 public:
  virtual ~Domain() = default;
};

std::unique_ptr<Domain> Register(runtime::Manager& manager, const base::Clock& clock,
                                 const Options& options);

}  // namespace disagg::reconcile
