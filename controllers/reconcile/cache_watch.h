#pragma once

// Wakes every deployment when a cache is no longer live, or is again: what they show depends on it,
// and no event tells of it.

#include <functional>
#include <set>
#include <string>

#include "controllers/reconcile/caches.h"
#include "operator/runtime/controller.h"

namespace disagg::reconcile {

class CacheWatch {
 public:
  // `caches` outlives this.
  CacheWatch(const Caches& caches, std::function<void()> wake_all)
      : caches_(caches), wake_all_(std::move(wake_all)) {}

  // Every few seconds, from one thread at a time.
  runtime::ReconcileResult Check();

 private:
  const Caches& caches_;
  const std::function<void()> wake_all_;
  std::set<std::string> not_live_;
};

}  // namespace disagg::reconcile
