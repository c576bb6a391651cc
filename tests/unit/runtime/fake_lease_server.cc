#include "tests/unit/runtime/fake_lease_server.h"

#include <utility>

namespace runtime {

using nlohmann::json;
using transport::Method;

FakeTransport::Answer FakeLeaseServer::Handle(const transport::Request& request) {
  std::lock_guard lock(mutex_);
  if (down_) return base::MakeError(base::ErrorCode::kConnection, "Refused", "connection refused");
  if (answer_all_) return *answer_all_;
  if (request.method == Method::kGet) {
    return lease_.is_null() ? Refusal(404, "NotFound") : Json(200, lease_.dump());
  }
  json wanted = json::parse(request.body);
  if (request.method == Method::kPost) {
    if (!lease_.is_null()) return Refusal(409, "AlreadyExists");
    return Store(std::move(wanted));
  }
  if (lease_.is_null()) return Refusal(404, "NotFound");
  if (wanted["metadata"]["resourceVersion"] != lease_["metadata"]["resourceVersion"]) {
    return Refusal(409, "Conflict");
  }
  return Store(std::move(wanted));
}

FakeTransport::Answer FakeLeaseServer::Store(json lease) {
  lease_ = std::move(lease);
  lease_["metadata"]["resourceVersion"] = std::to_string(++version_);
  ++writes_;
  if (std::exchange(lose_answer_, false)) {
    base::Error lost = base::MakeError(base::ErrorCode::kTimeout, "Timeout", "no answer");
    lost.outcome_unknown = true;
    return lost;
  }
  return Json(200, lease_.dump());
}

void FakeLeaseServer::SetDown(bool down) {
  std::lock_guard lock(mutex_);
  down_ = down;
}

void FakeLeaseServer::AnswerAll(std::optional<transport::Response> answer) {
  std::lock_guard lock(mutex_);
  answer_all_ = std::move(answer);
}

void FakeLeaseServer::LoseNextAnswer() {
  std::lock_guard lock(mutex_);
  lose_answer_ = true;
}

void FakeLeaseServer::Edit(const std::string& field, const json& value) {
  std::lock_guard lock(mutex_);
  lease_["spec"][field] = value;
  lease_["metadata"]["resourceVersion"] = std::to_string(++version_);
}

void FakeLeaseServer::Delete() {
  std::lock_guard lock(mutex_);
  lease_ = nullptr;
}

json FakeLeaseServer::lease() const {
  std::lock_guard lock(mutex_);
  return lease_;
}

json FakeLeaseServer::spec(const std::string& field) const {
  const json now = lease();
  return now.is_null() ? json() : now["spec"].value(field, json());
}

int FakeLeaseServer::writes() const {
  std::lock_guard lock(mutex_);
  return writes_;
}

}  // namespace runtime
