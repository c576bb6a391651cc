#include "controllers/reconcile/status_writer.h"

#include <nlohmann/json.hpp>

#include "controllers/reconcile/live_object.h"

namespace disagg::reconcile {
namespace {

// That the object is gone is believed when a look at it agrees; then there is nobody to tell.
base::Status IsGone(runtime::Manager& manager, const kube::Resource& resource,
                    const kube::ObjectMeta& meta, const base::Error& answer) {
  if (answer.code != base::ErrorCode::kNotFound && answer.code != base::ErrorCode::kConflict) {
    return answer;
  }
  const auto live = manager.client().Get(resource, meta.key());
  if (live ? ReadLive(*live, meta).uid != meta.uid : SaysAbsent(live.error())) return {};
  return base::MakeError(base::ErrorCode::kConflict, answer.reason, answer.message);
}

}  // namespace

base::Status ApplyStatus(runtime::Manager& manager, const kube::Resource& resource,
                         const kube::ObjectMeta& meta, const nlohmann::json& status) {
  nlohmann::json metadata = {{"name", meta.name}, {"uid", meta.uid}};
  if (resource.namespaced) metadata["namespace"] = meta.namespace_name;
  const nlohmann::json body = {{"apiVersion", resource.ApiVersion()},
                               {"kind", resource.kind},
                               {"metadata", std::move(metadata)},
                               {"status", status}};
  runtime::WriteRequest request;
  request.verb = runtime::Verb::kApply;
  request.resource = resource;
  request.key = meta.key();
  request.subresource = "status";
  // A text that is not UTF-8 is no reason to write no status at all.
  request.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  request.force = true;
  request.flow = meta.key().ToString();
  auto written = manager.client().Write(request);
  if (!written) return IsGone(manager, resource, meta, written.error());
  manager.freshness().NoteWrite(meta.uid, resource, written->resource_version);
  return {};
}

}  // namespace disagg::reconcile
