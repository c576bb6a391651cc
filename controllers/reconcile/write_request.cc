#include "controllers/reconcile/write_request.h"

#include <nlohmann/json.hpp>

namespace disagg::reconcile {
namespace {

using planning::Verb;
using planning::Write;

runtime::Verb ToRuntime(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return runtime::Verb::kCreate;
    case Verb::kApply:
      return runtime::Verb::kApply;
    case Verb::kMergePatch:
      return runtime::Verb::kMergePatch;
    case Verb::kDelete:
      return runtime::Verb::kDelete;
    case Verb::kDryRun:
      return runtime::Verb::kDryRunCreate;
  }
  return runtime::Verb::kCreate;
}

}  // namespace

runtime::WriteRequest ToRequest(const Write& write, const kube::ObjectMeta& owner) {
  runtime::WriteRequest request;
  request.verb = ToRuntime(write.verb);
  request.resource = write.resource;
  request.key = write.key;
  request.flow = owner.key().ToString();
  if (write.verb == Verb::kDelete) {
    request.precondition_uid = write.uid;
    request.grace_seconds = write.grace_seconds;
    return request;
  }
  request.keep_answer = write.verb == Verb::kCreate && write.resource == kube::kControllerRevisions;
  nlohmann::json body = write.body;
  // With the UID of the cached object an apply can neither make a second object nor take over
  // somebody else's.
  if (!write.uid.empty()) body["metadata"]["uid"] = write.uid;
  request.force = write.verb == Verb::kApply && !write.uid.empty();
  // What others wrote into an object may not be UTF-8.
  request.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return request;
}

}  // namespace disagg::reconcile
