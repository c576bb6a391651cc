#include "operator/runtime/reflector_requests.h"

#include <utility>

#include "operator/kube/resource.h"
#include "operator/runtime/api_request.h"

namespace runtime {
namespace {

constexpr char kJson[] = "application/json";
// Plain JSON, i.e. whole objects, from a server that cannot cut them down: the decoder reads the
// metadata of either.
constexpr char kMetadata[] =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
constexpr char kMetadataList[] =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

std::string Selector(const WatchSpec& spec) {
  return spec.label_selector.empty() ? ""
                                     : "&labelSelector=" + kube::EncodeQuery(spec.label_selector);
}

}  // namespace

transport::Request MakeList(const WatchSpec& spec, const ReflectorOptions& options,
                            const ReflectorAction& page) {
  transport::Request request;
  request.target = kube::Path(spec.resource, spec.namespace_name) +
                   "?limit=" + std::to_string(page.limit) + Selector(spec);
  if (!page.continue_token.empty()) {
    request.target += "&continue=" + kube::EncodeQuery(page.continue_token);
  }
  const bool metadata = spec.metadata_only || page.without_contents;
  request.headers = {{"Accept", metadata ? kMetadataList : kJson}};
  request.total_timeout = options.timings.request;
  return request;
}

base::Result<std::string> ReadList(base::Result<transport::Response> answer) {
  // An API server numbers whatever it answers, also for an aggregated one, which it answers with
  // 503 while that cannot be reached. The body says less: "404 page not found" is everybody's.
  const bool numbered = answer.ok() && !answer->Header("Audit-Id").empty();
  auto body = ReadBody(std::move(answer));
  if (body || !numbered || body.error().code != base::ErrorCode::kNotFound) return body;
  base::Error error = body.error();
  error.reason = kNotServed;
  return error;
}

transport::Request MakeWatch(const WatchSpec& spec, const ReflectorOptions& options,
                             const std::string& resource_version, std::chrono::seconds duration) {
  transport::Request request;
  request.target = kube::Path(spec.resource, spec.namespace_name) +
                   "?watch=true&allowWatchBookmarks=true&resourceVersion=" +
                   kube::EncodeQuery(resource_version) +
                   "&timeoutSeconds=" + std::to_string(duration.count()) + Selector(spec);
  request.headers = {{"Accept", spec.metadata_only ? kMetadata : kJson}};
  request.total_timeout = options.timings.request;
  request.idle_timeout = options.timings.idle;
  return request;
}

}  // namespace runtime
