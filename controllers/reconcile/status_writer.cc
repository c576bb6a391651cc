#include "controllers/reconcile/status_writer.h"

#include <nlohmann/json.hpp>

namespace disagg::reconcile {

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
  request.body = body.dump();
  request.force = true;
  auto written = manager.client().Write(request);
  if (!written) return written.error();
  manager.freshness().NoteWrite(meta.uid, resource, written->resource_version);
  return {};
}

}  // namespace disagg::reconcile
