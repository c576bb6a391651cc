#include "operator/runtime/reflector_requests.h"

#include "operator/kube/resource.h"

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
