#include "controllers/reconcile/cache_watch.h"

namespace disagg::reconcile {
namespace {

constexpr std::chrono::seconds kInterval{5};

}  // namespace

runtime::ReconcileResult CacheWatch::Check() {
  std::set<std::string> not_live;
  for (const Caches::Cache& cache : caches_.all) {
    if (!cache.objects->live()) not_live.insert(cache.resource.ToString());
  }
  if (not_live != not_live_) wake_all_();
  not_live_ = std::move(not_live);
  return {std::nullopt, kInterval, false};
}

}  // namespace disagg::reconcile
