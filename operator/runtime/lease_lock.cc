#include "operator/runtime/lease_lock.h"

#include <algorithm>
#include <utility>

#include "operator/kube/resource.h"
#include "operator/runtime/api_request.h"
#include "operator/runtime/micro_time.h"

namespace runtime {
namespace {

using nlohmann::json;
using transport::Method;

constexpr char kJson[] = "application/json";

std::string Text(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t Number(const json& object, const char* field, std::int64_t absent) {
  const auto found = object.find(field);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : absent;
}

// Of a Lease, or an empty object.
json SpecOf(const json& lease) {
  if (!lease.is_object()) return json::object();
  const auto found = lease.find("spec");
  return found != lease.end() && found->is_object() ? *found : json::object();
}

// Somebody else was first: not an error.
bool LostRace(Method method, const base::Error& error) {
  if (method == Method::kPost) return error.code == base::ErrorCode::kAlreadyExists;
  return error.code == base::ErrorCode::kConflict || error.code == base::ErrorCode::kNotFound;
}

}  // namespace

LeaseLock::LeaseLock(transport::Transport& transport, const base::Clock& clock,
                     LeaseOptions options)
    : transport_(transport),
      clock_(clock),
      options_(std::move(options)),
      seen_changed_(clock.Steady()),
      valid_until_(clock.Steady()) {}

base::Result<bool> LeaseLock::TryAcquireOrRenew() {
  const bool ours = certain_ && lease_.is_object() && holder_ == options_.identity &&
                    clock_.Steady() < valid_until_;
  if (!ours) return ReadAndTake();
  const base::Status renewed = Write(Method::kPut, Claim(), clock_.Steady());
  if (renewed) return true;
  if (LostRace(Method::kPut, renewed.error())) {
    return ReadAndTake();  // somebody has changed it: see what it is now
  }
  return renewed.error();
}

base::Result<bool> LeaseLock::ReadAndTake() {
  transport::Request request;
  request.target = kube::Path(kube::kLeases, options_.namespace_name, options_.name);
  request.headers = {{"Accept", kJson}};
  request.total_timeout = options_.timings.renew_deadline / 2;
  auto body = ReadBody(transport::SendAndWait(transport_, std::move(request)));
  if (body) {
    if (auto seen = Observe(*body); !seen) return seen.error();
  } else if (body.error().code == base::ErrorCode::kNotFound) {
    // Its deletion stops nobody who leads: that one may have renewed it up to now.
    if (!std::exchange(missing_, true)) seen_changed_ = clock_.Steady();
    const bool others_may_have_led = held_ && clock_.Steady() >= valid_until_;
    if (HeldByOther() || others_may_have_led) return false;
    lease_ = nullptr;
    holder_.clear();
  } else {
    return body.error();
  }
  // Whoever has it from us in the meantime may have written; what we know is no longer the newest,
  // also when it is free again.
  if (held_ && !lease_.is_null() && holder_ != options_.identity) return false;
  if (HeldByOther()) return false;
  const Method method = lease_.is_null() ? Method::kPost : Method::kPut;
  const base::Status taken = Write(method, Claim(), clock_.Steady());
  if (taken) return true;
  // Ours a moment ago, not there, and there: somebody is wrong, and the next look tells who.
  const bool contradiction = held_ && method == Method::kPost;
  if (LostRace(method, taken.error()) && !contradiction) return false;
  return taken.error();
}

base::Status LeaseLock::Release() {
  if (holder_ != options_.identity || clock_.Steady() >= valid_until_) return {};
  json lease = Claim();
  lease["spec"]["holderIdentity"] = "";
  lease["spec"]["leaseDurationSeconds"] = 1;
  valid_until_ = clock_.Steady();
  base::Status released = Write(Method::kPut, lease, valid_until_ - options_.timings.duration);
  holder_.clear();
  return released;
}

base::Status LeaseLock::Write(Method method, const json& lease, base::SteadyTime sent) {
  transport::Request request;
  request.method = method;
  request.target = kube::Path(kube::kLeases, options_.namespace_name,
                              method == Method::kPost ? "" : options_.name);
  request.headers = {{"Accept", kJson}, {"Content-Type", kJson}};
  request.body = lease.dump();
  request.total_timeout = options_.timings.renew_deadline / 2;
  // Until a Lease is read again, the version that we know is no base for the next write.
  certain_ = false;
  auto body = ReadBody(transport::SendAndWait(transport_, std::move(request)));
  if (!body) return body.error();
  if (auto seen = Observe(*body); !seen) return seen;
  valid_until_ = sent + options_.timings.duration;
  held_ = true;
  return {};
}

base::Status LeaseLock::Observe(const std::string& body) {
  json lease = json::parse(body, nullptr, false);
  if (!lease.is_object() || Text(lease, "kind") != kube::kLeases.kind) {
    return base::MakeError(base::ErrorCode::kProtocol, "InvalidLease",
                           "the API server's answer is not a Lease");
  }
  if (SpecOf(lease) != SpecOf(lease_)) seen_changed_ = clock_.Steady();
  holder_ = Text(SpecOf(lease), "holderIdentity");
  lease_ = std::move(lease);
  missing_ = false;
  certain_ = true;
  return {};
}

bool LeaseLock::HeldByOther() const {
  if (holder_.empty() || holder_ == options_.identity) return false;
  const auto ours = std::chrono::floor<std::chrono::seconds>(options_.timings.duration).count();
  const std::chrono::seconds promised(Number(SpecOf(lease_), "leaseDurationSeconds", ours));
  return clock_.Steady() < seen_changed_ + promised;
}

// The Lease as it becomes when we hold it; what others have put into it stays.
json LeaseLock::Claim() const {
  const std::string now = FormatMicroTime(clock_.Now());
  json lease = lease_;
  if (!lease.is_object()) {
    lease = {{"apiVersion", kube::kLeases.ApiVersion()},
             {"kind", kube::kLeases.kind},
             {"metadata", {{"name", options_.name}, {"namespace", options_.namespace_name}}}};
  }
  json spec = SpecOf(lease);
  if (holder_ != options_.identity) {
    spec["acquireTime"] = now;
    spec["leaseTransitions"] = lease_.is_null() ? 0 : Number(spec, "leaseTransitions", 0) + 1;
  }
  spec["holderIdentity"] = options_.identity;
  spec["leaseDurationSeconds"] = std::max<std::int64_t>(
      1, std::chrono::ceil<std::chrono::seconds>(options_.timings.duration).count());
  spec["renewTime"] = now;
  lease["spec"] = std::move(spec);
  return lease;
}

}  // namespace runtime
