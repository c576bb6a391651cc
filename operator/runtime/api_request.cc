#include "operator/runtime/api_request.h"

#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "operator/kube/json_fields.h"
#include "operator/kube/json_parser.h"
#include "operator/kube/status_error.h"
#include "operator/runtime/timings.h"

namespace runtime {
namespace {

using transport::Method;

constexpr char kJson[] = "application/json";
// JSON is YAML.
constexpr char kApplyPatch[] = "application/apply-patch+yaml";
constexpr char kMetadataList[] = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
constexpr char kMergePatch[] = "application/merge-patch+json";

std::string Query(const WriteRequest& write, const std::string& field_manager) {
  std::string query = "?timeout=" + std::to_string(kServerWriteTimeout.count()) + "s";
  if (write.verb == Verb::kDelete) return query;
  query += "&fieldManager=" + kube::EncodeQuery(field_manager) + "&fieldValidation=Strict";
  if (write.verb == Verb::kDryRunCreate) query += "&dryRun=All";
  if (write.verb == Verb::kApply && write.force) query += "&force=true";
  return query;
}

// Background: the garbage collector removes what depends on the object; nothing waits for it.
std::string DeleteOptions(const WriteRequest& write) {
  nlohmann::json options = {
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Background"}};
  if (!write.precondition_uid.empty()) options["preconditions"]["uid"] = write.precondition_uid;
  if (!write.precondition_version.empty()) {
    options["preconditions"]["resourceVersion"] = write.precondition_version;
  }
  if (write.grace_seconds) options["gracePeriodSeconds"] = *write.grace_seconds;
  return options.dump();
}

Method MethodOf(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
    case Verb::kDryRunCreate:
      return Method::kPost;
    case Verb::kApply:
    case Verb::kMergePatch:
      return Method::kPatch;
    case Verb::kDelete:
      return Method::kDelete;
  }
  return Method::kPost;
}

const char* ContentTypeOf(Verb verb) {
  if (verb == Verb::kApply) return kApplyPatch;
  return verb == Verb::kMergePatch ? kMergePatch : kJson;
}

std::string ControllerUid(const kube::Json& metadata) {
  std::string uid;
  kube::ForEachElement(metadata, "ownerReferences", [&](const kube::Json& owner) {
    if (kube::BooleanField(owner, "controller")) uid = kube::TextField(owner, "uid");
  });
  return uid;
}

std::map<std::string, std::string> Labels(const kube::Json& metadata) {
  std::map<std::string, std::string> labels;
  kube::ForEachMember(metadata, "labels", [&](std::string_view key, const kube::Json& value) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) labels.emplace(key, text);
  });
  return labels;
}

// An object that is being deleted is there until its grace period has passed and its finalizers are
// taken away; with neither (a pod that was never bound) the answer is what it last was.
bool StillThere(const kube::Json& metadata) {
  if (kube::TextField(metadata, "deletionTimestamp").empty()) return false;
  bool held = false;
  kube::ForEachElement(metadata, "finalizers", [&](const kube::Json&) { held = true; });
  return held || kube::IntegerField(metadata, "deletionGracePeriodSeconds") > 0;
}

// Some proxy's page, or a server of another kind.
base::Error NotAnObject(const std::string& what) {
  base::Error error = base::MakeError(base::ErrorCode::kProtocol, "InvalidAnswer",
                                      "the answer to " + what + " is not an object");
  error.outcome_unknown = true;  // it said 2xx, so it was probably carried out
  return error;
}

base::Result<WriteResult> ParseObject(const std::string& body, Verb verb) {
  kube::JsonParser parser;
  const auto parsed = parser.Parse(body);
  if (!parsed) return NotAnObject("a write");
  const kube::Json object = *parsed;
  kube::Json metadata;
  WriteResult result;
  // A delete is answered with a Status when the object was removed at once, for some kinds with the
  // object as it last was.
  result.gone = verb == Verb::kDelete;
  if (verb == Verb::kDelete && kube::TextField(object, "kind") == "Status") return result;
  const bool has_metadata = object["metadata"].get(metadata) == simdjson::SUCCESS;
  // Of a dry run nothing is read but that it succeeded.
  if (verb == Verb::kDryRunCreate && !has_metadata) return result;
  if (has_metadata) result.uid = kube::TextField(metadata, "uid");
  if (result.uid.empty() && verb != Verb::kDryRunCreate) return NotAnObject("a write");
  result.resource_version = kube::TextField(metadata, "resourceVersion");
  result.controller_uid = ControllerUid(metadata);
  result.labels = Labels(metadata);
  if (verb == Verb::kDelete && StillThere(metadata)) result.gone = false;
  return result;
}

}  // namespace

transport::Request MakeGet(const kube::Resource& resource, const kube::ObjectKey& key) {
  transport::Request request;
  request.method = Method::kGet;
  request.target = kube::Path(resource, key.namespace_name, key.name);
  request.headers = {{"Accept", kJson}};
  request.total_timeout = kReadTimeout;
  return request;
}

transport::Request MakeMetadataList(const kube::Resource& resource, const MetadataQuery& query) {
  transport::Request request;
  request.method = Method::kGet;
  request.target = kube::Path(resource, "") + "?limit=" + std::to_string(query.limit) +
                   "&labelSelector=" + kube::EncodeQuery(query.label_selector);
  if (!query.continue_token.empty()) {
    request.target += "&continue=" + kube::EncodeQuery(query.continue_token);
  }
  request.headers = {{"Accept", kMetadataList}};
  request.total_timeout = kReadTimeout;
  return request;
}

transport::Request MakeWrite(const WriteRequest& write, const std::string& field_manager) {
  const bool on_collection = write.verb == Verb::kCreate || write.verb == Verb::kDryRunCreate;
  transport::Request request;
  request.method = MethodOf(write.verb);
  request.target = kube::Path(write.resource, write.key.namespace_name,
                              on_collection ? "" : write.key.name, write.subresource) +
                   Query(write, field_manager);
  request.headers = {{"Accept", kJson}, {"Content-Type", ContentTypeOf(write.verb)}};
  request.body = write.verb == Verb::kDelete ? DeleteOptions(write) : write.body;
  request.total_timeout = kWriteTimeout;
  return request;
}

base::Result<std::string> ReadBody(base::Result<transport::Response> answer) {
  if (!answer) return answer.error();
  if (answer->status >= 200 && answer->status < 300) return std::move(answer->body);
  return kube::ErrorFromResponse(answer->status, answer->body, answer->Header("Retry-After"));
}

base::Result<std::string> ReadObject(base::Result<std::string> body, const std::string& name) {
  if (!body) return body;
  kube::JsonParser parser;
  const auto object = parser.Parse(*body);
  kube::Json metadata;
  if (!object || (*object)["metadata"].get(metadata) != simdjson::SUCCESS ||
      kube::TextField(metadata, "name") != name || kube::TextField(metadata, "uid").empty()) {
    return NotAnObject("a GET");
  }
  return body;
}

base::Result<WriteResult> ReadWriteAnswer(const base::Result<transport::Response>& answer,
                                          Verb verb) {
  if (!answer) return answer.error();
  if (answer->status >= 200 && answer->status < 300) return ParseObject(answer->body, verb);
  base::Error error =
      kube::ErrorFromResponse(answer->status, answer->body, answer->Header("Retry-After"));
  // The store may have taken the write when the answer got lost between it, the server and a proxy.
  const bool too_large = error.code == base::ErrorCode::kTooLarge;
  error.outcome_unknown = answer->status >= 500 && !too_large;
  // It is refused for as long as the object is what it is, and it is large.
  if (too_large) error.retry_after = kTooLargeRetry;
  return error;
}

std::string ToString(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "create";
    case Verb::kApply:
      return "apply";
    case Verb::kMergePatch:
      return "patch";
    case Verb::kDelete:
      return "delete";
    case Verb::kDryRunCreate:
      return "dry-run";
  }
  return "";
}

}  // namespace runtime
