#include "controllers/reconcile/lost_sweep.h"

#include <algorithm>

#include "controllers/api/labels.h"
#include "controllers/reconcile/live_object.h"
#include "operator/kube/list_decoder.h"
#include "operator/kube/page_size.h"

namespace disagg::reconcile {
namespace {

constexpr std::chrono::minutes kInterval{10};
constexpr int kPageSize = 500;

}  // namespace

runtime::ReconcileResult LostSweep::Sweep(const kube::ObjectKey& resource) {
  const auto cache =
      std::find_if(caches_.children.begin(), caches_.children.end(),
                   [&](const auto& child) { return child.resource.ToString() == resource.name; });
  if (cache == caches_.children.end()) return {};
  if (auto swept = SweepAll(cache->resource); !swept) return {swept.error(), std::nullopt, false};
  if (cache->resource == kube::kPods) PodsAreKnown();
  return {std::nullopt, kInterval, false};
}

bool LostSweep::KnowsPods(const kube::ObjectKey& asker) {
  base::MutexLock lock(mutex_);
  if (!knows_pods_) askers_.insert(asker);
  return knows_pods_;
}

void LostSweep::PodsAreKnown() {
  std::set<kube::ObjectKey> askers;
  {
    base::MutexLock lock(mutex_);
    knows_pods_ = true;
    askers.swap(askers_);
  }
  for (const kube::ObjectKey& asker : askers) wake_(asker);
}

void LostSweep::Restart() {
  base::MutexLock lock(mutex_);
  knows_pods_ = false;
}

base::Status LostSweep::SweepAll(const kube::Resource& resource) {
  const kube::Decoder decoder = kube::MetadataDecoder({{"disagg.dev/"}});
  runtime::MetadataQuery query{std::string("!") + api::kLabelDeployment, "", kPageSize};
  kube::PageSize size(kPageSize);
  for (;;) {
    query.limit = size.limit();
    const auto page = client_.ListMetadata(resource, query);
    if (!page && page.error().code == base::ErrorCode::kTooLarge && size.Shrink()) continue;
    if (!page) return page.error();
    const auto list = kube::DecodeList(*page, decoder);
    if (!list) return list.error();
    for (const auto& object : list->items) Suspect(resource, object->meta);
    if (list->continue_token.empty()) return {};
    query.continue_token = list->continue_token;
  }
}

void LostSweep::Suspect(const kube::Resource& resource, const kube::ObjectMeta& meta) {
  if (!IsOfDeployment(meta)) return;
  const kube::ObjectKey owner{meta.namespace_name, meta.controller_name};
  const auto deployment = caches_.deployments.Get(owner);
  if (deployment == nullptr || deployment->meta.uid != meta.controller_uid.get()) return;
  lost_.Suspect(meta.controller_uid, resource, meta.key(), meta.uid);
  wake_(owner);
}

}  // namespace disagg::reconcile
