#include "operator/cmd/kubectl-disagg/cluster_reader.h"

#include "operator/kube/item_decoder.h"
#include "operator/kube/list_decoder.h"
#include "operator/kube/page_size.h"
#include "operator/kube/status_error.h"

namespace kubectl_disagg {
namespace {

using base::ErrorCode;

constexpr int kPageSize = 500;

base::Error Unreadable(const std::string& what) {
  return base::MakeError(
      ErrorCode::kProtocol, "NotKubernetes",
      what + " answers with something else than a Kubernetes object; is it an API server?");
}

std::string PageTarget(const kube::Resource& resource, const Query& query, int limit,
                       const std::string& token) {
  std::string target =
      kube::Path(resource, query.namespace_name) + "?limit=" + std::to_string(limit);
  if (!query.label_selector.empty()) {
    target += "&labelSelector=" + kube::EncodeQuery(query.label_selector);
  }
  if (!token.empty()) target += "&continue=" + kube::EncodeQuery(token);
  return target;
}

}  // namespace

base::Result<kube::ObjectPtr> ClusterReader::Get(const kube::Resource& resource,
                                                 const kube::ObjectKey& key,
                                                 const kube::Decoder& decoder) {
  const auto body = Read(resource, kube::Path(resource, key.namespace_name, key.name));
  if (!body) return body.error();
  kube::JsonParser parser;
  auto object = kube::DecodeItem(*body, decoder, parser);
  if (!object) return Unreadable(where_);
  return object;
}

base::Result<std::vector<kube::ObjectPtr>> ClusterReader::List(const kube::Resource& resource,
                                                               const Query& query,
                                                               const kube::Decoder& decoder) {
  std::vector<kube::ObjectPtr> objects;
  std::string token;
  kube::PageSize size(kPageSize);
  while (true) {
    const auto body = Read(resource, PageTarget(resource, query, size.limit(), token));
    if (!body && body.error().code == ErrorCode::kTooLarge && size.Shrink()) continue;
    if (!body) return body.error();
    auto page = kube::DecodeList(*body, decoder);
    if (!page) return page.error();
    size.Took(body->size());
    objects.insert(objects.end(), page->items.begin(), page->items.end());
    token = page->continue_token;
    if (token.empty()) return objects;
  }
}

base::Result<std::string> ClusterReader::Read(const kube::Resource& resource, std::string target) {
  transport::Request request;
  request.target = std::move(target);
  request.headers = {{"Accept", "application/json"}};
  auto response = transport::SendAndWait(transport_, std::move(request));
  if (!response) return Explain(resource, response.error());
  if (response->status == 200) return std::move(response->body);
  return Explain(resource, kube::ErrorFromResponse(response->status, response->body,
                                                   response->Header("Retry-After")));
}

base::Error ClusterReader::Explain(const kube::Resource& resource, base::Error error) const {
  switch (error.code) {
    case ErrorCode::kConnection:
    case ErrorCode::kTimeout:
      error.message = "cannot reach " + where_ + ": " + error.message +
                      "; check address and network, or choose another --context";
      break;
    case ErrorCode::kUnauthorized:
      error.message = where_ + " does not accept the credentials: " + error.message +
                      "; log in again, or choose another --context";
      break;
    case ErrorCode::kForbidden:
      error.message += "; ask for get and list on " + resource.ToString();
      break;
    default:
      error.message = where_ + ": " + error.message;
  }
  return error;
}

}  // namespace kubectl_disagg
